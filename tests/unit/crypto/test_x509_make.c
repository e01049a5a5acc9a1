#include "tests/unit/unit.h"

#include "lib/crypto/openssl.h"
#include "lib/crypto/x509_make.h"

#include <openssl/x509v3.h>

#define NOW 1800000000

static struct key *generated(enum key_type type)
{
    struct key *key = NULL;
    struct err err;

    assert_ok(key_generate(type, 2048, &key, &err));
    return key;
}

static int make_self(const struct x509_subject *subject, struct err *err)
{
    OWNED_KEY *key = generated(KEY_P256);
    OWNED_BUF out = BUF_OF(8192);

    return x509_make(subject, key, span_of(NULL, 0), key, &out, err);
}

static X509 *parsed(const struct buf *pem)
{
    X509 *certificate = NULL;
    struct err err;

    assert_ok(certificate_parse(buf_span(pem), &certificate, &err));
    return certificate;
}

static void names_that_cannot_be_are_refused(void **state)
{
    static const char *const dns[][2] = {
        {"a b"}, {""}, {"-x"}, {".x"}, {"a\nb"}, {"*."}, {"a*b"}, {"h\xc3\xb6st"}, {"a,DNS:b"},
    };
    static const char *const ips[][2] = {{"1.2.3"}, {"1.2.3.256"}, {""}, {"localhost"}, {"::g"}};
    static const char *const names[] = {
        "", "\xff", "12345678901234567890123456789012345678901234567890123456789012345"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(dns); i++)
        assert_fails(make_self(&(struct x509_subject){.common_name = "x", .dns = dns[i]}, &err),
                     ERR_INPUT);
    for (size_t i = 0; i < COUNT_OF(ips); i++)
        assert_fails(make_self(&(struct x509_subject){.common_name = "x", .ip = ips[i]}, &err),
                     ERR_INPUT);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_fails(make_self(&(struct x509_subject){.common_name = names[i]}, &err), ERR_INPUT);
    assert_ok(make_self(&(struct x509_subject){.common_name = "x"}, &err));
}

static void validity_that_cannot_be_is_refused(void **state)
{
    struct err err;

    (void)state;
    assert_fails(make_self(&(struct x509_subject){.common_name = "x", .not_before = 2}, &err),
                 ERR_INPUT);
    assert_fails(
        make_self(&(struct x509_subject){.common_name = "x", .not_after = INT64_MAX}, &err),
        ERR_INPUT);
    assert_ok(
        make_self(&(struct x509_subject){.common_name = "x", .not_after = 253402300799}, &err));
}

static void issuers_must_be_cas_with_their_key(void **state)
{
    struct x509_subject ca = {.common_name = "ca", .ca = true, .not_after = NOW};
    struct x509_subject leaf = {.common_name = "leaf", .not_after = NOW};
    OWNED_KEY *ca_key = generated(KEY_P256), *leaf_key = generated(KEY_P256), *public = NULL;
    OWNED_BUF ca_pem = BUF_OF(8192);
    OWNED_BUF leaf_pem = BUF_OF(8192);
    OWNED_BUF spki = BUF_OF(8192);
    OWNED_BUF out = BUF_OF(8192);
    struct span none = span_of(NULL, 0);
    struct err err;

    (void)state;
    assert_ok(x509_make(&ca, ca_key, none, ca_key, &ca_pem, &err));
    assert_ok(x509_make(&leaf, leaf_key, buf_span(&ca_pem), ca_key, &leaf_pem, &err));
    key_write_spki(ca_key, &spki);
    assert_ok(key_load_public_der(buf_span(&spki), &public, &err));

    assert_fails(x509_make(&leaf, leaf_key, none, ca_key, &out, &err), ERR_INPUT);
    assert_fails(x509_make(&leaf, leaf_key, buf_span(&ca_pem), leaf_key, &out, &err), ERR_INPUT);
    assert_fails(x509_make(&leaf, leaf_key, buf_span(&leaf_pem), leaf_key, &out, &err), ERR_INPUT);
    assert_fails(x509_make(&leaf, leaf_key, buf_span(&ca_pem), public, &out, &err), ERR_INPUT);
    assert_fails(x509_make(&leaf, leaf_key, span_of_str("junk"), ca_key, &out, &err), ERR_INPUT);
    assert_int_equal(out.len, 0);
}

static bool verifies(X509 *leaf, X509 *ca, int64_t time, int purpose)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool good;

    X509_STORE_add_cert(store, ca);
    X509_STORE_CTX_init(ctx, store, leaf, NULL);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT);
    X509_STORE_CTX_set_time(ctx, 0, (time_t)time);
    X509_STORE_CTX_set_purpose(ctx, purpose);
    good = X509_verify_cert(ctx) == 1;
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return good;
}

static void chains_verify_for_their_purpose_and_time(void **state)
{
    static const char *const dns[] = {"manager.example", "*.example", NULL};
    static const char *const ips[] = {"127.0.0.1", "::1", NULL};
    struct x509_subject ca = {
        .common_name = "ca", .ca = true, .not_before = NOW - 10, .not_after = NOW + 10};
    struct x509_subject server = {.common_name = "s\xc3\xa9rver",
                                  .dns = dns,
                                  .ip = ips,
                                  .server = true,
                                  .not_before = NOW - 5,
                                  .not_after = NOW + 5};

    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_KEY *ca_key = generated((enum key_type)type), *key = generated(KEY_P256);
        OPENSSL_OWNED(X509) *ca_cert = NULL, *cert = NULL;
        OWNED_BUF ca_pem = BUF_OF(8192);
        OWNED_BUF pem = BUF_OF(8192);
        struct err err;

        assert_ok(x509_make(&ca, ca_key, span_of(NULL, 0), ca_key, &ca_pem, &err));
        assert_ok(x509_make(&server, key, buf_span(&ca_pem), ca_key, &pem, &err));
        ca_cert = parsed(&ca_pem);
        cert = parsed(&pem);
        assert_true(verifies(cert, ca_cert, NOW, X509_PURPOSE_SSL_SERVER));
        assert_false(verifies(cert, ca_cert, NOW, X509_PURPOSE_SSL_CLIENT));
        assert_false(verifies(cert, ca_cert, NOW + 6, X509_PURPOSE_SSL_SERVER));
        assert_false(verifies(cert, ca_cert, NOW - 6, X509_PURPOSE_SSL_SERVER));
        assert_int_equal(X509_get_version(cert), 2);
        assert_int_equal(X509_check_ca(cert), 0);
        assert_int_equal(X509_check_host(cert, "manager.example", 0, 0, NULL), 1);
        assert_int_equal(X509_check_host(cert, "other.org", 0, 0, NULL), 0);
        assert_int_equal(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
        assert_int_equal(X509_check_ip_asc(cert, "::1", 0), 1);
        assert_int_equal(X509_check_ip_asc(cert, "127.0.0.2", 0), 0);
    }
}

static void serials_are_random_and_positive(void **state)
{
    OWNED_KEY *key = generated(KEY_ED25519);
    struct x509_subject subject = {.common_name = "x", .client = true};
    OPENSSL_OWNED(X509) *a = NULL, *b = NULL;
    OWNED_BUF first = BUF_OF(8192);
    OWNED_BUF second = BUF_OF(8192);
    struct err err;

    (void)state;
    assert_ok(x509_make(&subject, key, span_of(NULL, 0), key, &first, &err));
    assert_ok(x509_make(&subject, key, span_of(NULL, 0), key, &second, &err));
    a = parsed(&first);
    b = parsed(&second);
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)), 0);
    assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(a)), 16);
    assert_int_equal(X509_check_purpose(a, X509_PURPOSE_SSL_CLIENT, 0), 1);
    assert_int_equal(X509_check_purpose(a, X509_PURPOSE_SSL_SERVER, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_cannot_be_are_refused),
        cmocka_unit_test(validity_that_cannot_be_is_refused),
        cmocka_unit_test(issuers_must_be_cas_with_their_key),
        cmocka_unit_test(chains_verify_for_their_purpose_and_time),
        cmocka_unit_test(serials_are_random_and_positive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
