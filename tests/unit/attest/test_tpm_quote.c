#include "tests/unit/unit.h"

#include "tests/unit/attest/tpm_make.h"

#define REGISTERS 0x00000213u

static struct pcr_bank bank;
static const uint8_t challenge[32] = {1, 2, 3};

static int fill_bank(void **state)
{
    struct err err;

    (void)state;
    pcr_bank_init(&bank, DIGEST_SHA256);
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        uint8_t value[SHA256_SIZE] = {(uint8_t)i, 0x55};

        assert_ok(pcr_bank_give(&bank, i, SPAN_OF_ARRAY(value), &err));
    }
    return 0;
}

struct scheme_row {
    enum key_type type;
    uint16_t scheme;
    enum digest_alg hash;
};

static const struct scheme_row schemes[] = {
    {KEY_RSA, TPM_ALG_RSASSA, DIGEST_SHA256}, {KEY_RSA, TPM_ALG_RSAPSS, DIGEST_SHA256},
    {KEY_RSA, TPM_ALG_RSASSA, DIGEST_SHA384}, {KEY_P256, TPM_ALG_ECDSA, DIGEST_SHA256},
    {KEY_P384, TPM_ALG_ECDSA, DIGEST_SHA384},
};

/* Everything that a verifier does with a quote. */
static int check_all(struct span statement, struct span signature_bytes, const struct key *ak,
                     struct err *err)
{
    struct tpm_signature signature;
    struct tpm_quote quote;

    if (tpm_quote_parse(statement, &quote, err) < 0 ||
        tpm_signature_parse(signature_bytes, &signature, err) < 0 ||
        tpm_quote_check_signature(&quote, &signature, ak, err) < 0)
        return -1;
    return tpm_quote_check_registers(&quote, &signature, &bank, 1, err);
}

static void a_quote_cut_anywhere_is_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(4096);
    struct tpm_quote quote;
    struct err err;

    (void)state;
    make_quote(&bytes, SPAN_OF_ARRAY(challenge), &bank, REGISTERS, DIGEST_SHA256);
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *cut = (uint8_t *)mem_copy(bytes.data, len);

        assert_fails(tpm_quote_parse(span_of(cut, len), &quote, &err), ERR_INPUT);
        free(cut);
    }
    assert_ok(tpm_quote_parse(buf_span(&bytes), &quote, &err));
    buf_add_u8(&bytes, 0);
    assert_fails(tpm_quote_parse(buf_span(&bytes), &quote, &err), ERR_INPUT);
}

static void a_signature_cut_anywhere_is_refused(void **state)
{
    struct tpm_signature ret;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        OWNED_BUF bytes = BUF_OF(4096);
        OWNED_KEY *ak = NULL;

        assert_ok(key_generate(schemes[i].type, 2048, &ak, &err));
        make_signature(&bytes, ak, schemes[i].scheme, schemes[i].hash, span_of_str("x"));
        for (size_t len = 0; len < bytes.len; len++)
            assert_fails(tpm_signature_parse(span_of(bytes.data, len), &ret, &err), ERR_INPUT);
        assert_ok(tpm_signature_parse(buf_span(&bytes), &ret, &err));
        buf_add_u8(&bytes, 0);
        assert_fails(tpm_signature_parse(buf_span(&bytes), &ret, &err), ERR_INPUT);
    }
}

static void what_no_tpm_made_is_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(4096);
    struct tpm_quote quote;
    struct err err;

    (void)state;
    make_quote(&bytes, SPAN_OF_ARRAY(challenge), &bank, REGISTERS, DIGEST_SHA256);
    bytes.data[0] ^= 1;
    assert_fails(tpm_quote_parse(buf_span(&bytes), &quote, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "no TPM made it"));
    bytes.data[0] ^= 1;
    bytes.data[5] = 0x17; /* TPM_ST_ATTEST_CERTIFY */
    assert_fails(tpm_quote_parse(buf_span(&bytes), &quote, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "is no quote"));
}

/* Offsets: 6 signer, 14 extra, 48 clock, 73 count, 77 selection, 83 digest. */
static void selections_that_cannot_be_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
        const char *why;
    } rows[] = {
        {76, 17, "17 banks"},
        {73, 0xff, "banks"},
        {79, 5, "bitmap of 5 bytes"},
        {79, 4, "registers over 23"},
    };
    struct tpm_quote quote;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF bytes = BUF_OF(4096);

        make_quote(&bytes, SPAN_OF_ARRAY(challenge), &bank, REGISTERS, DIGEST_SHA256);
        bytes.data[rows[i].at] = rows[i].byte;
        if (rows[i].byte == 4)
            bytes.data[83] = 1;
        assert_fails(tpm_quote_parse(buf_span(&bytes), &quote, &err), ERR_INPUT);
        if (strstr(err.text, rows[i].why) == NULL)
            fail_msg("row %zu: %s", i, err.text);
    }
}

static void a_bank_selected_twice_is_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(4096), twice = BUF_OF(4096);
    struct tpm_quote quote;
    struct err err;

    (void)state;
    make_quote(&bytes, SPAN_OF_ARRAY(challenge), &bank, REGISTERS, DIGEST_SHA256);
    buf_add(&twice, bytes.data, 83);
    buf_add(&twice, bytes.data + 77, 6);
    buf_add(&twice, bytes.data + 83, bytes.len - 83);
    twice.data[76] = 2;
    assert_fails(tpm_quote_parse(buf_span(&twice), &quote, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "selected twice"));
}

static void every_field_is_read(void **state)
{
    OWNED_BUF bytes = BUF_OF(4096);
    struct tpm_quote quote;
    struct err err;

    (void)state;
    make_quote(&bytes, SPAN_OF_ARRAY(challenge), &bank, REGISTERS, DIGEST_SHA256);
    assert_ok(tpm_quote_parse(buf_span(&bytes), &quote, &err));
    assert_true(span_equal(quote.qualified_signer, span_of_str("signer")));
    assert_true(span_equal(quote.extra_data, SPAN_OF_ARRAY(challenge)));
    assert_int_equal(quote.clock, 123456789);
    assert_int_equal(quote.reset_count, 7);
    assert_int_equal(quote.restart_count, 2);
    assert_true(quote.clock_safe);
    assert_true(quote.firmware_version == 0x2020031200120003);
    assert_int_equal(tpm_quote_covers(&quote, DIGEST_SHA256), REGISTERS);
    assert_int_equal(tpm_quote_covers(&quote, DIGEST_SHA1), 0);
}

static void every_scheme_is_verified(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        OWNED_BUF statement = BUF_OF(4096), signature = BUF_OF(4096);
        OWNED_KEY *ak = NULL, *other = NULL;

        assert_ok(key_generate(schemes[i].type, 2048, &ak, &err));
        assert_ok(key_generate(schemes[i].type, 2048, &other, &err));
        make_quote(&statement, SPAN_OF_ARRAY(challenge), &bank, REGISTERS, schemes[i].hash);
        make_signature(&signature, ak, schemes[i].scheme, schemes[i].hash, buf_span(&statement));
        assert_ok(check_all(buf_span(&statement), buf_span(&signature), ak, &err));
        assert_fails(check_all(buf_span(&statement), buf_span(&signature), other, &err),
                     ERR_UNTRUSTED);
    }
}

static void every_flipped_bit_is_refused(void **state)
{
    OWNED_BUF statement = BUF_OF(4096), signature = BUF_OF(4096);
    OWNED_KEY *ak = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &ak, &err));
    make_quote(&statement, SPAN_OF_ARRAY(challenge), &bank, REGISTERS, DIGEST_SHA256);
    make_signature(&signature, ak, TPM_ALG_ECDSA, DIGEST_SHA256, buf_span(&statement));
    for (size_t bit = 0; bit < 8 * statement.len; bit++) {
        statement.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(check_all(buf_span(&statement), buf_span(&signature), ak, &err), -1);
        statement.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * signature.len; bit++) {
        signature.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(check_all(buf_span(&statement), buf_span(&signature), ak, &err), -1);
        signature.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(check_all(buf_span(&statement), buf_span(&signature), ak, &err));
}

static void sha1_signatures_are_refused(void **state)
{
    OWNED_BUF statement = BUF_OF(4096), signature = BUF_OF(4096);
    OWNED_KEY *ak = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_RSA, 2048, &ak, &err));
    make_quote(&statement, SPAN_OF_ARRAY(challenge), &bank, REGISTERS, DIGEST_SHA1);
    make_signature(&signature, ak, TPM_ALG_RSASSA, DIGEST_SHA1, buf_span(&statement));
    assert_fails(check_all(buf_span(&statement), buf_span(&signature), ak, &err), ERR_UNTRUSTED);
    assert_non_null(strstr(err.text, "0x0004"));
}

static void unknown_schemes_are_refused(void **state)
{
    uint8_t hmac[] = {0x00, 0x05, 0x00, 0x0b, 0x00, 0x00};
    struct tpm_signature ret;
    struct err err;

    (void)state;
    assert_fails(tpm_signature_parse(SPAN_OF_ARRAY(hmac), &ret, &err), ERR_INPUT);
}

/* A TPM may leave the leading zeros of r and s away. */
static void short_coordinates_are_filled_up(void **state)
{
    OWNED_BUF statement = BUF_OF(4096);
    OWNED_KEY *ak = NULL;
    struct err err;
    bool seen = false;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &ak, &err));
    make_quote(&statement, SPAN_OF_ARRAY(challenge), &bank, REGISTERS, DIGEST_SHA256);
    for (int i = 0; i < 20000 && !seen; i++) {
        OWNED_BUF pair = BUF_OF(1024), signature = BUF_OF(4096);

        foreign_sign(ak, DIGEST_SHA256, FOREIGN_NONE, buf_span(&statement), &pair);
        seen = pair.data[0] == 0;
        if (!seen)
            continue;
        buf_add_be16(&signature, TPM_ALG_ECDSA);
        buf_add_be16(&signature, TPM_ALG_SHA256);
        make_sized(&signature, span_of(pair.data + 1, 31));
        make_sized(&signature, span_of(pair.data + 32, 32));
        assert_ok(check_all(buf_span(&statement), buf_span(&signature), ak, &err));
    }
    assert_true(seen);
}

static void registers_that_were_not_quoted_are_refused(void **state)
{
    OWNED_BUF statement = BUF_OF(4096), signature_bytes = BUF_OF(4096);
    struct tpm_signature signature;
    struct tpm_quote quote;
    struct pcr_bank changed = bank;
    OWNED_KEY *ak = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &ak, &err));
    make_quote(&statement, SPAN_OF_ARRAY(challenge), &bank, REGISTERS, DIGEST_SHA256);
    make_signature(&signature_bytes, ak, TPM_ALG_ECDSA, DIGEST_SHA256, buf_span(&statement));
    assert_ok(tpm_quote_parse(buf_span(&statement), &quote, &err));
    assert_ok(tpm_signature_parse(buf_span(&signature_bytes), &signature, &err));
    changed.value[2][0] ^= 1; /* not selected */
    assert_ok(tpm_quote_check_registers(&quote, &signature, &changed, 1, &err));
    changed.value[4][31] ^= 1;
    assert_fails(tpm_quote_check_registers(&quote, &signature, &changed, 1, &err), ERR_UNTRUSTED);
    changed = bank;
    changed.set &= ~(1u << 9);
    assert_fails(tpm_quote_check_registers(&quote, &signature, &changed, 1, &err), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_cut_anywhere_is_refused),
        cmocka_unit_test(a_signature_cut_anywhere_is_refused),
        cmocka_unit_test(what_no_tpm_made_is_refused),
        cmocka_unit_test(selections_that_cannot_be_are_refused),
        cmocka_unit_test(a_bank_selected_twice_is_refused),
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(every_scheme_is_verified),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(sha1_signatures_are_refused),
        cmocka_unit_test(unknown_schemes_are_refused),
        cmocka_unit_test(short_coordinates_are_filled_up),
        cmocka_unit_test(registers_that_were_not_quoted_are_refused),
    };

    return cmocka_run_group_tests(tests, fill_bank, NULL);
}
