/* What can be learned from a live TLS connection of OpenSSL: the keying material that both ends
 * share and nobody between them knows, the key of the other end, and whose word
 * it has for ours. */
#ifndef COCOS_CRYPTO_TLS_PEER_H
#define COCOS_CRYPTO_TLS_PEER_H

#include "lib/crypto/digest.h"

/* RFC 5705 exporter of the connection; ssl is an SSL *. context may be empty. */
MUST_USE int tls_peer_export(void *ssl, const char *label, struct span context, uint8_t *out,
                             size_t len, struct err *err);

/* SHA-256 of the SubjectPublicKeyInfo of the peer's certificate. UNTRUSTED when it sent none. */
MUST_USE int tls_peer_identity(void *ssl, uint8_t out[static SHA256_SIZE], struct err *err);

/* The same of the certificate that we show behind our own: by whose key the peer knows us.
 * UNTRUSTED when there is none. */
MUST_USE int tls_peer_voucher(void *ssl, uint8_t out[static SHA256_SIZE], struct err *err);

/* Makes a client's SSL_CTX (before its handshake) report a peer certificate that fails verification
 * as just that. Without it, a signature by another CA of the same name surfaces as whatever the
 * signature code put first into the queue of errors, and the caller cannot tell it from a broken
 * connection. */
void tls_peer_verify_plainly(void *ssl_ctx);

#endif
