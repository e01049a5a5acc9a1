#include "tests/unit/unit.h"

#include "lib/attest/evidence/tpm_pb.h"
#include "tests/unit/attest/pb_make.h"

static void add_text(struct buf *out, unsigned field, const char *text)
{
    pb_bytes(out, field, span_of_str(text));
}

static void add_register(struct buf *pcrs, unsigned index, uint8_t fill)
{
    OWNED_BUF entry = BUF_OF(256);
    uint8_t value[SHA256_SIZE];

    memset(value, fill, sizeof(value));
    if (index != 0)
        pb_number(&entry, 1, index);
    pb_bytes(&entry, 2, SPAN_OF_ARRAY(value));
    pb_bytes(pcrs, 2, buf_span(&entry));
}

/* A quote with registers 0 and 5, hash algorithm at the end when `late`. */
static void make_pb_quote(struct buf *out, uint64_t hash, bool late)
{
    OWNED_BUF quote = BUF_OF(4096), pcrs = BUF_OF(4096);

    if (!late)
        pb_number(&pcrs, 1, hash);
    add_register(&pcrs, 5, 0x55);
    add_register(&pcrs, 0, 0x11);
    if (late)
        pb_number(&pcrs, 1, hash);
    add_text(&quote, 1, "statement");
    add_text(&quote, 2, "signature");
    pb_bytes(&quote, 3, buf_span(&pcrs));
    pb_bytes(out, 2, buf_span(&quote));
}

static void make_pb(struct buf *out)
{
    add_text(out, 1, "ak");
    make_pb_quote(out, TPM_ALG_SHA256, false);
    add_text(out, 3, "log");
    add_text(out, 4, "instance information, which is not looked at");
    add_text(out, 6, "certificate");
    add_text(out, 7, "intermediate");
    pb_number(out, 99, 1);
}

static void a_message_is_read(void **state)
{
    OWNED_BUF bytes = BUF_OF(8192);
    struct tpm_pb pb;
    struct err err;

    (void)state;
    make_pb(&bytes);
    make_pb_quote(&bytes, TPM_ALG_SHA256, true);
    assert_ok(tpm_pb_parse(buf_span(&bytes), &pb, &err));
    assert_true(span_equal(pb.ak_public, span_of_str("ak")));
    assert_true(span_equal(pb.event_log, span_of_str("log")));
    assert_true(span_equal(pb.ak_certificate, span_of_str("certificate")));
    assert_int_equal(pb.intermediate_count, 1);
    assert_int_equal(pb.quote_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(span_equal(pb.quotes[i].quote, span_of_str("statement")));
        assert_int_equal(pb.quotes[i].bank.alg, DIGEST_SHA256);
        assert_int_equal(pb.quotes[i].bank.set, 1u << 0 | 1u << 5);
        assert_int_equal(pb.quotes[i].bank.value[5][31], 0x55);
    }
}

static void what_is_written_is_read(void **state)
{
    OWNED_BUF bytes = BUF_OF(8192), again = BUF_OF(8192);
    struct tpm_pb pb, copy;
    struct err err;

    (void)state;
    make_pb(&bytes);
    add_text(&bytes, 5, "canonical");
    add_text(&bytes, 8, "snp");
    assert_ok(tpm_pb_parse(buf_span(&bytes), &pb, &err));
    tpm_pb_write(&pb, &again);
    assert_ok(tpm_pb_parse(buf_span(&again), &copy, &err));
    assert_true(span_equal(copy.ak_public, pb.ak_public));
    assert_true(span_equal(copy.canonical_log, pb.canonical_log));
    assert_true(span_equal(copy.snp, pb.snp));
    assert_int_equal(copy.intermediate_count, 1);
    assert_int_equal(copy.quote_count, 1);
    assert_memory_equal(&copy.quotes[0].bank, &pb.quotes[0].bank, sizeof(pb.quotes[0].bank));
    assert_true(span_equal(copy.quotes[0].signature, pb.quotes[0].signature));
}

static void a_message_cut_anywhere_is_refused_or_shorter(void **state)
{
    OWNED_BUF bytes = BUF_OF(8192);
    struct tpm_pb pb;
    struct err err;
    size_t whole = 0;

    (void)state;
    make_pb(&bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *cut = (uint8_t *)mem_copy(bytes.data, len);

        if (tpm_pb_parse(span_of(cut, len), &pb, &err) == 0)
            whole++;
        free(cut);
    }
    assert_int_equal(whole, 7); /* before each field */
}

static void a_field_twice_is_refused(void **state)
{
    static const unsigned fields[] = {1, 3, 5, 6, 8, 9};
    struct tpm_pb pb;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        OWNED_BUF bytes = BUF_OF(8192);

        add_text(&bytes, fields[i], "a");
        assert_ok(tpm_pb_parse(buf_span(&bytes), &pb, &err));
        add_text(&bytes, fields[i], "b");
        assert_fails(tpm_pb_parse(buf_span(&bytes), &pb, &err), ERR_INPUT);
        buf_reset(&bytes);
        pb_number(&bytes, fields[i], 1);
        assert_fails(tpm_pb_parse(buf_span(&bytes), &pb, &err), ERR_INPUT);
    }
}

static void two_platforms_are_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(8192);
    struct tpm_pb pb;
    struct err err;

    (void)state;
    add_text(&bytes, 8, "snp");
    add_text(&bytes, 9, "tdx");
    assert_fails(tpm_pb_parse(buf_span(&bytes), &pb, &err), ERR_INPUT);
}

static void unknown_banks_are_refused(void **state)
{
    static const uint64_t hashes[] = {0, TPM_ALG_SM3_256, 0x1000b};
    struct tpm_pb pb;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        OWNED_BUF bytes = BUF_OF(8192);

        make_pb_quote(&bytes, hashes[i], false);
        assert_fails(tpm_pb_parse(buf_span(&bytes), &pb, &err), ERR_INPUT);
    }
}

static void registers_that_cannot_be_are_refused(void **state)
{
    static const unsigned indexes[] = {5, 24, 0xffffffff};
    struct tpm_pb pb;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(indexes); i++) {
        OWNED_BUF bytes = BUF_OF(8192), quote = BUF_OF(4096), pcrs = BUF_OF(4096);

        pb_number(&pcrs, 1, TPM_ALG_SHA256);
        add_register(&pcrs, 5, 1);
        add_register(&pcrs, indexes[i], 2);
        pb_bytes(&quote, 3, buf_span(&pcrs));
        pb_bytes(&bytes, 2, buf_span(&quote));
        assert_fails(tpm_pb_parse(buf_span(&bytes), &pb, &err), ERR_INPUT);
    }
}

static void too_many_quotes_or_certificates_are_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(8192);
    struct tpm_pb pb;
    struct err err;

    (void)state;
    for (int i = 0; i < TPM_PB_QUOTES_MAX; i++)
        make_pb_quote(&bytes, TPM_ALG_SHA256, false);
    for (int i = 0; i < TPM_PB_INTERMEDIATES_MAX; i++)
        add_text(&bytes, 7, "c");
    assert_ok(tpm_pb_parse(buf_span(&bytes), &pb, &err));
    add_text(&bytes, 7, "c");
    assert_fails(tpm_pb_parse(buf_span(&bytes), &pb, &err), ERR_INPUT);
    bytes.len -= 3;
    make_pb_quote(&bytes, TPM_ALG_SHA256, false);
    assert_fails(tpm_pb_parse(buf_span(&bytes), &pb, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_read),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_message_cut_anywhere_is_refused_or_shorter),
        cmocka_unit_test(a_field_twice_is_refused),
        cmocka_unit_test(two_platforms_are_refused),
        cmocka_unit_test(unknown_banks_are_refused),
        cmocka_unit_test(registers_that_cannot_be_are_refused),
        cmocka_unit_test(too_many_quotes_or_certificates_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
