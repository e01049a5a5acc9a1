#include "tests/unit/unit.h"

#include "lib/crypto/x509_parts.h"
#include "tests/fakes/fake_pki.h"

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

static void check_scheme(const struct key *issuer, enum fake_scheme scheme, unsigned allowed,
                         bool good)
{
    struct fake_cert ca = {.subject = "root", .issuer = "root", .not_after = 2000};
    struct fake_cert cert = plain;
    OWNED_BUF der = BUF_OF(8192);
    OWNED_X509 *root = NULL, *leaf = NULL;
    struct err err;

    fake_cert_make(&ca, issuer, issuer, &der);
    assert_ok(x509_parse(buf_span(&der), &root, &err));
    cert.scheme = scheme;
    fake_cert_make(&cert, leaf_key, issuer, &der);
    assert_ok(x509_parse(buf_span(&der), &leaf, &err));
    if (good)
        assert_ok(x509_check_signature(leaf, root, allowed, &err));
    else
        assert_fails(x509_check_signature(leaf, root, allowed, &err), ERR_UNTRUSTED);
}

static void signatures_pass_in_the_allowed_schemes_only(void **state)
{
    OWNED_KEY *rsa = NULL, *p256 = NULL, *p384 = NULL, *ed25519 = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_RSA, 2048, &rsa, &err));
    assert_ok(key_generate(KEY_P256, 0, &p256, &err));
    assert_ok(key_generate(KEY_P384, 0, &p384, &err));
    assert_ok(key_generate(KEY_ED25519, 0, &ed25519, &err));

    check_scheme(rsa, FAKE_BY_KEY, X509_RSA_PSS_SHA384, true);
    check_scheme(rsa, FAKE_BY_KEY, ~(unsigned)X509_RSA_PSS_SHA384, false);
    check_scheme(rsa, FAKE_PSS_SHA256, ~0U, false);
    check_scheme(rsa, FAKE_PSS_SALT_32, ~0U, false);
    check_scheme(rsa, FAKE_PSS_MGF1_SHA256, ~0U, false);
    check_scheme(rsa, FAKE_PKCS1_SHA384, X509_RSA_PSS_SHA384, false);
    check_scheme(rsa, FAKE_PKCS1_SHA384, X509_RSA_PKCS1_SHA384, true);
    check_scheme(p256, FAKE_BY_KEY, X509_ECDSA_P256_SHA256, true);
    check_scheme(p384, FAKE_BY_KEY, X509_ECDSA_P384_SHA384, true);
    check_scheme(p384, FAKE_BY_KEY, X509_ECDSA_P256_SHA256, false);
    check_scheme(ed25519, FAKE_BY_KEY, X509_ED25519, true);
    check_scheme(ed25519, FAKE_BY_KEY, ~(unsigned)X509_ED25519, false);
}

static void a_signature_by_another_key_is_refused(void **state)
{
    struct fake_cert ca = {.subject = "root", .issuer = "root", .not_after = 2000};
    OWNED_X509 *cert = parse(&plain);
    OWNED_X509 *stranger = parse(&ca); /* has leaf_key, while root_key signed */
    struct err err;

    (void)state;
    assert_fails(x509_check_signature(cert, stranger, ~0U, &err), ERR_UNTRUSTED);
    assert_string_equal(x509_common_name(stranger), "root");
}

static void every_flipped_bit_is_seen(void **state)
{
    struct fake_cert ca = {.subject = "root", .issuer = "root", .not_after = 2000};
    OWNED_BUF root_der = BUF_OF(8192);
    OWNED_BUF der = BUF_OF(8192);
    OWNED_X509 *root = NULL;
    struct err err;

    (void)state;
    fake_cert_make(&ca, root_key, root_key, &root_der);
    assert_ok(x509_parse(buf_span(&root_der), &root, &err));
    fake_cert_make(&plain, leaf_key, root_key, &der);
    for (size_t bit = 0; bit < 8 * der.len; bit += 3) {
        OWNED_X509 *cert = NULL;
        int rc;

        der.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        rc = x509_parse(buf_span(&der), &cert, &err);
        if (rc == 0)
            rc = x509_check_signature(cert, root, X509_ECDSA_P384_SHA384, &err);
        assert_int_equal(rc, -1);
        der.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* AlgorithmIdentifiers of RSASSA-PSS, by hand. */
#define SHA384      "\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00"
#define SHA384_BARE "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02"
#define SHA256      "\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00"
#define MGF1(hash)  "\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08" hash
#define MGF1_BARE   "\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08" SHA384_BARE
#define SALT_48     "\xa2\x03\x02\x01\x30"

static const struct {
    struct span parameters;
    bool good;
} pss[] = {
#define PSS(text, good_)                                                                           \
    {                                                                                              \
        {(const uint8_t *)(text), sizeof(text) - 1}, good_                                         \
    }
    PSS("\x30\x34\xa0\x0f" SHA384 "\xa1\x1c" MGF1(SHA384) SALT_48, true),
    PSS("\x30\x39\xa0\x0f" SHA384 "\xa1\x1c" MGF1(SHA384) SALT_48 "\xa3\x03\x02\x01\x01", true),
    PSS("\x30\x30\xa0\x0d" SHA384_BARE "\xa1\x1a" MGF1_BARE SALT_48, true),
    PSS("\x30\x39\xa0\x0f" SHA384 "\xa1\x1c" MGF1(SHA384) SALT_48 "\xa3\x03\x02\x01\x02", false),
    PSS("\x30\x34\xa0\x0f" SHA256 "\xa1\x1c" MGF1(SHA384) SALT_48, false),
    PSS("\x30\x34\xa0\x0f" SHA384 "\xa1\x1c" MGF1(SHA256) SALT_48, false),
    PSS("\x30\x34\xa0\x0f" SHA384 "\xa1\x1c" MGF1(SHA384) "\xa2\x03\x02\x01\x31", false),
    PSS("\x30\x2f\xa0\x0f" SHA384 "\xa1\x1c" MGF1(SHA384), false), /* a salt of 20 */
    PSS("\x30\x23\xa1\x1c" MGF1(SHA384) SALT_48, false),           /* SHA-1 */
    PSS("\x30\x16\xa0\x0f" SHA384 SALT_48, false),                 /* MGF1 with SHA-1 */
    PSS("\x30\x00", false),
    PSS("", false),
    PSS("\x05\x00", false),
    PSS("\x30\x36\xa0\x0f" SHA384 "\xa1\x1c" MGF1(SHA384) SALT_48 "\x05\x00", false),
#undef PSS
};

/* Wrong parameters are told as such; right ones get as far as the signature, which is none. */
static void every_parameter_of_pss_is_looked_at(void **state)
{
    OWNED_KEY *rsa = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_RSA, 2048, &rsa, &err));
    for (size_t i = 0; i < COUNT_OF(pss); i++) {
        OWNED_BUF algorithm = BUF_OF(256);
        struct x509_signed it = {.body = span_of("x", 1), .signature = span_of("y", 1)};

        buf_add_u8(&algorithm, 0x30);
        buf_add_u8(&algorithm, (uint8_t)(11 + pss[i].parameters.len));
        buf_add(&algorithm, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", 11);
        buf_add_span(&algorithm, pss[i].parameters);
        it.algorithm = buf_span(&algorithm);
        assert_fails(x509_check_signed(&it, rsa, X509_RSA_PSS_SHA384, &err), ERR_UNTRUSTED);
        if ((strstr(err.text, "signature is not the key's") != NULL) != pss[i].good)
            fail_msg("row %zu: %s", i, err.text);
    }
}

/* r and s in DER, which must be as canonical as everything else. */
static void ecdsa_signatures_are_two_numbers(void **state)
{
    static const struct span bad[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"\x30\x03\x02\x01\x01", 5},
        {(const uint8_t *)"\x30\x06\x02\x01\x01\x02\x01\x81", 8},              /* negative */
        {(const uint8_t *)"\x30\x07\x02\x01\x01\x02\x02\x00\x01", 9},          /* padded */
        {(const uint8_t *)"\x30\x06\x02\x01\x01\x02\x01\x01\x00", 9},          /* more */
        {(const uint8_t *)"\x30\x09\x02\x01\x01\x02\x01\x01\x02\x01\x01", 11}, /* three */
    };
    static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                        0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
    static const uint8_t zeros[] = {0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00};
    struct x509_signed it = {.body = span_of("x", 1), .algorithm = SPAN_OF_ARRAY(algorithm)};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        it.signature = bad[i];
        assert_fails(x509_check_signed(&it, leaf_key, X509_ECDSA_P384_SHA384, &err), ERR_UNTRUSTED);
        assert_string_equal(err.text, "its signature is not r and s in DER");
    }
    it.signature = SPAN_OF_ARRAY(zeros);
    assert_fails(x509_check_signed(&it, leaf_key, X509_ECDSA_P384_SHA384, &err), ERR_UNTRUSTED);
    assert_string_equal(err.text, "r of the signature is zero");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_pass_in_the_allowed_schemes_only),
        cmocka_unit_test(a_signature_by_another_key_is_refused),
        cmocka_unit_test(every_flipped_bit_is_seen),
        cmocka_unit_test(every_parameter_of_pss_is_looked_at),
        cmocka_unit_test(ecdsa_signatures_are_two_numbers),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
