#include "tests/unit/unit.h"

#include "lib/crypto/x509.h"
#include "tests/fakes/fake_pki.h"

#define OID_TEST "1.3.6.1.4.1.3704.1.4"

static struct key *root_key, *leaf_key;

static const struct fake_cert plain = {
    .subject = "leaf", .issuer = "root", .serial = 7, .not_before = 1000, .not_after = 2000};

static int make_keys(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_P384, 0, &root_key, &err) | key_generate(KEY_P384, 0, &leaf_key, &err);
}

static int free_keys(void **state)
{
    (void)state;
    key_free(root_key);
    key_free(leaf_key);
    return 0;
}

static struct x509 *parse(const struct fake_cert *cert)
{
    OWNED_BUF der = BUF_OF(8192);
    struct x509 *parsed = NULL;
    struct err err;

    fake_cert_make(cert, leaf_key, root_key, &der);
    assert_ok(x509_parse(buf_span(&der), &parsed, &err));
    return parsed;
}

static void a_critical_extension_must_be_known(void **state)
{
    const struct fake_extension critical = {OID_TEST, true, span_of("a", 1)};
    const char *const known[] = {OID_TEST, NULL};
    struct fake_cert with = plain;
    OWNED_X509 *cert = NULL;
    struct err err;

    (void)state;
    with.ca = true;
    with.path_len = -1;
    with.usage = 0x04;
    with.extensions = &critical;
    with.extension_count = 1;
    cert = parse(&with);
    assert_fails(x509_check_critical(cert, NULL, &err), ERR_UNTRUSTED);
    assert_ok(x509_check_critical(cert, known, &err));
}

static void validity_ends_are_included(void **state)
{
    OWNED_X509 *cert = parse(&plain);
    struct err err;

    (void)state;
    assert_fails(x509_check_time(cert, 999, &err), ERR_UNTRUSTED);
    assert_non_null(strstr(err.text, "1970-01-01T00:16:40Z"));
    assert_ok(x509_check_time(cert, 1000, &err));
    assert_ok(x509_check_time(cert, 2000, &err));
    assert_fails(x509_check_time(cert, 2001, &err), ERR_UNTRUSTED);
}

static void an_issuer_must_be_a_ca_with_the_right_name(void **state)
{
    struct fake_cert ca = {
        .subject = "root", .issuer = "root", .not_after = 2000, .ca = true, .path_len = -1};
    struct fake_cert other = ca, no_ca = ca, no_use = ca, short_path = ca, use = ca;
    OWNED_X509 *cert = parse(&plain);
    OWNED_X509 *good = parse(&ca), *named = NULL, *none = NULL, *unusable = NULL, *narrow = NULL;
    OWNED_X509 *usable = NULL, *without = parse(&plain);
    struct err err;

    (void)state;
    other.subject = "other";
    no_ca.ca = false;
    no_ca.not_ca = true;
    no_use.usage = 0x80; /* digitalSignature */
    use.usage = 0x04;    /* keyCertSign */
    short_path.path_len = 0;
    named = parse(&other);
    none = parse(&no_ca);
    unusable = parse(&no_use);
    usable = parse(&use);
    narrow = parse(&short_path);

    assert_ok(x509_check_issuer(cert, good, 0, &err));
    assert_ok(x509_check_issuer(cert, good, 5, &err));
    assert_ok(x509_check_issuer(cert, usable, 0, &err));
    assert_ok(x509_check_issuer(cert, narrow, 0, &err));
    assert_fails(x509_check_issuer(cert, narrow, 1, &err), ERR_UNTRUSTED);
    assert_fails(x509_check_issuer(cert, named, 0, &err), ERR_UNTRUSTED);
    assert_fails(x509_check_issuer(cert, none, 0, &err), ERR_UNTRUSTED);
    assert_fails(x509_check_issuer(cert, unusable, 0, &err), ERR_UNTRUSTED);
    assert_fails(x509_check_issuer(cert, without, 0, &err), ERR_UNTRUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_critical_extension_must_be_known),
        cmocka_unit_test(validity_ends_are_included),
        cmocka_unit_test(an_issuer_must_be_a_ca_with_the_right_name),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
