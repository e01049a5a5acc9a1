/* A manifest in the older programs' JSON as the message that orders it. */
#ifndef COCOS_GATEWAY_CVMS_ORDER_JSON_H
#define COCOS_GATEWAY_CVMS_ORDER_JSON_H

#include "lib/base/buf.h"
#include "lib/json/json.h"

/* The bytes of a cvms.ComputationRunReq, appended; members that it does not know are passed over,
 * as they are by those programs. Errors: INPUT (a member of the wrong type), TOO_LARGE. */
MUST_USE int order_from_json(const struct json *manifest, struct buf *out, struct err *err);

#endif
