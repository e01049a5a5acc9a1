#include "tests/unit/unit.h"

#include "lib/attest/evidence/svsm.h"
#include "tests/unit/attest/tpm_make.h"

static const uint8_t services[] = {0xbb, 0x9e, 0x84, 0x63, 0x92, 0x3d, 0x70, 0x46,
                                   0xa1, 0xff, 0x58, 0xf9, 0xc9, 0x4b, 0x87, 0xbb};
static const uint8_t vtpm[] = {0xeb, 0xf1, 0x76, 0xc4, 0x23, 0x01, 0xa5, 0x45,
                               0x96, 0x41, 0xb4, 0xe7, 0xdd, 0xe5, 0xbf, 0xe3};
static const uint8_t other[16] = {1};

static void make_ek(struct buf *out)
{
    OWNED_KEY *key = NULL;
    struct err err;

    assert_ok(key_generate(KEY_P384, 0, &key, &err));
    make_public(out, key, TPM_ATTRIBUTE_DECRYPT);
}

/* A table of two services, the first of them another one. */
static void make_table(struct buf *out, const uint8_t second[16], struct span ek)
{
    buf_add(out, services, 16);
    buf_add_le32(out, (uint32_t)(24 + 48 + 4 + ek.len));
    buf_add_le32(out, 2);
    buf_add(out, other, 16);
    buf_add_le32(out, 72);
    buf_add_le32(out, 4);
    buf_add(out, second, 16);
    buf_add_le32(out, 76);
    buf_add_le32(out, (uint32_t)ek.len);
    buf_add_str(out, "some");
    buf_add_span(out, ek);
}

static void both_forms_name_the_key(void **state)
{
    OWNED_BUF ek = BUF_OF(4096), table = BUF_OF(4096);
    struct tpm_public found;
    struct err err;

    (void)state;
    make_ek(&ek);
    make_table(&table, vtpm, buf_span(&ek));
    assert_ok(svsm_find_ek(buf_span(&ek), &found, &err));
    assert_true(span_equal(found.raw, buf_span(&ek)));
    assert_ok(svsm_find_ek(buf_span(&table), &found, &err));
    assert_true(span_equal(found.raw, buf_span(&ek)));
}

static void tables_that_cannot_be_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
    } rows[] = {{16, 0}, {20, 3}, {23, 0x80}, {40 + 3, 0xff}, {44 + 3, 0xff}, {64 + 3, 1}, {68, 1}};
    OWNED_BUF ek = BUF_OF(4096);
    struct tpm_public found;
    struct err err;

    (void)state;
    make_ek(&ek);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF table = BUF_OF(4096);

        make_table(&table, vtpm, buf_span(&ek));
        table.data[rows[i].at] = rows[i].byte;
        if (svsm_find_ek(buf_span(&table), &found, &err) == 0)
            fail_msg("row %zu", i);
    }
}

static void a_table_without_the_vtpm_or_with_two_is_refused(void **state)
{
    OWNED_BUF ek = BUF_OF(4096), none = BUF_OF(4096), two = BUF_OF(4096);
    struct tpm_public found;
    struct err err;

    (void)state;
    make_ek(&ek);
    make_table(&none, other, buf_span(&ek));
    assert_fails(svsm_find_ek(buf_span(&none), &found, &err), ERR_INPUT);
    make_table(&two, vtpm, buf_span(&ek));
    memcpy(two.data + 24, vtpm, 16);
    assert_fails(svsm_find_ek(buf_span(&two), &found, &err), ERR_INPUT);
}

static void a_manifest_cut_anywhere_is_refused(void **state)
{
    OWNED_BUF ek = BUF_OF(4096), table = BUF_OF(4096);
    struct tpm_public found;
    struct err err;

    (void)state;
    make_ek(&ek);
    make_table(&table, vtpm, buf_span(&ek));
    for (size_t len = 0; len < table.len; len++) {
        uint8_t *cut = (uint8_t *)mem_copy(table.data, len);

        assert_fails(svsm_find_ek(span_of(cut, len), &found, &err), ERR_INPUT);
        free(cut);
    }
}

static void report_data_is_over_challenge_and_manifest(void **state)
{
    uint8_t both[64 + 8] = {7}, expected[SHA512_SIZE], data[SHA512_SIZE];

    (void)state;
    memcpy(both + 64, "manifest", 8);
    digest_of(DIGEST_SHA512, SPAN_OF_ARRAY(both), expected);
    svsm_report_data(span_of(both, 64), span_of_str("manifest"), data);
    assert_memory_equal(data, expected, sizeof(data));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_name_the_key),
        cmocka_unit_test(tables_that_cannot_be_are_refused),
        cmocka_unit_test(a_table_without_the_vtpm_or_with_two_is_refused),
        cmocka_unit_test(a_manifest_cut_anywhere_is_refused),
        cmocka_unit_test(report_data_is_over_challenge_and_manifest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
