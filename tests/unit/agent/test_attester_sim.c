#include "tests/unit/unit.h"

#include "lib/attest/evidence/snp_report.h"
#include "lib/crypto/key.h"
#include "lib/crypto/sign.h"
#include "services/agent-api/attester/attester.h"

static void it_is_there_only_when_asked_for(void **state)
{
    const struct attester_places nothing = {.sim_key = NULL};
    struct err err;

    (void)state;
    assert_fails(attester_sim.probe(&nothing, &err), ERR_NOT_FOUND);
}

static void its_report_has_the_real_form_and_says_what_it_is(void **state)
{
    static const uint8_t report_data[SHA512_SIZE] = {3, 1, 4};
    OWNED_BUF item = BUF_OF(ATTESTER_ITEM_MAX);
    struct snp_report report;
    OWNED_KEY *root = NULL, *other = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P384, 0, &root, &err));
    assert_ok(key_generate(KEY_P384, 0, &other, &err));
    assert_ok(
        attester_sim.ask(&(struct attester_places){.sim_key = root}, report_data, &item, &err));
    assert_ok(snp_report_parse(buf_span(&item), &report, &err));

    assert_memory_equal(report.report_data, report_data, SHA512_SIZE);
    assert_memory_equal(report.family_id, "SIMULATED", 9);
    assert_memory_equal(report.image_id, "NOT A REAL CHIP", 15);
    assert_memory_equal(report.chip_id, "SIMULATED", 9);
    assert_int_equal(report.policy & SNP_POLICY_DEBUG, 0);
    assert_ok(sign_verify(root, report.signed_part, SPAN_OF_ARRAY(report.signature), &err));
    assert_fails(sign_verify(other, report.signed_part, SPAN_OF_ARRAY(report.signature), &err),
                 ERR_UNTRUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_there_only_when_asked_for),
        cmocka_unit_test(its_report_has_the_real_form_and_says_what_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
