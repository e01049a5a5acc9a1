#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/snp_certs.h"
#include "lib/attest/evidence/snp_pb.h"
#include "tests/unit/attest/pb_make.h"

/* Bytes that differ everywhere, with the fields that a report of version 5 has. */
static void fill(uint8_t report[SNP_REPORT_SIZE])
{
    memset(report, 0, SNP_REPORT_SIZE);
    for (size_t i = 0; i < SNP_REPORT_SIZE; i++)
        if (i < 0x208 || i >= 0x2a0)
            report[i] = (uint8_t)(i * 7 + 1);
    memset(report + 0x04c, 0, 4);
    memset(report + 0x18b, 0, 0x1a0 - 0x18b);
    report[0x1eb] = report[0x1ef] = 0;
    report[0x188] = 0x19;
    report[0x18a] = 0x01;
}

static int rewrite(struct span pb, struct buf *out, struct err *err)
{
    buf_reset(out);
    return snp_pb_write(pb, out, err);
}

static void a_report_comes_out_as_it_went_in(void **state)
{
    OWNED_BUF pb = BUF_OF(8 * KIB), out = BUF_OF(8 * KIB);
    uint8_t report[SNP_REPORT_SIZE];
    struct err err;

    (void)state;
    fill(report);
    pb_snp(&pb, SPAN_OF_ARRAY(report), span_of(NULL, 0));
    assert_ok(rewrite(buf_span(&pb), &out, &err));
    assert_int_equal(out.len, SNP_REPORT_SIZE);
    assert_memory_equal(out.data, report, SNP_REPORT_SIZE);
}

static void certificates_follow_as_a_table(void **state)
{
    OWNED_BUF pb = BUF_OF(8 * KIB), out = BUF_OF(8 * KIB);
    uint8_t report[SNP_REPORT_SIZE];
    struct snp_certs certs;
    struct err err;

    (void)state;
    fill(report);
    pb_snp(&pb, SPAN_OF_ARRAY(report), span_of_str("the vcek"));
    assert_ok(rewrite(buf_span(&pb), &out, &err));
    assert_ok(snp_certs_parse(span_part(buf_span(&out), SNP_REPORT_SIZE, out.len), SNP_REPORT_SIZE,
                              &certs, &err));
    assert_true(span_equal(certs.cert[SNP_CERT_VCEK], span_of_str("the vcek")));
    assert_int_equal(certs.cert[SNP_CERT_ASK].len, 0);
}

static void fields_that_cannot_be_are_refused(void **state)
{
    static const struct {
        unsigned field;
        uint64_t number;
        size_t bytes; /* SIZE_MAX: a number */
    } rows[] = {
        {1, 1ull << 32, SIZE_MAX},
        {21, 256, SIZE_MAX},
        {29, 1ull << 32, SIZE_MAX},
        {11, 0, 63},
        {11, 0, 65},
        {28, 0, 511},
        {1, 0, 4},
        {11, 5, SIZE_MAX},
        {29, 0, 4},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF message = BUF_OF(8 * KIB), pb = BUF_OF(8 * KIB), out = BUF_OF(8 * KIB);
        uint8_t zeros[1024] = {0};
        struct err err;

        if (rows[i].bytes == SIZE_MAX)
            pb_number(&message, rows[i].field, rows[i].number);
        else
            pb_bytes(&message, rows[i].field, span_of(zeros, rows[i].bytes));
        pb_bytes(&pb, 1, buf_span(&message));
        assert_fails(rewrite(buf_span(&pb), &out, &err), ERR_INPUT);
    }
}

static void what_is_there_twice_or_not_is_refused(void **state)
{
    OWNED_BUF once = BUF_OF(8 * KIB), twice = BUF_OF(8 * KIB), out = BUF_OF(8 * KIB);
    OWNED_BUF message = BUF_OF(8 * KIB), pb = BUF_OF(8 * KIB), chain = BUF_OF(8 * KIB);
    uint8_t report[SNP_REPORT_SIZE];
    struct err err;

    (void)state;
    fill(report);
    assert_fails(rewrite(span_of(NULL, 0), &out, &err), ERR_INPUT);
    pb_snp(&once, SPAN_OF_ARRAY(report), span_of(NULL, 0));
    buf_add_span(&twice, buf_span(&once));
    buf_add_span(&twice, buf_span(&once));
    assert_fails(rewrite(buf_span(&twice), &out, &err), ERR_INPUT);

    pb_number(&message, 2, 1);
    pb_number(&message, 2, 1);
    pb_bytes(&pb, 1, buf_span(&message));
    assert_fails(rewrite(buf_span(&pb), &out, &err), ERR_INPUT);

    pb_bytes(&chain, 1, span_of_str("a"));
    pb_bytes(&chain, 1, span_of_str("b"));
    pb_bytes(&once, 2, buf_span(&chain));
    assert_fails(rewrite(buf_span(&once), &out, &err), ERR_INPUT);
}

static void a_message_cut_anywhere_is_no_other_report(void **state)
{
    OWNED_BUF pb = BUF_OF(8 * KIB), out = BUF_OF(8 * KIB);
    uint8_t report[SNP_REPORT_SIZE];
    struct err err;

    (void)state;
    fill(report);
    pb_snp(&pb, SPAN_OF_ARRAY(report), span_of(NULL, 0));
    for (size_t len = 0; len < pb.len; len++) {
        uint8_t *cut = (uint8_t *)mem_copy(pb.data, len);

        assert_fails(rewrite(span_of(cut, len), &out, &err), ERR_INPUT);
        free(cut);
    }
}

/* --- the way back ---------------------------------------------------------------------------- */

static void what_is_no_report_is_not_taken_apart(void **state)
{
    OWNED_BUF item = BUF_OF(8 * KIB), pb = BUF_OF(8 * KIB);
    uint8_t report[SNP_REPORT_SIZE] = {0};
    struct err err;

    (void)state;
    assert_fails(snp_pb_make(span_of(NULL, 0), &pb, &err), ERR_INPUT);
    assert_fails(snp_pb_make(SPAN_OF_ARRAY(report), &pb, &err), ERR_INPUT); /* version 0 */
    need_vectors();
    vector_read("snp/trustee-milan-v2/test-report.bin", &item);
    buf_add_str(&item, "no table");
    assert_fails(snp_pb_make(buf_span(&item), &pb, &err), ERR_INPUT);
    assert_fails(snp_pb_make(span_part(buf_span(&item), 0, SNP_REPORT_SIZE - 1), &pb, &err),
                 ERR_INPUT);
}

static void a_report_taken_apart_is_put_together_again(void **state)
{
    static const char *const files[] = {"snp/trustee-milan-v2/test-report.bin",
                                        "snp/yaxi-routex-genoa-v5/report.bin",
                                        "snp/yaxi-routex-genoa-v3/report.bin"};
    const struct snp_certs certs = {.cert = {[SNP_CERT_VCEK] = span_of_str("vcek"),
                                             [SNP_CERT_VLEK] = span_of_str("vlek"),
                                             [SNP_CERT_ASK] = span_of_str("ask"),
                                             [SNP_CERT_ARK] = span_of_str("ark")}};

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWNED_BUF item = BUF_OF(8 * KIB), pb = BUF_OF(8 * KIB), out = BUF_OF(8 * KIB);
        struct err err;

        vector_read(files[i], &item);
        assert_ok(snp_pb_make(buf_span(&item), &pb, &err));
        assert_ok(rewrite(buf_span(&pb), &out, &err));
        assert_true(span_equal(buf_span(&out), buf_span(&item)));
        buf_reset(&pb);
        snp_certs_write(&certs, &item);
        assert_ok(snp_pb_make(buf_span(&item), &pb, &err));
        assert_ok(rewrite(buf_span(&pb), &out, &err));
        assert_true(span_equal(buf_span(&out), buf_span(&item)));
    }
}

static void genuine_reports_survive(void **state)
{
    static const char *const files[] = {"snp/trustee-milan-v2/test-report.bin",
                                        "snp/yaxi-routex-genoa-v5/report.bin",
                                        "snp/yaxi-routex-genoa-v3/report.bin"};
    size_t checked = 0;

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWNED_BUF report = BUF_OF(8 * KIB), pb = BUF_OF(8 * KIB), out = BUF_OF(8 * KIB);
        struct err err;

        if (!vector_exists(files[i]))
            continue;
        vector_read(files[i], &report);
        pb_snp(&pb, buf_span(&report), span_of(NULL, 0));
        assert_ok(rewrite(buf_span(&pb), &out, &err));
        assert_true(span_equal(buf_span(&out), buf_span(&report)));
        checked++;
    }
    assert_true(checked >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_comes_out_as_it_went_in),
        cmocka_unit_test(certificates_follow_as_a_table),
        cmocka_unit_test(fields_that_cannot_be_are_refused),
        cmocka_unit_test(what_is_there_twice_or_not_is_refused),
        cmocka_unit_test(a_message_cut_anywhere_is_no_other_report),
        cmocka_unit_test(what_is_no_report_is_not_taken_apart),
        cmocka_unit_test(a_report_taken_apart_is_put_together_again),
        cmocka_unit_test(genuine_reports_survive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
