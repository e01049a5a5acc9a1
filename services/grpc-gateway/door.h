/* The TLS of the gateway's door, from its settings: the files that are named, or a fresh key. */
#ifndef COCOS_GATEWAY_DOOR_H
#define COCOS_GATEWAY_DOOR_H

#include "services/grpc-gateway/config.h"
#include "services/grpc-gateway/h2/tls.h"

/* *ret is NULL for plaintext; else freed with SSL_CTX_free(). Errors: USAGE, what files say. */
MUST_USE int door_open(const struct config *config, int64_t now, SSL_CTX **ret, struct err *err);

/* A fresh key, and a certificate by it for this machine's loopback, both PEM, appended. key_pem
 * should be a secret buffer. */
MUST_USE int door_make_identity(int64_t now, struct buf *certificate, struct buf *key_pem,
                                struct err *err);

#endif
