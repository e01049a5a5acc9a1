/* The texts of gRPC over HTTP/2: the status message and the timeout
 * (https://github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). */
#ifndef COCOS_GATEWAY_GRPC_TEXT_H
#define COCOS_GATEWAY_GRPC_TEXT_H

#include "lib/base/buf.h"

/* Status-Message: percent-encoded, so that any text is a header value; appended. */
void grpc_text_encode_message(const char *text, struct buf *out);

/* The other way: what a peer says, printable, at most max bytes of it; appended. */
void grpc_text_decode_message(const char *text, size_t max, struct buf *out);

/* Timeout: 1 to 8 digits and a unit, H M S m u n, in milliseconds, rounded up. Errors: INPUT. */
MUST_USE int grpc_text_parse_timeout(const char *text, int64_t *ret_ms, struct err *err);

/* "application/grpc", also with "+proto" or parameters after it. */
bool grpc_text_is_content_type(const char *text);

#endif
