#include "lib/crypto/tls_peer.h"

#include "lib/crypto/openssl.h"
#include "lib/crypto/pem.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

int tls_peer_export(void *ssl, const char *label, struct span context, uint8_t *out, size_t len,
                    struct err *err)
{
    if (SSL_export_keying_material(ssl, out, len, label, strlen(label), context.data, context.len,
                                   1) != 1)
        return openssl_fail(err, ERR_INTERNAL, "connection exports no keying material");
    return 0;
}

static int key_of(X509 *certificate, uint8_t out[static SHA256_SIZE], struct err *err)
{
    OWNED_BUF spki = BUF_OF(PEM_MAX);

    if (certificate_write_spki(certificate, &spki, err) < 0)
        return -1;
    digest_of(DIGEST_SHA256, buf_span(&spki), out);
    return 0;
}

int tls_peer_identity(void *ssl, uint8_t out[static SHA256_SIZE], struct err *err)
{
    OPENSSL_OWNED(X509) *certificate = SSL_get1_peer_certificate(ssl);

    if (certificate == NULL)
        return err_set(err, ERR_UNTRUSTED, "the other end sent no certificate");
    return key_of(certificate, out, err);
}

int tls_peer_voucher(void *ssl, uint8_t out[static SHA256_SIZE], struct err *err)
{
    STACK_OF(X509) *chain = NULL;

    if (SSL_get0_chain_certs(ssl, &chain) != 1 || sk_X509_num(chain) < 1)
        return err_set(err, ERR_UNTRUSTED, "nobody's certificate stands behind our own");
    return key_of(sk_X509_value(chain, 0), out, err);
}

static int verify_plainly(X509_STORE_CTX *store, void *unused)
{
    int verified = X509_verify_cert(store);

    (void)unused;
    if (verified <= 0)
        ERR_clear_error();
    return verified;
}

void tls_peer_verify_plainly(void *ssl_ctx)
{
    SSL_CTX_set_cert_verify_callback(ssl_ctx, verify_plainly, NULL);
}
