#include "tests/unit/attest/dice_make.h"

static void assert_refused(struct span in, const char *words)
{
    OWNED_DICE_CHAIN chain = {0};
    struct err err;

    assert_fails(dice_chain_parse(in, &chain, &err), ERR_INPUT);
    if (words != NULL && strstr(err.text, words) == NULL)
        fail_msg("expected '%s', got '%s'", words, err.text);
}

static void what_is_no_chain_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *words;
    } rows[] = {
        {"", 0, NULL},
        {"\x80", 1, "no certificate"},
        {"\x81\xa0", 2, "first key"},
        {"\x81\x80", 2, "certificate 0"},
        {"\x01", 1, "no array"},
        {"\x9f\xff", 2, "cbor"}, /* an indefinite list */
        {"\xa1\x01\x80", 3, "rooted chain"},
        {"\xa3\x01\x80\x02\x63tpm\x03\x40", 10, "no known type"},
        {"\xa3\x01\x80\x02\x64"
         "dice\x03\x40",
         11, "no known type"},
        {"\xa3\x01\x80\x02\x63snp\x03\x40", 10, "not there"},
        {"\x30\x80", 2, "at byte 0"},
        {"\x30\x00", 2, "certificate 0"},
        {"-----BEGIN CERTIFICATE-----", 27, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_refused(span_of(rows[i].bytes, rows[i].len), rows[i].words);
}

static void more_certificates_than_the_ceiling_are_refused(void **state)
{
    OWNED_BUF all = BUF_OF(64 * KIB);
    OWNED_DEVICE d;

    (void)state;
    device_make(&d, KEY_ED25519);
    cbor_add_array(&all, DICE_LAYERS_MAX + 1);
    for (size_t i = 0; i <= DICE_LAYERS_MAX; i++)
        buf_add_span(&all, buf_span(&d.certs[0]));
    assert_refused(buf_span(&all), "more than");
}

static void every_truncation_is_refused(void **state)
{
    struct span chain;
    OWNED_DEVICE d;

    (void)state;
    device_make(&d, KEY_ED25519);
    chain = device_chain(&d, BUNDLE_SNP, span_of_str("report"));
    for (size_t len = 0; len < chain.len; len++)
        assert_refused(span_of(chain.data, len), NULL);
}

static void what_is_written_is_read_back(void **state)
{
    OWNED_DICE_CHAIN chain = {0}, rooted = {0};
    OWNED_DEVICE d;
    struct err err;

    (void)state;
    device_make(&d, KEY_P256);
    assert_ok(dice_chain_parse(device_chain(&d, BUNDLE_SNP, span_of(NULL, 0)), &chain, &err));
    assert_int_equal(chain.count, DEVICE_LAYERS);
    assert_true(key_equal(chain.root, d.keys[0]));
    assert_false(chain.has_endorsement);

    assert_ok(dice_chain_parse(device_chain(&d, BUNDLE_SIM, span_of_str("report")), &rooted, &err));
    assert_true(rooted.has_endorsement);
    assert_int_equal(rooted.endorsement_type, BUNDLE_SIM);
    assert_true(span_equal(rooted.endorsement, span_of_str("report")));
}

static void a_chain_that_is_written_can_be_endorsed_later(void **state)
{
    OWNED_BUF whole = BUF_OF(64 * KIB), later = BUF_OF(64 * KIB), short_of = BUF_OF(16);
    OWNED_DEVICE d;
    struct err err;

    (void)state;
    device_make(&d, KEY_P256);
    buf_add_span(&whole, device_chain(&d, BUNDLE_VTPM, span_of_str("report")));
    assert_ok(dice_chain_endorse(device_chain(&d, BUNDLE_SNP, span_of(NULL, 0)), BUNDLE_VTPM,
                                 span_of_str("report"), &later, &err));
    assert_true(span_equal(buf_span(&whole), buf_span(&later)));
    assert_fails(
        dice_chain_endorse(buf_span(&whole), BUNDLE_VTPM, span_of_str("report"), &short_of, &err),
        ERR_TOO_LARGE);
}

static void one_certificate_alone_is_a_chain(void **state)
{
    OWNED_DICE_CHAIN chain = {0};
    OWNED_DEVICE d;
    struct err err;

    (void)state;
    device_make(&d, KEY_P384);
    assert_ok(dice_chain_parse(buf_span(&d.certs[2]), &chain, &err));
    assert_int_equal(chain.count, 1);
    assert_null(chain.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_chain_is_refused),
        cmocka_unit_test(more_certificates_than_the_ceiling_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(one_certificate_alone_is_a_chain),
        cmocka_unit_test(a_chain_that_is_written_can_be_endorsed_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
