#include "tests/unit/unit.h"

#include "lib/crypto/x509.h"
#include "tests/fakes/fake_pki.h"

static struct key *root_key, *other_key;

static const uint64_t revoked[] = {5, 0, 300};
static const struct fake_crl plain = {.issuer = "root", .this_update = 1000, .next_update = 2000};

static int make_keys(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_RSA, 2048, &root_key, &err) |
           key_generate(KEY_ED25519, 0, &other_key, &err);
}

static int free_keys(void **state)
{
    (void)state;
    key_free(root_key);
    key_free(other_key);
    return 0;
}

static struct x509_crl *parse(const struct fake_crl *crl)
{
    OWNED_BUF der = BUF_OF(8192);
    struct x509_crl *parsed = NULL;
    struct err err;

    fake_crl_make(crl, root_key, &der);
    assert_ok(x509_crl_parse(buf_span(&der), &parsed, &err));
    return parsed;
}

static struct x509 *cert_with(const char *name, uint64_t serial, unsigned usage,
                              const struct key *key)
{
    struct fake_cert cert = {
        .subject = name, .issuer = name, .serial = serial, .not_after = 2000, .usage = usage};
    OWNED_BUF der = BUF_OF(8192);
    struct x509 *parsed = NULL;
    struct err err;

    fake_cert_make(&cert, key, key, &der);
    assert_ok(x509_parse(buf_span(&der), &parsed, &err));
    return parsed;
}

static void serials_on_the_list_are_revoked(void **state)
{
    static const uint64_t serials[] = {0, 1, 5, 6, 44, 300};
    struct fake_crl with = plain;
    OWNED_X509_CRL *crl = NULL, *empty = parse(&plain);

    (void)state;
    with.serials = revoked;
    with.serial_count = COUNT_OF(revoked);
    crl = parse(&with);
    for (size_t i = 0; i < COUNT_OF(serials); i++) {
        OWNED_X509 *cert = cert_with("x", serials[i], 0, other_key);

        assert_int_equal(x509_crl_revokes(crl, cert),
                         serials[i] == 5 || serials[i] == 0 || serials[i] == 300);
        assert_false(x509_crl_revokes(empty, cert));
    }
}

static void a_list_has_a_time(void **state)
{
    OWNED_X509_CRL *crl = parse(&plain);
    struct err err;

    (void)state;
    assert_int_equal(x509_crl_this_update(crl), 1000);
    assert_int_equal(x509_crl_next_update(crl), 2000);
    assert_fails(x509_crl_check_time(crl, 999, &err), ERR_UNTRUSTED);
    assert_ok(x509_crl_check_time(crl, 1000, &err));
    assert_ok(x509_crl_check_time(crl, 2000, &err));
    assert_fails(x509_crl_check_time(crl, 2001, &err), ERR_UNTRUSTED);
    assert_non_null(strstr(err.text, "replaced"));
}

static void only_its_issuer_signs_it(void **state)
{
    OWNED_X509_CRL *crl = parse(&plain);
    OWNED_X509 *root = cert_with("root", 1, 0x02, root_key);
    OWNED_X509 *stranger = cert_with("root", 1, 0x02, other_key);
    OWNED_X509 *unfit = cert_with("root", 1, 0x04, root_key); /* keyCertSign alone */
    OWNED_X509 *named = cert_with("toor", 1, 0x02, root_key);
    struct err err;

    (void)state;
    assert_true(x509_crl_is_by(crl, root));
    assert_false(x509_crl_is_by(crl, named));
    assert_string_equal(x509_crl_issuer_common_name(crl), "root");
    assert_ok(x509_crl_check_signature(crl, root, X509_RSA_PSS_SHA384, &err));
    assert_fails(x509_crl_check_signature(crl, root, X509_ED25519, &err), ERR_UNTRUSTED);
    assert_fails(x509_crl_check_signature(crl, stranger, ~0U, &err), ERR_UNTRUSTED);
    assert_fails(x509_crl_check_signature(crl, unfit, ~0U, &err), ERR_UNTRUSTED);
}

static void lists_that_are_not_the_whole_list_are_refused(void **state)
{
    struct fake_crl endless = plain, partial = plain;
    OWNED_BUF der = BUF_OF(8192);
    OWNED_X509_CRL *crl = NULL;
    struct err err;

    (void)state;
    endless.next_update = 0;
    fake_crl_make(&endless, root_key, &der);
    assert_fails(x509_crl_parse(buf_span(&der), &crl, &err), ERR_INPUT);
    partial.critical_point = true;
    fake_crl_make(&partial, root_key, &der);
    assert_fails(x509_crl_parse(buf_span(&der), &crl, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "2.5.29.28"));
}

static void der_and_pem_are_read_whole(void **state)
{
    OWNED_BUF der = BUF_OF(8192);
    OWNED_BUF pem = BUF_OF(8192);
    OWNED_X509_CRL *crl = NULL;
    struct err err;

    (void)state;
    fake_crl_make(&plain, root_key, &der);
    fake_pem("X509 CRL", buf_span(&der), &pem);
    assert_ok(x509_crl_parse(buf_span(&pem), &crl, &err));
    x509_crl_free(GIVE(crl));
    for (size_t len = 0; len < der.len; len++)
        assert_fails(x509_crl_parse(span_of(der.data, len), &crl, &err), ERR_INPUT);
    buf_add_u8(&der, 0);
    assert_fails(x509_crl_parse(buf_span(&der), &crl, &err), ERR_INPUT);
    buf_reset(&pem);
    fake_pem("CERTIFICATE", buf_span(&der), &pem);
    assert_fails(x509_crl_parse(buf_span(&pem), &crl, &err), ERR_INPUT);
}

static void two_algorithms_are_one_too_many(void **state)
{
    static const uint8_t salt[] = {0xa2, 0x03, 0x02, 0x01, 0x30};
    OWNED_BUF der = BUF_OF(8192);
    OWNED_X509_CRL *crl = NULL;
    uint8_t *outer = NULL;
    struct err err;

    (void)state;
    fake_crl_make(&plain, root_key, &der);
    for (size_t at = 0; at + sizeof(salt) <= der.len; at++)
        if (memcmp(der.data + at, salt, sizeof(salt)) == 0)
            outer = der.data + at;
    assert_non_null(outer);
    outer[4] = 0x20;
    assert_fails(x509_crl_parse(buf_span(&der), &crl, &err), ERR_INPUT);
    assert_string_equal(err.text, "revocation list: names two signature algorithms");
}

static void every_flipped_bit_is_seen(void **state)
{
    OWNED_X509 *root = cert_with("root", 1, 0x02, root_key);
    struct fake_crl with = plain;
    OWNED_BUF der = BUF_OF(8192);
    struct err err;

    (void)state;
    with.serials = revoked;
    with.serial_count = COUNT_OF(revoked);
    fake_crl_make(&with, root_key, &der);
    for (size_t bit = 0; bit < 8 * der.len; bit++) {
        OWNED_X509_CRL *crl = NULL;
        int rc;

        der.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        rc = x509_crl_parse(buf_span(&der), &crl, &err);
        if (rc == 0)
            rc = x509_crl_check_signature(crl, root, X509_RSA_PSS_SHA384, &err);
        assert_int_equal(rc, -1);
        der.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serials_on_the_list_are_revoked),
        cmocka_unit_test(a_list_has_a_time),
        cmocka_unit_test(only_its_issuer_signs_it),
        cmocka_unit_test(lists_that_are_not_the_whole_list_are_refused),
        cmocka_unit_test(der_and_pem_are_read_whole),
        cmocka_unit_test(two_algorithms_are_one_too_many),
        cmocka_unit_test(every_flipped_bit_is_seen),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
