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

static void fields_are_read(void **state)
{
    OWNED_X509 *cert = parse(&plain);
    uint8_t digest[SHA256_SIZE], identity[SHA256_SIZE];
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_string_equal(x509_common_name(cert), "leaf");
    assert_string_equal(x509_issuer_common_name(cert), "root");
    assert_int_equal(x509_not_before(cert), 1000);
    assert_int_equal(x509_not_after(cert), 2000);
    assert_true(span_equal(x509_serial(cert), span_of("\x07", 1)));
    assert_false(span_equal(x509_subject(cert), x509_issuer(cert)));

    assert_ok(x509_key(cert, &key, &err));
    assert_true(key_equal(key, leaf_key));
    x509_key_digest(cert, digest);
    key_identity(leaf_key, identity);
    assert_memory_equal(digest, identity, SHA256_SIZE);
}

static void a_serial_of_zero_is_a_serial(void **state)
{
    struct fake_cert zero = plain;
    OWNED_X509 *cert = NULL;

    (void)state;
    zero.serial = 0;
    cert = parse(&zero);
    assert_int_equal(x509_serial(cert).len, 0);
}

static void every_truncation_and_any_byte_more_is_refused(void **state)
{
    OWNED_BUF der = BUF_OF(8192);
    OWNED_X509 *cert = NULL;
    struct err err;

    (void)state;
    fake_cert_make(&plain, leaf_key, root_key, &der);
    for (size_t len = 0; len < der.len; len++)
        assert_fails(x509_parse(span_of(der.data, len), &cert, &err), ERR_INPUT);
    buf_add_u8(&der, 0);
    assert_fails(x509_parse(buf_span(&der), &cert, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "follows"));
}

static void what_is_not_der_is_refused(void **state)
{
    OWNED_BUF der = BUF_OF(8192);
    OWNED_BUF ber = BUF_OF(8192);
    OWNED_X509 *cert = NULL;
    struct err err;

    (void)state;
    /* The length of the whole in three bytes where two are enough, which BER allows. */
    fake_cert_make(&plain, leaf_key, root_key, &der);
    assert_int_equal(der.data[1], 0x82);
    buf_add(&ber, "\x30\x83\x00", 3);
    buf_add_span(&ber, span_part(buf_span(&der), 2, der.len));
    assert_fails(x509_parse(buf_span(&ber), &cert, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "in DER"));
}

/* The algorithm stands inside, signed, and outside; what is verified with is what is outside. */
static void two_algorithms_are_one_too_many(void **state)
{
    static const uint8_t oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
    OWNED_BUF der = BUF_OF(8192);
    OWNED_X509 *cert = NULL;
    uint8_t *outer = NULL;
    struct err err;

    (void)state;
    fake_cert_make(&plain, leaf_key, root_key, &der);
    for (size_t at = 0; at + sizeof(oid) <= der.len; at++)
        if (memcmp(der.data + at, oid, sizeof(oid)) == 0)
            outer = der.data + at;
    assert_non_null(outer);
    outer[7] = 0x02; /* SHA-256 */
    assert_fails(x509_parse(buf_span(&der), &cert, &err), ERR_INPUT);
    assert_string_equal(err.text, "certificate: names two signature algorithms");
}

static void version_1_is_refused(void **state)
{
    struct fake_cert old = plain;
    OWNED_BUF der = BUF_OF(8192);
    OWNED_X509 *cert = NULL;
    struct err err;

    (void)state;
    old.version_1 = true;
    fake_cert_make(&old, leaf_key, root_key, &der);
    assert_fails(x509_parse(buf_span(&der), &cert, &err), ERR_INPUT);
}

static void extensions_are_found_as_raw_bytes(void **state)
{
    static const uint8_t raw[] = {0xde, 0xad, 0x00};
    const struct fake_extension extension = {OID_TEST, false, SPAN_OF_ARRAY(raw)};
    struct fake_cert with = plain;
    OWNED_X509 *cert = NULL;
    struct span found;

    (void)state;
    with.extensions = &extension;
    with.extension_count = 1;
    cert = parse(&with);
    assert_true(x509_extension(cert, OID_TEST, &found));
    assert_true(span_equal(found, SPAN_OF_ARRAY(raw)));
    assert_false(x509_extension(cert, "1.3.6.1.4.1.3704.1.5", &found));
}

static void an_extension_that_is_there_twice_is_refused(void **state)
{
    const struct fake_extension twice[] = {{OID_TEST, false, span_of("a", 1)},
                                           {OID_TEST, false, span_of("b", 1)}};
    struct fake_cert with = plain;
    OWNED_BUF der = BUF_OF(8192);
    OWNED_X509 *cert = NULL;
    struct err err;

    (void)state;
    with.extensions = twice;
    with.extension_count = 2;
    fake_cert_make(&with, leaf_key, root_key, &der);
    assert_fails(x509_parse(buf_span(&der), &cert, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, OID_TEST));
}

static void the_year_9999_is_a_time(void **state)
{
    struct fake_cert forever = plain;
    OWNED_X509 *cert = NULL;

    (void)state;
    forever.not_after = 253402300799; /* 99991231235959Z */
    cert = parse(&forever);
    assert_int_equal(x509_not_after(cert), 253402300799);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(a_serial_of_zero_is_a_serial),
        cmocka_unit_test(every_truncation_and_any_byte_more_is_refused),
        cmocka_unit_test(what_is_not_der_is_refused),
        cmocka_unit_test(two_algorithms_are_one_too_many),
        cmocka_unit_test(version_1_is_refused),
        cmocka_unit_test(extensions_are_found_as_raw_bytes),
        cmocka_unit_test(an_extension_that_is_there_twice_is_refused),
        cmocka_unit_test(the_year_9999_is_a_time),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
