#include "tests/unit/unit.h"

#include "lib/attest/evidence/sim.h"
#include "services/agent-api/attester/attester.h"

static void it_is_there_only_when_asked_for(void **state)
{
    const struct attester_places nothing = {.sim_key = NULL};
    struct err err;

    (void)state;
    assert_fails(attester_sim.probe(&nothing, &err), ERR_NOT_FOUND);
}

static void its_report_answers_and_is_signed_by_its_root(void **state)
{
    static const uint8_t report_data[SHA512_SIZE] = {3, 1, 4};
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    struct snp_report report;
    OWNED_KEY *root = NULL, *other = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P384, 0, &root, &err));
    assert_ok(key_generate(KEY_P384, 0, &other, &err));
    assert_ok(
        attester_sim.ask(&(struct attester_places){.sim_key = root}, report_data, &answer, &err));
    assert_ok(sim_report_parse(buf_span(&answer.item), &report, &err));
    assert_memory_equal(report.report_data, report_data, SHA512_SIZE);
    assert_ok(sim_report_check(&report, root, &err));
    assert_fails(sim_report_check(&report, other, &err), ERR_UNTRUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_there_only_when_asked_for),
        cmocka_unit_test(its_report_answers_and_is_signed_by_its_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
