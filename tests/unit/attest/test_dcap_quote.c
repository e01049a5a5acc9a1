#include "tests/unit/attest/tdx_world.h"

#include "lib/attest/evidence/dcap_quote.h"

static const unsigned versions[FAKE_TDX_KINDS] = {3, 4, 5, 5};

/* The end of the body: where the length of the signature data stands. */
static size_t body_end(const struct fake_tdx *world)
{
    return sizeof(world->header) + (world->header[0] == 5 ? 6 : 0) + fake_tdx_body_size(world);
}

static void expect_refusal(struct span bytes, const char *words)
{
    struct dcap_quote quote;
    struct err err;

    assert_fails(dcap_quote_parse(bytes, &quote, &err), ERR_INPUT);
    if (strstr(err.text, "byte") == NULL || strstr(err.text, words) == NULL)
        fail_msg("expected '%s', got '%s'", words, err.text);
}

/* Puts a byte and takes it back. */
static void expect_byte_refused(struct fake_tdx *world, size_t at, uint8_t value, const char *words)
{
    uint8_t was = world->quote.data[at];

    world->quote.data[at] = value;
    expect_refusal(buf_span(&world->quote), words);
    world->quote.data[at] = was;
}

static void a_quote_cut_anywhere_says_where_it_ends(void **state)
{
    (void)state;
    for (int kind = 0; kind < FAKE_TDX_KINDS; kind++) {
        OWNED_FAKE_TDX world;

        make_world(&world, (enum fake_tdx_kind)kind);
        for (size_t len = 0; len < world.quote.len; len++) {
            uint8_t *copy = (uint8_t *)mem_copy(world.quote.data, len);

            expect_refusal(span_of(copy, len), "");
            free(copy);
        }
    }
}

static void what_the_header_may_not_say_is_refused(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    make_world(&world, FAKE_TD4);
    expect_byte_refused(&world, 0, 0, "byte 0: version 0");
    expect_byte_refused(&world, 0, 2, "byte 0: version 2");
    expect_byte_refused(&world, 0, 6, "byte 0: version 6");
    expect_byte_refused(&world, 1, 1, "byte 0: version 260");
    expect_byte_refused(&world, 0, 3, "byte 4: TEE 0x81, expected 0x0");
    expect_byte_refused(&world, 2, 3, "byte 2: key type 3");
    expect_byte_refused(&world, 3, 1, "byte 2: key type 258");
    expect_byte_refused(&world, 4, 0, "byte 4: TEE 0x0, expected 0x81");
    expect_byte_refused(&world, 7, 0x80, "byte 4: TEE 0x80000081");
    for (size_t i = 12; i < 28; i++)
        expect_byte_refused(&world, i, 0, "byte 12: the quoting enclave is not of Intel");
}

static void a_body_of_another_kind_or_size_is_refused(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    make_world(&world, FAKE_TD5_15);
    expect_byte_refused(&world, 48, 0, "byte 48: body of type 0");
    expect_byte_refused(&world, 48, 1, "byte 48: body of type 1");
    expect_byte_refused(&world, 48, 4, "byte 48: body of type 4");
    expect_byte_refused(&world, 48, 2, "byte 50: body of 648 bytes, expected 584");
    expect_byte_refused(&world, 50, 0, "byte 50: body of 512 bytes, expected 648");
    expect_byte_refused(&world, 53, 0xff, "expected 648");
}

/* Every length, one below, one above, and near 2^32. */
static void a_length_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < FAKE_TDX_KINDS; kind++) {
        OWNED_FAKE_TDX world;
        size_t lengths[3], count = 0, qe;

        make_world(&world, (enum fake_tdx_kind)kind);
        lengths[count++] = body_end(&world);
        qe = lengths[0] + 4 + 128;
        if (versions[kind] >= 4) {
            lengths[count++] = qe + 2;
            qe += 6;
        }
        lengths[count++] = qe + 384 + 64 + 2 + 32 + 2;
        for (size_t i = 0; i < count; i++) {
            uint8_t *at = world.quote.data + lengths[i];
            uint32_t was = (uint32_t)(at[0] | at[1] << 8 | at[2] << 16 | at[3] << 24);
            const uint32_t wrong[] = {was - 1,    was + 1,    0,          1,
                                      0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc};

            for (size_t j = 0; j < COUNT_OF(wrong); j++) {
                for (int k = 0; k < 4; k++)
                    at[k] = (uint8_t)(wrong[j] >> 8 * k);
                expect_refusal(buf_span(&world.quote), "");
            }
            for (int k = 0; k < 4; k++)
                at[k] = (uint8_t)(was >> 8 * k);
        }
        expect_byte_refused(&world, qe + 448, 31, "");
        expect_byte_refused(&world, qe + 448, 33, "");
        expect_byte_refused(&world, qe + 449, 0xff, "");
    }
}

static void certification_data_of_another_type_is_refused(void **state)
{
    OWNED_FAKE_TDX world;
    size_t data;

    (void)state;
    make_world(&world, FAKE_TD4);
    data = body_end(&world) + 4 + 128;
    expect_byte_refused(&world, data, 5, "certification data of type 5, expected 6");
    for (uint8_t type = 1; type < 8; type++)
        if (type != 5)
            expect_byte_refused(&world, data + 6 + 384 + 64 + 2 + 32, type, "expected 5");
}

static void a_quote_is_taken_apart(void **state)
{
    (void)state;
    for (int kind = 0; kind < FAKE_TDX_KINDS; kind++) {
        OWNED_FAKE_TDX world;
        struct dcap_quote quote;
        struct err err;

        make_world(&world, (enum fake_tdx_kind)kind);
        buf_add_str(&world.quote, "more");
        assert_ok(dcap_quote_parse(buf_span(&world.quote), &quote, &err));
        assert_int_equal(quote.version, versions[kind]);
        assert_int_equal(quote.tee, kind == FAKE_SGX3 ? DCAP_SGX : DCAP_TDX);
        assert_int_equal(quote.end, world.quote.len - 4);
        assert_int_equal(quote.signed_part.len, body_end(&world));
        assert_true(quote.signed_part.data == world.quote.data);
        assert_true(span_equal(quote.body, span_of(world.body, fake_tdx_body_size(&world))));
        assert_true(span_equal(quote.qe_report, SPAN_OF_ARRAY(world.qe)));
        assert_true(span_equal(quote.qe_auth, SPAN_OF_ARRAY(world.qe_auth)));
        assert_true(span_equal(quote.certificates, buf_span(&world.chain)));
        assert_int_equal(quote.signature.len, 64);
        assert_int_equal(quote.attestation_key.len, 64);
        assert_int_equal(quote.qe_report_signature.len, 64);
        assert_int_equal(quote.user_data[0], 0x0d);
    }
}

static void quotes_are_told_from_other_evidence(void **state)
{
    static const uint8_t snp[] = {2, 0, 0, 0, 0, 0, 0, 0}, json[] = "{\"version\":1}";

    (void)state;
    for (int kind = 0; kind < FAKE_TDX_KINDS; kind++) {
        OWNED_FAKE_TDX world;
        struct span bytes;

        make_world(&world, (enum fake_tdx_kind)kind);
        bytes = buf_span(&world.quote);
        assert_int_equal(dcap_quote_detect(bytes, DCAP_SGX), kind == FAKE_SGX3);
        assert_int_equal(dcap_quote_detect(bytes, DCAP_TDX), kind != FAKE_SGX3);
        assert_int_equal(attest_detect(bytes), kind == FAKE_SGX3 ? ATTEST_SGX : ATTEST_TDX);
    }
    assert_false(dcap_quote_detect(SPAN_OF_ARRAY(snp), DCAP_SGX));
    assert_false(dcap_quote_detect(SPAN_OF_ARRAY(json), DCAP_TDX));
    assert_false(dcap_quote_detect(span_of("\4\0\2\0\x81\0\0", 7), DCAP_TDX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_cut_anywhere_says_where_it_ends),
        cmocka_unit_test(what_the_header_may_not_say_is_refused),
        cmocka_unit_test(a_body_of_another_kind_or_size_is_refused),
        cmocka_unit_test(a_length_that_does_not_fit_is_refused),
        cmocka_unit_test(certification_data_of_another_type_is_refused),
        cmocka_unit_test(a_quote_is_taken_apart),
        cmocka_unit_test(quotes_are_told_from_other_evidence),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
