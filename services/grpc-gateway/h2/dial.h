/* A connection to somewhere else, as far as TLS goes, with a deadline. Private to h2/. */
#ifndef COCOS_GATEWAY_H2_DIAL_H
#define COCOS_GATEWAY_H2_DIAL_H

#include "services/grpc-gateway/h2/wire.h"

struct dial {
    int64_t until; /* of clock_monotonic_ms() */
    bool (*stopped)(void *ctx);
    void *ctx;
};

/* "HOST:PORT", "[ADDRESS]:PORT" or "unix:PATH"; of a name's addresses the first that answers. *ret
 * does not block. Errors: INPUT, UNREACHABLE, TIMEOUT, INTERRUPTED. */
MUST_USE int dial_address(const struct dial *dial, const char *address, int *ret, struct err *err);

/* The client's side of the handshake. name is what the server's certificate must be for, a DNS name
 * or an address; and it must speak "h2". Errors: UNTRUSTED with OpenSSL's reason, UNREACHABLE,
 * TIMEOUT, INTERRUPTED. */
MUST_USE int dial_shake_hands(const struct dial *dial, struct wire *wire, const char *name,
                              struct err *err);

#endif
