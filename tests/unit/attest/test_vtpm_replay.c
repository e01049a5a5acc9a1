#include "tests/unit/attest/vtpm_make.h"

#include "lib/attest/vtpm_replay.h"

static void replay(struct machine *m, struct span cel, struct vtpm_replay *ret)
{
    struct tcg_log log;
    struct err err;

    assert_ok(tcg_log_parse(buf_span(&m->tcg), &log, &err));
    assert_ok(vtpm_replay(&log, cel, &m->bank, ret, &err));
}

static void registers_that_agree_are_proven(void **state)
{
    struct vtpm_replay ret;
    OWNED_MACHINE m;

    (void)state;
    machine_make(&m);
    m.bank.set = ALL_REGISTERS;
    replay(&m, span_of(NULL, 0), &ret);
    assert_int_equal(ret.proven, 0xff);
    assert_int_equal(ret.contradicted, 0);
}

static void registers_that_differ_are_contradicted(void **state)
{
    struct vtpm_replay ret;
    OWNED_MACHINE m;

    (void)state;
    machine_make(&m);
    m.bank.set = ALL_REGISTERS;
    m.bank.value[4][0] ^= 1;
    replay(&m, span_of(NULL, 0), &ret);
    assert_int_equal(ret.proven, 0xef);
    assert_int_equal(ret.contradicted, 0x10);
}

static void registers_that_are_not_quoted_are_neither(void **state)
{
    struct vtpm_replay ret;
    OWNED_MACHINE m;

    (void)state;
    machine_make(&m);
    m.bank.set = 0x0f;
    m.bank.value[4][0] ^= 1;
    replay(&m, span_of(NULL, 0), &ret);
    assert_int_equal(ret.proven, 0x0f);
    assert_int_equal(ret.contradicted, 0);
}

/* PCR 15 in the firmware's log too, and further extended by our agent. */
static void a_canonical_log_goes_on_where_the_first_ends(void **state)
{
    static const uint8_t zeros[4] = {0};
    struct vtpm_replay ret;
    OWNED_MACHINE m;

    (void)state;
    machine_make(&m);
    memset(m.bank.value[RUN_PCR], 0, SHA256_SIZE);
    machine_measure(&m, RUN_PCR, EV_IPL, SPAN_OF_ARRAY(zeros), SPAN_OF_ARRAY(zeros));
    machine_extend(&m, RUN_PCR, span_of_str("{}"));
    machine_extend(&m, RUN_PCR, span_of_str("manifest"));
    m.bank.set = ALL_REGISTERS;
    replay(&m, span_of(NULL, 0), &ret);
    assert_int_equal(ret.contradicted, 1u << RUN_PCR);
    replay(&m, buf_span(&m.cel), &ret);
    assert_int_equal(ret.contradicted, 0);
    assert_int_equal(ret.proven, 0xff | 1u << RUN_PCR);
}

static void a_malformed_canonical_log_is_refused(void **state)
{
    struct vtpm_replay ret;
    struct tcg_log log;
    OWNED_MACHINE m;
    struct err err;

    (void)state;
    machine_make(&m);
    assert_ok(tcg_log_parse(buf_span(&m.tcg), &log, &err));
    assert_int_equal(vtpm_replay(&log, span_of_str("{"), &m.bank, &ret, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_that_agree_are_proven),
        cmocka_unit_test(registers_that_differ_are_contradicted),
        cmocka_unit_test(registers_that_are_not_quoted_are_neither),
        cmocka_unit_test(a_canonical_log_goes_on_where_the_first_ends),
        cmocka_unit_test(a_malformed_canonical_log_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
