/* An SGX quote from bytes to verdict. What it shares with TDX is tested there. */
#include "tests/unit/attest/tdx_world.h"

#include "lib/attest/appraisal/appraise_sgx.h"
#include "lib/attest/sgx_case.h"

#define LAX "{\"version\":1,\"waive\":[\"freshness\",\"measurement\"],\"sgx\":{"
#define E1  "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"
#define E2  "e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2"

static void an_enclave_in_order_is_accepted(void **state)
{
    OWNED_FAKE_TDX world;
    struct attest_input in;

    (void)state;
    make_world(&world, FAKE_SGX3);
    check_policy(&world, LAX "}}", NULL, NULL);
    check_policy(&world, LAX "\"mrenclave\":\"" E1 "\",\"mrsigner\":\"" E2 "\"}}", NULL, NULL);
    fake_tdx_input(&world, &in);
    in.format = ATTEST_TDX;
    check(&in, "dcap.quote.form", "byte 4");
}

static void an_enclave_that_can_be_debugged_is_refused(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    fake_tdx_start(&world, FAKE_SGX3);
    world.body[48] |= 2;
    fake_tdx_make(&world);
    check_policy(&world, LAX "}}", "sgx.debug", "0x7");
}

static void attributes_that_are_unknown_are_refused(void **state)
{
    static const uint8_t wrong[][2] = {{48, 0x04}, {48, 0x0d}, {49, 0x01}, {55, 0x80}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        OWNED_FAKE_TDX world;

        fake_tdx_start(&world, FAKE_SGX3);
        world.body[wrong[i][0]] = wrong[i][1];
        fake_tdx_make(&world);
        check_policy(&world, LAX "}}", "sgx.attributes", NULL);
    }
}

static void the_enclave_and_its_signer_are_compared(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    make_world(&world, FAKE_SGX3);
    check_policy(&world, LAX "\"mrenclave\":\"" E2 "\"}}", "sgx.mrenclave", E2);
    check_policy(&world, LAX "\"mrsigner\":[\"" E1 "\"]}}", "sgx.mrsigner", E1);
    check_policy(&world, "{\"version\":1,\"waive\":[\"freshness\"],\"sgx\":{}}",
                 "sgx.measurement.absent", E1);
    check_policy(&world,
                 "{\"version\":1,\"waive\":[\"freshness\"],\"sgx\":{\"mrsigner\":\"" E2 "\"}}",
                 NULL, NULL);
    check_policy(&world, "{\"version\":1,\"waive\":[\"freshness\"],\"tdx\":{}}", "policy.kind",
                 NULL);
}

static void a_reserved_byte_is_refused(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    fake_tdx_start(&world, FAKE_SGX3);
    world.body[300] = 1;
    check_world(&world, "dcap.quote.form", "byte 300");
}

static void the_question_must_be_answered(void **state)
{
    OWNED_FAKE_TDX world;
    struct attest_input in;
    uint8_t asked[64];

    (void)state;
    make_world(&world, FAKE_SGX3);
    memset(asked, 0xd2, sizeof(asked));
    fake_tdx_input(&world, &in);
    in.nonce = SPAN_OF_ARRAY(asked);
    check_accepted(&in, "sgx.report_data", NULL);
}

static void the_state_of_the_platform_counts(void **state)
{
    OWNED_FAKE_TDX world;
    OWNED_POLICY *policy = NULL;
    struct attest_input in;
    struct err err;

    (void)state;
    fake_tdx_start(&world, FAKE_SGX3);
    fake_tdx_edit(&world.tcb_info, "\"UpToDate\"", "\"SWHardeningNeeded\"");
    fake_tdx_make(&world);
    check_policy(&world, LAX "}}", "sgx.tcb.status", "SWHardeningNeeded");
    check_policy(&world, LAX "\"tcb_status\":[\"UpToDate\",\"SWHardeningNeeded\"]}}", NULL, NULL);
    fake_tdx_edit(&world.tcb_info, "\"id\":\"SGX\"", "\"id\":\"TDX\"");
    check_world(&world, "dcap.tcb_info.other", "SGX TCB info");

    assert_ok(policy_load(span_of_str("{\"version\":1,\"waive\":[\"freshness\",\"measurement\","
                                      "\"collateral\"],\"sgx\":{\"tcb_status\":\"UpToDate\"}}"),
                          &policy, &err));
    fake_tdx_input(&world, &in);
    in.policy = policy;
    in.collateral.count = 0;
    check_accepted(&in, "sgx.tcb.status", "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_enclave_in_order_is_accepted),
        cmocka_unit_test(an_enclave_that_can_be_debugged_is_refused),
        cmocka_unit_test(attributes_that_are_unknown_are_refused),
        cmocka_unit_test(the_enclave_and_its_signer_are_compared),
        cmocka_unit_test(a_reserved_byte_is_refused),
        cmocka_unit_test(the_question_must_be_answered),
        cmocka_unit_test(the_state_of_the_platform_counts),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
