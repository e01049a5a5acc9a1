#include "tests/unit/unit.h"

#include "lib/attest/evidence/snp_certs.h"
#include "tests/fakes/fake_snp.h"

#define AT 0x4a0

static int forget_keys(void **state)
{
    (void)state;
    fake_snp_forget_keys();
    return 0;
}

static void make(struct buf *table)
{
    OWNED_FAKE_SNP world;

    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_table(&world, table);
}

static void certificates_are_found_by_their_kind(void **state)
{
    OWNED_BUF table = BUF_OF(64 * KIB);
    struct snp_certs certs;
    struct err err;

    (void)state;
    make(&table);
    assert_ok(snp_certs_parse(buf_span(&table), AT, &certs, &err));
    assert_true(certs.cert[SNP_CERT_VCEK].len > 0);
    assert_true(certs.cert[SNP_CERT_ASK].len > 0);
    assert_true(certs.cert[SNP_CERT_ARK].len > 0);
    assert_int_equal(certs.cert[SNP_CERT_VLEK].len, 0);
    assert_int_equal(certs.cert[SNP_CERT_VCEK].data[0], 0x30);
}

static void every_truncation_is_refused(void **state)
{
    OWNED_BUF table = BUF_OF(64 * KIB);
    struct snp_certs certs;
    struct err err;

    (void)state;
    make(&table);
    for (size_t len = 0; len < table.len; len++)
        assert_fails(snp_certs_parse(span_of(table.data, len), AT, &certs, &err), ERR_INPUT);
}

static void entries_stay_within_the_table(void **state)
{
    static const struct {
        uint32_t offset, len;
    } bad[] = {{0xffffffff, 0xffffffff}, {0xffffffff, 1}, {0, 0xffffffff},
               {0x7fffffff, 0x7fffffff}, {96, 0},         {0xffffffa0, 0x60}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        OWNED_BUF table = BUF_OF(64 * KIB);
        struct snp_certs certs;
        struct err err;

        make(&table);
        fake_put32(table.data, 16, bad[i].offset);
        fake_put32(table.data, 20, bad[i].len);
        assert_fails(snp_certs_parse(buf_span(&table), AT, &certs, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, "byte 0x4a0"));
    }
}

static void two_of_a_kind_are_refused(void **state)
{
    OWNED_BUF table = BUF_OF(64 * KIB);
    struct snp_certs certs;
    struct err err;

    (void)state;
    make(&table);
    memcpy(table.data + 24, table.data, 16);
    assert_fails(snp_certs_parse(buf_span(&table), AT, &certs, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "byte 0x4b8: second"));
}

static void kinds_that_nobody_knows_are_skipped(void **state)
{
    OWNED_BUF table = BUF_OF(64 * KIB);
    struct snp_certs certs;
    struct err err;

    (void)state;
    make(&table);
    memset(table.data, 0x77, 16);
    assert_ok(snp_certs_parse(buf_span(&table), AT, &certs, &err));
    assert_int_equal(certs.cert[SNP_CERT_VCEK].len, 0);
    assert_true(certs.cert[SNP_CERT_ASK].len > 0);
}

static void a_table_has_an_entry_and_an_end(void **state)
{
    uint8_t zeros[48] = {0};
    uint8_t endless[24 * 20];
    struct snp_certs certs;
    struct err err;

    (void)state;
    assert_fails(snp_certs_parse(SPAN_OF_ARRAY(zeros), AT, &certs, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "empty"));
    for (size_t i = 0; i < sizeof(endless); i += 24) {
        memset(endless + i, 0x77, 16);
        fake_put32(endless, i + 16, 0);
        fake_put32(endless, i + 20, 1);
    }
    assert_fails(snp_certs_parse(SPAN_OF_ARRAY(endless), AT, &certs, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "no end"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_found_by_their_kind),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(entries_stay_within_the_table),
        cmocka_unit_test(two_of_a_kind_are_refused),
        cmocka_unit_test(kinds_that_nobody_knows_are_skipped),
        cmocka_unit_test(a_table_has_an_entry_and_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
