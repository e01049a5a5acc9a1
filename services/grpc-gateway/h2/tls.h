/* The TLS of the gateway's door: OpenSSL as a server of "h2" and nothing else, and as a client
 * where the gateway dials out. TLS 1.2 is allowed here, as existing peers of gRPC want it, with
 * forward secrecy and authenticated ciphers only; no resumption, no renegotiation. */
#ifndef COCOS_GATEWAY_H2_TLS_H
#define COCOS_GATEWAY_H2_TLS_H

#include "services/grpc-gateway/h2/stream.h"

/* OpenSSL has a type of the same name as one of our kinds of error. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/err.h>
#include <openssl/ssl.h>
#undef ERR_STATE

struct h2_tls_config {
    struct span certificate; /* PEM, the leaf first */
    struct span key;         /* PEM */
    struct span client_ca;   /* PEM. Given: every client must show a certificate by one of these.
                                Empty: one is asked for, may be of any issuer, and proves its key. */
};

/* Errors: INPUT (not PEM, key and certificate do not belong together). Free with SSL_CTX_free(). */
MUST_USE int h2_tls_new(const struct h2_tls_config *config, SSL_CTX **ret, struct err *err);

struct h2_tls_client_config {
    struct span ca;          /* PEM. The authorities of the server; empty: those of this machine */
    struct span certificate; /* PEM, the leaf first; with its key. Empty: none is shown */
    struct span key;
};

/* The other end, for h2/client.h: the server's certificate is verified, and its name is expected.
 * Errors: INPUT. */
MUST_USE int h2_tls_new_client(const struct h2_tls_client_config *config, SSL_CTX **ret,
                               struct err *err);

/* Who the client is, and by whose certificate it knows us, once the handshake is done. */
void h2_tls_peer(SSL *ssl, struct h2_peer *ret);

#endif
