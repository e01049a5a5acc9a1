#include "tests/unit/unit.h"

#include "lib/attest/evidence/pcr.h"

static struct span digest_of_text(enum digest_alg alg, const char *text, uint8_t *out)
{
    digest_of(alg, span_of_str(text), out);
    return span_of(out, digest_size(alg));
}

static void assert_value(const struct pcr_bank *bank, unsigned index, const char *hex)
{
    char text[2 * DIGEST_SIZE_MAX + 1];

    text_hex(bank->value[index], digest_size(bank->alg), text);
    assert_string_equal(text, hex);
}

static void extend_refuses_a_register_that_is_not_there(void **state)
{
    uint8_t digest[32] = {0};
    struct pcr_bank bank;
    struct err err;

    (void)state;
    pcr_bank_init(&bank, DIGEST_SHA256);
    assert_fails(pcr_bank_extend(&bank, PCR_COUNT, SPAN_OF_ARRAY(digest), &err), ERR_INPUT);
    assert_fails(pcr_bank_extend(&bank, UINT32_MAX, SPAN_OF_ARRAY(digest), &err), ERR_INPUT);
    assert_int_equal(bank.set, 0);
}

static void extend_refuses_a_digest_of_another_bank(void **state)
{
    uint8_t digest[48] = {0};
    struct pcr_bank bank;
    struct err err;

    (void)state;
    pcr_bank_init(&bank, DIGEST_SHA256);
    assert_fails(pcr_bank_extend(&bank, 4, SPAN_OF_ARRAY(digest), &err), ERR_INPUT);
    assert_fails(pcr_bank_extend(&bank, 4, span_of(digest, 31), &err), ERR_INPUT);
    assert_fails(pcr_bank_extend(&bank, 4, span_of(NULL, 0), &err), ERR_INPUT);
}

static void give_refuses_a_second_value(void **state)
{
    uint8_t value[32] = {1};
    struct pcr_bank bank;
    struct err err;

    (void)state;
    pcr_bank_init(&bank, DIGEST_SHA256);
    assert_ok(pcr_bank_give(&bank, 23, SPAN_OF_ARRAY(value), &err));
    assert_fails(pcr_bank_give(&bank, 23, SPAN_OF_ARRAY(value), &err), ERR_INPUT);
    assert_true(pcr_bank_has(&bank, 23));
    assert_false(pcr_bank_has(&bank, 22));
}

/* The vector of the contract: PCR 15 after a configuration and a manifest. */
static void extend_gives_the_value_of_the_contract(void **state)
{
    uint8_t digest[SHA256_SIZE];
    struct pcr_bank bank;
    struct err err;

    (void)state;
    pcr_bank_init(&bank, DIGEST_SHA256);
    assert_ok(pcr_bank_extend(&bank, 15, digest_of_text(DIGEST_SHA256, "{}", digest), &err));
    assert_ok(pcr_bank_extend(&bank, 15, digest_of_text(DIGEST_SHA256, "manifest", digest), &err));
    assert_value(&bank, 15, "7c7d3281549cb2d19d3029041e2ac094a934f91a023793bf01ba1be80a925a44");
    assert_int_equal(bank.set, 1u << 15);
}

/* H(00..00 ‖ H(00000000)): the separator, in every register that has nothing else. */
static void extend_gives_the_known_separator_values(void **state)
{
    uint8_t zeros[4] = {0}, digest[DIGEST_SIZE_MAX];
    struct pcr_bank bank;
    struct err err;

    (void)state;
    pcr_bank_init(&bank, DIGEST_SHA1);
    digest_of(DIGEST_SHA1, SPAN_OF_ARRAY(zeros), digest);
    assert_ok(pcr_bank_extend(&bank, 2, span_of(digest, 20), &err));
    assert_value(&bank, 2, "b2a83b0ebf2f8374299a5b2bdfc31ea955ad7236");

    pcr_bank_init(&bank, DIGEST_SHA256);
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(zeros), digest);
    assert_ok(pcr_bank_extend(&bank, 2, span_of(digest, 32), &err));
    assert_value(&bank, 2, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
}

static void registers_of_a_dynamic_launch_start_as_ones(void **state)
{
    struct pcr_bank bank;

    (void)state;
    pcr_bank_init(&bank, DIGEST_SHA1);
    assert_value(&bank, 16, "0000000000000000000000000000000000000000");
    assert_value(&bank, 17, "ffffffffffffffffffffffffffffffffffffffff");
    assert_value(&bank, 22, "ffffffffffffffffffffffffffffffffffffffff");
    assert_value(&bank, 23, "0000000000000000000000000000000000000000");
    pcr_bank_set_locality(&bank, 3);
    assert_value(&bank, 0, "0000000000000000000000000000000000000003");
}

static void selection_digest_wants_every_selected_value(void **state)
{
    const struct pcr_selection selections[] = {{TPM_ALG_SHA256, 0x8001}};
    uint8_t value[32] = {7}, out[32];
    struct pcr_bank bank;
    struct err err;

    (void)state;
    pcr_bank_init(&bank, DIGEST_SHA256);
    assert_ok(pcr_bank_give(&bank, 0, SPAN_OF_ARRAY(value), &err));
    assert_fails(pcr_selection_digest(selections, 1, &bank, 1, DIGEST_SHA256, out, &err),
                 ERR_NOT_FOUND);
    assert_fails(pcr_selection_digest(selections, 1, &bank, 0, DIGEST_SHA256, out, &err),
                 ERR_NOT_FOUND);
    assert_ok(pcr_bank_give(&bank, 15, SPAN_OF_ARRAY(value), &err));
    assert_ok(pcr_selection_digest(selections, 1, &bank, 1, DIGEST_SHA256, out, &err));
}

static void selection_digest_goes_by_selection_then_by_register(void **state)
{
    const struct pcr_selection selections[] = {{TPM_ALG_SHA256, 0x0402}, {TPM_ALG_SHA1, 0x0001}};
    struct pcr_bank banks[2];
    uint8_t all[32 + 32 + 20], expected[48], out[48];
    struct err err;

    (void)state;
    memset(all, 0xa1, 32);
    memset(all + 32, 0xb2, 32);
    memset(all + 64, 0xc3, 20);
    pcr_bank_init(&banks[0], DIGEST_SHA1);
    pcr_bank_init(&banks[1], DIGEST_SHA256);
    assert_ok(pcr_bank_give(&banks[1], 10, span_of(all + 32, 32), &err));
    assert_ok(pcr_bank_give(&banks[1], 1, span_of(all, 32), &err));
    assert_ok(pcr_bank_give(&banks[0], 0, span_of(all + 64, 20), &err));
    assert_ok(pcr_selection_digest(selections, 2, banks, 2, DIGEST_SHA384, out, &err));
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(all), expected);
    assert_memory_equal(out, expected, sizeof(out));
}

static void algorithms_go_both_ways(void **state)
{
    enum digest_alg alg;

    (void)state;
    assert_true(pcr_alg_of_tpm(TPM_ALG_SHA384, &alg));
    assert_int_equal(alg, DIGEST_SHA384);
    assert_int_equal(pcr_alg_to_tpm(DIGEST_SHA384), TPM_ALG_SHA384);
    assert_false(pcr_alg_of_tpm(TPM_ALG_SM3_256, &alg));
    assert_false(pcr_alg_of_tpm(0, &alg));
    assert_int_equal(pcr_alg_size(TPM_ALG_SM3_256), 32);
    assert_int_equal(pcr_alg_size(0x10), 0);
    assert_true(pcr_alg_of_name("sha512", &alg));
    assert_int_equal(alg, DIGEST_SHA512);
    assert_false(pcr_alg_of_name("SHA512", &alg));
    assert_false(pcr_alg_of_name("", &alg));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extend_refuses_a_register_that_is_not_there),
        cmocka_unit_test(extend_refuses_a_digest_of_another_bank),
        cmocka_unit_test(give_refuses_a_second_value),
        cmocka_unit_test(extend_gives_the_value_of_the_contract),
        cmocka_unit_test(extend_gives_the_known_separator_values),
        cmocka_unit_test(registers_of_a_dynamic_launch_start_as_ones),
        cmocka_unit_test(selection_digest_wants_every_selected_value),
        cmocka_unit_test(selection_digest_goes_by_selection_then_by_register),
        cmocka_unit_test(algorithms_go_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
