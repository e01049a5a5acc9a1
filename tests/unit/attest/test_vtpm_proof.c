#include "tests/unit/attest/vtpm_bench.h"

static void everything_of_a_whole_machine_is_proven(void **state)
{
    struct span value;
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    bench_quote(&b);
    bench_prove(&b);
    assert_int_equal(b.verdict.count, 0);
    assert_true(b.proof.sound);
    assert_true(b.proof.has_boot && b.proof.has_ima && b.proof.has_run);
    assert_int_equal(b.proof.boot_proven, 0xff);
    assert_true(vtpm_proof_find(&b.proof, DIGEST_SHA256, 4, NULL, &value));
    assert_false(vtpm_proof_find(&b.proof, DIGEST_SHA384, 4, NULL, &value));
}

static void a_quote_that_does_not_hold_proves_no_register(void **state)
{
    struct span value;
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    bench_quote(&b);
    b.vtpm.quotes[0].bank.value[0][0] ^= 1;
    bench_prove(&b);
    assert_false(b.proof.sound);
    assert_int_equal(b.proof.bank_count, 0);
    assert_false(vtpm_proof_find(&b.proof, DIGEST_SHA256, 4, NULL, &value));
    assert_false(b.proof.has_boot || b.proof.has_ima || b.proof.has_run);
}

static void registers_beside_the_selection_are_not_proven(void **state)
{
    struct span value;
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    b.machine.quoted = 0x10; /* PCR 4 only, though all are given */
    bench_quote(&b);
    bench_prove(&b);
    assert_true(b.proof.sound);
    assert_true(vtpm_proof_find(&b.proof, DIGEST_SHA256, 4, NULL, &value));
    assert_false(vtpm_proof_find(&b.proof, DIGEST_SHA256, 0, NULL, &value));
    assert_int_equal(b.proof.boot_proven, 0x10);
    assert_int_equal(b.proof.boot.firmware.count, 0);
    assert_int_equal(b.proof.boot.applications.count, 1);
    /* The log, the IMA list and the run log each say that they prove less than they tell. */
    assert_int_equal(bench_count(&b, FINDING_TPM_LOG_UNPROVEN), 3);
    assert_false(b.proof.has_ima || b.proof.has_run);
}

static void a_later_register_may_have_grown_without_a_log(void **state)
{
    static const uint8_t word[4] = {1};
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    machine_measure(&b.machine, 11, EV_IPL, SPAN_OF_ARRAY(word), SPAN_OF_ARRAY(word));
    machine_extend(&b.machine, 11, span_of_str("what nobody logged"));
    bench_quote(&b);
    bench_prove(&b);
    assert_true(b.proof.has_boot);
    assert_int_equal(b.proof.boot_proven, 0xff);
    assert_int_equal(bench_count(&b, FINDING_TPM_LOG_UNPROVEN), 1);
    assert_int_equal(bench_count(&b, FINDING_TPM_LOG), 0);
}

/* Registers of one boot, and those of the next: no machine ever had both. */
static void quotes_of_two_boots_are_no_proof(void **state)
{
    enum { COUNTERS = 6 + 2 + 6 + 2 + 13 + 8 }; /* after "signer", "our challenge" and the clock */
    OWNED_BENCH b;

    (void)state;
    for (size_t at = COUNTERS; at < COUNTERS + 8; at++) {
        OWNED_BUF later = BUF_OF(4 * KIB), signature = BUF_OF(4 * KIB);
        struct machine *m = &b.machine;
        struct tpm_pb pb;
        struct err err;

        bench_make(&b);
        bench_quote(&b);
        buf_add_span(&later, buf_span(&m->statement));
        later.data[at] ^= 1;
        make_signature(&signature, m->ak, TPM_ALG_ECDSA, DIGEST_SHA256, buf_span(&later));
        pb = (struct tpm_pb){.ak_public = buf_span(&m->public), .quote_count = 2};
        pb.quotes[0] =
            (struct tpm_pb_quote){buf_span(&m->statement), buf_span(&m->signature), m->bank};
        pb.quotes[1] = (struct tpm_pb_quote){buf_span(&later), buf_span(&signature), m->bank};
        buf_reset(&m->message);
        tpm_pb_write(&pb, &m->message);
        vtpm_done(&b.vtpm);
        assert_ok(vtpm_read_pb(buf_span(&m->message), &b.vtpm, &err));
        bench_prove(&b);
        assert_false(b.proof.sound);
        assert_int_equal(bench_count(&b, FINDING_TPM_RESTARTED), 1);
        assert_int_equal(bench_count(&b, FINDING_TPM_SIGNATURE), 0);
        bench_done(&b);
        b = (struct bench){0};
    }
}

/* Two quotes of one bank, of which the second is newer. */
static void a_second_value_of_a_register_does_not_hide(void **state)
{
    char first[65], second[65], *texts[2] = {first, second};
    struct json_strings one = {texts, 1}, two = {texts, 2};
    struct vtpm_proof proof = {.bank_count = 2};
    struct span value;
    struct err err;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[SHA256_SIZE] = {(uint8_t)(i + 1)};

        proof.banks[i].alg = DIGEST_SHA256;
        assert_ok(pcr_bank_give(&proof.banks[i], 4, SPAN_OF_ARRAY(bytes), &err));
        text_hex(bytes, sizeof(bytes), texts[i]);
    }
    assert_true(vtpm_proof_find(&proof, DIGEST_SHA256, 4, &one, &value));
    assert_int_equal(value.data[0], 2);
    assert_true(vtpm_proof_find(&proof, DIGEST_SHA256, 4, &two, &value));
    assert_int_equal(value.data[0], 1);
}

static void a_log_without_the_quoted_bank_proves_nothing(void **state)
{
    static const enum digest_alg sha384[] = {DIGEST_SHA384};
    OWNED_BUF log = BUF_OF(4 * KIB);
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    bench_quote(&b);
    make_spec_id(&log, sha384, 1);
    make_event(&log, sha384, 1, 4, EV_IPL, span_of_str("x"));
    b.logs.tcg = buf_span(&log);
    bench_prove(&b);
    assert_false(b.proof.has_boot);
    assert_int_equal(bench_count(&b, FINDING_TPM_LOG_UNPROVEN), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_of_a_whole_machine_is_proven),
        cmocka_unit_test(a_quote_that_does_not_hold_proves_no_register),
        cmocka_unit_test(registers_beside_the_selection_are_not_proven),
        cmocka_unit_test(a_later_register_may_have_grown_without_a_log),
        cmocka_unit_test(quotes_of_two_boots_are_no_proof),
        cmocka_unit_test(a_second_value_of_a_register_does_not_hide),
        cmocka_unit_test(a_log_without_the_quoted_bank_proves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
