#include "tests/unit/unit.h"

#include "lib/crypto/openssl.h"
#include "lib/crypto/tls_peer.h"
#include "lib/crypto/x509_make.h"

#include <openssl/ssl.h>

#define LABEL "EXPORTER-Channel-Binding" /* RFC 9266 */

/* One end of a connection within this process. */
struct end {
    struct key *key; /* NULL: no certificate */
    SSL_CTX *ctx;
    SSL *ssl;
};

static int accept_any(X509_STORE_CTX *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return 1;
}

static void use_key(struct end *end)
{
    struct x509_subject subject = {.common_name = "end", .not_after = 253402300799};
    OPENSSL_OWNED(X509) *certificate = NULL;
    OWNED_BUF pem = BUF_OF(8192);
    struct err err;

    assert_ok(key_generate(KEY_P256, 0, &end->key, &err));
    assert_ok(x509_make(&subject, end->key, span_of(NULL, 0), end->key, &pem, &err));
    assert_ok(certificate_parse(buf_span(&pem), &certificate, &err));
    assert_int_equal(SSL_CTX_use_certificate(end->ctx, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(end->ctx, key_handle(end->key)), 1);
}

static struct end end_new(const SSL_METHOD *method, bool with_key)
{
    struct end end = {.ctx = SSL_CTX_new(method)};

    assert_non_null(end.ctx);
    SSL_CTX_set_min_proto_version(end.ctx, TLS1_3_VERSION);
    SSL_CTX_set_verify(end.ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(end.ctx, accept_any, NULL);
    if (with_key)
        use_key(&end);
    end.ssl = SSL_new(end.ctx);
    return end;
}

static void end_done(struct end *end)
{
    SSL_free(end->ssl);
    SSL_CTX_free(end->ctx);
    key_free(end->key);
}

static void shake_hands(struct end *client, struct end *server)
{
    BIO *a = NULL, *b = NULL;

    assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
    SSL_set_bio(client->ssl, a, a);
    SSL_set_bio(server->ssl, b, b);
    SSL_set_connect_state(client->ssl);
    SSL_set_accept_state(server->ssl);
    for (int i = 0; i < 10; i++) {
        SSL_do_handshake(client->ssl);
        SSL_do_handshake(server->ssl);
    }
    assert_true(SSL_is_init_finished(client->ssl) && SSL_is_init_finished(server->ssl));
}

static void a_peer_without_certificate_is_untrusted(void **state)
{
    struct end client = end_new(TLS_client_method(), false);
    struct end server = end_new(TLS_server_method(), true);
    uint8_t identity[SHA256_SIZE];
    struct err err;

    (void)state;
    shake_hands(&client, &server);
    assert_fails(tls_peer_identity(server.ssl, identity, &err), ERR_UNTRUSTED);
    end_done(&client);
    end_done(&server);
}

static void nothing_is_exported_before_the_handshake(void **state)
{
    struct end client = end_new(TLS_client_method(), false);
    uint8_t out[32];
    struct err err;

    (void)state;
    assert_fails(tls_peer_export(client.ssl, LABEL, span_of(NULL, 0), out, sizeof(out), &err),
                 ERR_INTERNAL);
    end_done(&client);
}

static void both_ends_see_each_others_key(void **state)
{
    struct end client = end_new(TLS_client_method(), true);
    struct end server = end_new(TLS_server_method(), true);
    uint8_t seen[SHA256_SIZE], own[SHA256_SIZE];
    struct err err;

    (void)state;
    shake_hands(&client, &server);
    assert_ok(tls_peer_identity(client.ssl, seen, &err));
    key_identity(server.key, own);
    assert_memory_equal(seen, own, SHA256_SIZE);
    assert_ok(tls_peer_identity(server.ssl, seen, &err));
    key_identity(client.key, own);
    assert_memory_equal(seen, own, SHA256_SIZE);
    end_done(&client);
    end_done(&server);
}

static void who_stands_behind_our_certificate_vouches_for_us(void **state)
{
    struct end client = end_new(TLS_client_method(), false);
    struct end server = end_new(TLS_server_method(), true);
    struct end authority = end_new(TLS_server_method(), true);
    uint8_t seen[SHA256_SIZE], own[SHA256_SIZE];
    struct err err;

    (void)state;
    assert_fails(tls_peer_voucher(server.ssl, seen, &err), ERR_UNTRUSTED);
    assert_fails(tls_peer_voucher(client.ssl, seen, &err), ERR_UNTRUSTED);
    SSL_free(server.ssl);
    assert_int_equal(SSL_CTX_add1_chain_cert(server.ctx, SSL_CTX_get0_certificate(authority.ctx)),
                     1);
    server.ssl = SSL_new(server.ctx);
    shake_hands(&client, &server);
    assert_ok(tls_peer_voucher(server.ssl, seen, &err));
    key_identity(authority.key, own);
    assert_memory_equal(seen, own, SHA256_SIZE);
    end_done(&client);
    end_done(&server);
    end_done(&authority);
}

static void both_ends_export_the_same_and_no_other_connection(void **state)
{
    struct end client[2] = {end_new(TLS_client_method(), false),
                            end_new(TLS_client_method(), false)};
    struct end server[2] = {end_new(TLS_server_method(), true), end_new(TLS_server_method(), true)};
    struct span none = span_of(NULL, 0), context = span_of_str("nonce");
    uint8_t a[32], b[32], bound[32], other[32];
    struct err err;

    (void)state;
    for (int i = 0; i < 2; i++)
        shake_hands(&client[i], &server[i]);
    assert_ok(tls_peer_export(client[0].ssl, LABEL, none, a, sizeof(a), &err));
    assert_ok(tls_peer_export(server[0].ssl, LABEL, none, b, sizeof(b), &err));
    assert_ok(tls_peer_export(server[0].ssl, LABEL, context, bound, sizeof(bound), &err));
    assert_ok(tls_peer_export(server[1].ssl, LABEL, none, other, sizeof(other), &err));
    assert_memory_equal(a, b, sizeof(a));
    assert_memory_not_equal(a, bound, sizeof(a));
    assert_memory_not_equal(a, other, sizeof(a));
    for (int i = 0; i < 2; i++) {
        end_done(&client[i]);
        end_done(&server[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_without_certificate_is_untrusted),
        cmocka_unit_test(nothing_is_exported_before_the_handshake),
        cmocka_unit_test(both_ends_see_each_others_key),
        cmocka_unit_test(who_stands_behind_our_certificate_vouches_for_us),
        cmocka_unit_test(both_ends_export_the_same_and_no_other_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
