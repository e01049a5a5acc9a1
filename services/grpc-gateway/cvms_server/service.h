/* cvms.Service of the try-out server: takes the streams of machines, one thread that reads each and
 * one that writes. */
#ifndef COCOS_GATEWAY_CVMS_SERVER_SERVICE_H
#define COCOS_GATEWAY_CVMS_SERVER_SERVICE_H

#include "services/grpc-gateway/cvms_server/agents.h"
#include "services/grpc-gateway/grpc/server.h"

/* agents outlive the service. */
struct grpc_service cvms_service(struct agents *agents);

/* What a machine is told, as the bytes of a cvms.ServerStreamMessage, appended. Errors: TOO_LARGE.
 */
MUST_USE int cvms_say_stop(const char *computation, struct buf *out, struct err *err);
MUST_USE int cvms_say_ask_state(const char *id, struct buf *out, struct err *err);
/* A piece of a run request. */
MUST_USE int cvms_say_piece(const char *id, struct span data, bool is_last, struct buf *out,
                            struct err *err);

#endif
