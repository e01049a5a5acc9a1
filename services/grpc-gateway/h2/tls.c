#include "services/grpc-gateway/h2/tls.h"

#include "lib/crypto/tls_peer.h"

#include <openssl/pem.h>

#define CHAIN_MAX 8
#define CIPHERS   "ECDHE+AESGCM:ECDHE+CHACHA20" /* of TLS 1.2 */

static int set_refused(struct err *err, const char *what)
{
    char reason[160] = "nothing was found";
    unsigned long code = ERR_get_error();

    if (code != 0)
        ERR_error_string_n(code, reason, sizeof(reason));
    ERR_clear_error();
    return err_set(err, ERR_INPUT, "%s: %s", what, reason);
}

static BIO *open_pem(struct span pem)
{
    return BIO_new_mem_buf(pem.data, (int)pem.len);
}

static X509 *next_certificate(BIO *bio)
{
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    if (certificate == NULL)
        ERR_clear_error(); /* the end of the file is an error, too */
    return certificate;
}

static int use_chain(SSL_CTX *ctx, struct span pem, struct err *err)
{
    BIO *bio = open_pem(pem);
    X509 *certificate = next_certificate(bio);
    bool used = certificate != NULL && SSL_CTX_use_certificate(ctx, certificate) == 1;

    X509_free(certificate);
    for (int i = 0; used && i < CHAIN_MAX && (certificate = next_certificate(bio)) != NULL; i++)
        used = SSL_CTX_add0_chain_cert(ctx, certificate) == 1;
    BIO_free(bio);
    return used ? 0 : set_refused(err, "our certificate");
}

static int use_key(SSL_CTX *ctx, struct span pem, struct err *err)
{
    BIO *bio = open_pem(pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    bool used = key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1;

    EVP_PKEY_free(key);
    BIO_free(bio);
    return used ? 0 : set_refused(err, "our private key");
}

/* `names`: they are told to the peer, as a server does. */
static int use_ca(SSL_CTX *ctx, struct span pem, bool names, struct err *err)
{
    BIO *bio = open_pem(pem);
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    X509 *certificate;
    bool any = false;

    while ((certificate = next_certificate(bio)) != NULL) {
        any = X509_STORE_add_cert(store, certificate) == 1 &&
              (!names || SSL_CTX_add_client_CA(ctx, certificate) == 1);
        X509_free(certificate);
    }
    BIO_free(bio);
    return any ? 0 : set_refused(err, "the authority of the peers");
}

/* Of any issuer: that the client holds the key is what the handshake proves, and the key is who it
 * is. */
static int accept_any(X509_STORE_CTX *ctx, void *unused)
{
    (void)ctx;
    (void)unused;
    return 1;
}

static const unsigned char h2[] = {2, 'h', '2'};

static int select_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                     const unsigned char *in, unsigned int in_len, void *arg)
{
    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto((unsigned char **)out, out_len, h2, sizeof(h2), in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

static void set_protocol(SSL_CTX *ctx)
{
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_cipher_list(ctx, CIPHERS);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
}

int h2_tls_new(const struct h2_tls_config *config, SSL_CTX **ret, struct err *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    int verify = SSL_VERIFY_PEER;

    if (ctx == NULL)
        return set_refused(err, "TLS");
    set_protocol(ctx);
    SSL_CTX_set_alpn_select_cb(ctx, select_h2, NULL);
    if (config->client_ca.len > 0)
        verify |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    else
        SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
    SSL_CTX_set_verify(ctx, verify, NULL);
    if (use_chain(ctx, config->certificate, err) < 0 || use_key(ctx, config->key, err) < 0 ||
        (config->client_ca.len > 0 && use_ca(ctx, config->client_ca, true, err) < 0)) {
        SSL_CTX_free(ctx);
        return -1;
    }
    *ret = ctx;
    return 0;
}

static int set_up_client(SSL_CTX *ctx, const struct h2_tls_client_config *config, struct err *err)
{
    set_protocol(ctx);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    tls_peer_verify_plainly(ctx);
    if (SSL_CTX_set_alpn_protos(ctx, h2, sizeof(h2)) != 0)
        return set_refused(err, "TLS");
    if (config->certificate.len > 0 &&
        (use_chain(ctx, config->certificate, err) < 0 || use_key(ctx, config->key, err) < 0))
        return -1;
    if (config->ca.len > 0)
        return use_ca(ctx, config->ca, false, err);
    return SSL_CTX_set_default_verify_paths(ctx) == 1
               ? 0
               : set_refused(err, "the authorities of this machine");
}

int h2_tls_new_client(const struct h2_tls_client_config *config, SSL_CTX **ret, struct err *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL)
        return set_refused(err, "TLS");
    /* No close_notify: where something between keeps the connection open, servers of gRPC would
     * stay deaf to whoever comes next on it. A handshake in the middle makes them hang up. */
    SSL_CTX_set_quiet_shutdown(ctx, 1);
    if (set_up_client(ctx, config, err) < 0) {
        SSL_CTX_free(ctx);
        return -1;
    }
    *ret = ctx;
    return 0;
}

void h2_tls_peer(SSL *ssl, struct h2_peer *ret)
{
    struct err none;

    *ret = (struct h2_peer){0};
    ret->has_identity = tls_peer_identity(ssl, ret->identity, &none) == 0;
    ret->has_voucher = tls_peer_voucher(ssl, ret->voucher, &none) == 0;
}
