#include "lib/httpd/tls.h"

#include "lib/httpd/internal.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define CHAIN_MAX 8

struct httpd_cert {
    atomic_uint refs;
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned count;
    gnutls_privkey_t key;
    uint8_t identity[SHA256_SIZE];
};

static gnutls_datum_t datum_of(struct span bytes)
{
    return (gnutls_datum_t){(unsigned char *)bytes.data, (unsigned)bytes.len};
}

static void cert_free(struct httpd_cert *cert)
{
    for (unsigned i = 0; i < cert->count; i++)
        gnutls_pcert_deinit(&cert->chain[i]);
    if (cert->key != NULL)
        gnutls_privkey_deinit(cert->key);
    free(cert);
}

struct httpd_cert *httpd_cert_ref(struct httpd_cert *cert)
{
    atomic_fetch_add(&cert->refs, 1);
    return cert;
}

void httpd_cert_unref(struct httpd_cert *cert)
{
    if (cert != NULL && atomic_fetch_sub(&cert->refs, 1) == 1)
        cert_free(cert);
}

void httpd_cert_identity(const struct httpd_cert *cert, uint8_t out[static SHA256_SIZE])
{
    memcpy(out, cert->identity, SHA256_SIZE);
}

/* The identity of the chain's first key must be that of the private key. */
static int check_pair(struct httpd_cert *cert, struct err *err)
{
    uint8_t of_key[SHA256_SIZE];
    size_t size = SHA256_SIZE;
    gnutls_pubkey_t public;
    int code;

    if (gnutls_pubkey_init(&public) < 0)
        abort();
    code = gnutls_pubkey_import_privkey(public, cert->key, 0, 0);
    if (code == 0)
        code = gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, of_key, &size);
    gnutls_pubkey_deinit(public);
    if (code == 0) {
        size = SHA256_SIZE;
        code = gnutls_pubkey_get_key_id(cert->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256,
                                        cert->identity, &size);
    }

    if (code < 0)
        return err_set(err, ERR_INPUT, "server key: %s", gnutls_strerror(code));
    if (!span_equal(SPAN_OF_ARRAY(of_key), SPAN_OF_ARRAY(cert->identity)))
        return err_set(err, ERR_INPUT, "server key: it is not the key of the certificate");
    return 0;
}

static int cert_fill(struct httpd_cert *cert, struct span chain, struct span key, struct err *err)
{
    gnutls_datum_t chain_pem = datum_of(chain), key_pem = datum_of(key);
    unsigned count = CHAIN_MAX;
    int code;

    code =
        gnutls_pcert_list_import_x509_raw(cert->chain, &count, &chain_pem, GNUTLS_X509_FMT_PEM, 0);
    if (code < 0 || count == 0)
        return err_set(err, ERR_INPUT, "server certificate: %s", gnutls_strerror(code));
    cert->count = count;

    if (gnutls_privkey_init(&cert->key) < 0)
        abort();
    code = gnutls_privkey_import_x509_raw(cert->key, &key_pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (code < 0)
        return err_set(err, ERR_INPUT, "server key: %s", gnutls_strerror(code));
    return check_pair(cert, err);
}

int httpd_cert_load(struct span chain, struct span key, struct httpd_cert **ret, struct err *err)
{
    struct httpd_cert *cert = mem_new(struct httpd_cert);

    if (cert_fill(cert, chain, key, err) < 0) {
        cert_free(cert);
        return -1;
    }
    atomic_init(&cert->refs, 1);
    *ret = cert;
    return 0;
}

/* No flags: what is handed out stays the connection's, which outlives the session. */
static int retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                    gnutls_pcert_st **chain, unsigned *count, gnutls_ocsp_data_st **ocsp,
                    unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
    struct httpd_cert *cert = httpd_conn_cert(gnutls_session_get_ptr(session));

    (void)info;
    if (cert == NULL)
        return -1;
    *chain = cert->chain;
    *count = cert->count;
    *ocsp = NULL;
    *ocsp_count = 0;
    *key = cert->key;
    *flags = 0;
    return 0;
}

void *httpd_tls_cert_callback(void)
{
    return (void *)retrieve;
}

/* An empty list of authorities: with a list, some clients keep a self-signed certificate back. */
void httpd_tls_ask_client(void *session)
{
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
}

bool httpd_tls_peer(void *session, uint8_t out[static SHA256_SIZE])
{
    unsigned count = 0;
    const gnutls_datum_t *peers = gnutls_certificate_get_peers(session, &count);
    size_t size = SHA256_SIZE;
    gnutls_x509_crt_t crt;
    bool known;

    if (peers == NULL || count == 0)
        return false;
    if (gnutls_x509_crt_init(&crt) < 0)
        abort();
    known = gnutls_x509_crt_import(crt, &peers[0], GNUTLS_X509_FMT_DER) == 0 &&
            gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, out, &size) == 0;
    gnutls_x509_crt_deinit(crt);
    return known;
}

int httpd_tls_export(void *session, const char *label, struct span context, uint8_t *out,
                     size_t len, struct err *err)
{
    int code = gnutls_prf_rfc5705(session, strlen(label), label, context.len,
                                  (const char *)context.data, len, (char *)out);

    if (code < 0)
        return err_set(err, ERR_INTERNAL, "tls exporter: %s", gnutls_strerror(code));
    return 0;
}

void httpd_tls_send(void *session, struct span bytes)
{
    (void)!gnutls_record_send(session, bytes.data, bytes.len);
}
