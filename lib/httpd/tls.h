/* The TLS side of the server: certificates that can be changed while it runs, and what a handshake
 * says about both ends. GnuTLS is known here and nowhere else; sessions travel as void *. */
#ifndef COCOS_HTTPD_TLS_H
#define COCOS_HTTPD_TLS_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/crypto/digest.h"

#include <microhttpd.h>

/* TLS 1.3 without resumption; nothing signed with SHA-1. */
#define HTTPD_TLS_PRIORITIES                                                                       \
    (char *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:%NO_TICKETS"

/* A certificate chain with its key. Immutable and counted: every connection holds the one it was
 * greeted with, so that a change disturbs nobody. */
struct httpd_cert;

/* PEM. Errors: INPUT (unreadable, or the key is not the certificate's). */
MUST_USE int httpd_cert_load(struct span chain, struct span key, struct httpd_cert **ret,
                             struct err *err);
struct httpd_cert *httpd_cert_ref(struct httpd_cert *cert);
void httpd_cert_unref(struct httpd_cert *cert);
/* SHA-256 of its SPKI. */
void httpd_cert_identity(const struct httpd_cert *cert, uint8_t out[static SHA256_SIZE]);

/* What MHD wants in MHD_OPTION_HTTPS_CERT_CALLBACK2; asks httpd_conn_cert() for the certificate. */
void *httpd_tls_cert_callback(void);

/* Asks the client for a certificate of any issuer; before the handshake. */
void httpd_tls_ask_client(void *session);

/* SHA-256 of the SPKI of the client's certificate; false when it sent none. The handshake has
 * proven that the client holds the key; issuer and validity mean nothing here. */
bool httpd_tls_peer(void *session, uint8_t out[static SHA256_SIZE]);

/* RFC 5705 exporter. */
MUST_USE int httpd_tls_export(void *session, const char *label, struct span context, uint8_t *out,
                              size_t len, struct err *err);

/* Sends at once, past MHD; only when MHD has nothing under way. What does not fit is lost. */
void httpd_tls_send(void *session, struct span bytes);

#endif
