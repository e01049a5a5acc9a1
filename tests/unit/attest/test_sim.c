#include "tests/unit/unit.h"

#include "lib/attest/evidence/sim.h"

static struct key *root;

static int make_root(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_P384, 0, &root, &err);
}

static int free_root(void **state)
{
    (void)state;
    key_free(root);
    return 0;
}

static void make(struct buf *out)
{
    struct sim_machine machine;
    struct err err;

    memset(&machine, 0x5a, sizeof(machine));
    assert_ok(sim_report_make(&machine, root, out, &err));
    assert_int_equal(out->len, SNP_REPORT_SIZE);
}

static void another_kind_of_key_signs_nothing(void **state)
{
    const struct sim_machine machine = {0};
    OWNED_BUF out = BUF_OF(4 * KIB);
    OWNED_KEY *key = NULL;
    struct snp_report report = {0};
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    assert_fails(sim_report_make(&machine, key, &out, &err), ERR_INPUT);
    assert_int_equal(out.len, 0);
    assert_fails(sim_report_check(&report, key, &err), ERR_UNTRUSTED);
}

/* A report of real hardware cannot be passed off as simulated, nor the other way round. */
static void a_report_that_does_not_say_simulated_is_refused(void **state)
{
    static const size_t offsets[] = {0x010, 0x018, 0x048};
    OWNED_BUF out = BUF_OF(4 * KIB);
    struct snp_report report;
    struct err err;

    (void)state;
    make(&out);
    for (size_t i = 0; i < COUNT_OF(offsets); i++) {
        uint8_t was = out.data[offsets[i]];

        out.data[offsets[i]] = 0;
        out.data[offsets[i]] |= was == 0 ? 1 : 0;
        assert_fails(sim_report_parse(buf_span(&out), &report, &err), ERR_INPUT);
        out.data[offsets[i]] = was;
    }
    assert_ok(sim_report_parse(buf_span(&out), &report, &err));
}

static void what_was_made_verifies_under_its_root_only(void **state)
{
    OWNED_BUF out = BUF_OF(4 * KIB);
    OWNED_KEY *other = NULL;
    struct snp_report report;
    struct err err;

    (void)state;
    make(&out);
    assert_ok(sim_report_parse(buf_span(&out), &report, &err));
    assert_int_equal(report.measurement[47], 0x5a);
    assert_int_equal(report.vmpl, 0);
    assert_ok(sim_report_check(&report, root, &err));
    assert_ok(key_generate(KEY_P384, 0, &other, &err));
    assert_fails(sim_report_check(&report, other, &err), ERR_UNTRUSTED);
}

static void no_bit_can_be_changed(void **state)
{
    OWNED_BUF out = BUF_OF(4 * KIB);
    struct snp_report report;
    struct err err;

    (void)state;
    make(&out);
    for (size_t bit = 0; bit < SNP_REPORT_SIZE * 8; bit += 61) {
        out.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (sim_report_parse(buf_span(&out), &report, &err) == 0)
            assert_fails(sim_report_check(&report, root, &err), ERR_UNTRUSTED);
        out.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_kind_of_key_signs_nothing),
        cmocka_unit_test(a_report_that_does_not_say_simulated_is_refused),
        cmocka_unit_test(what_was_made_verifies_under_its_root_only),
        cmocka_unit_test(no_bit_can_be_changed),
    };

    return cmocka_run_group_tests(tests, make_root, free_root);
}
