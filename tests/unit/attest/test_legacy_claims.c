#include "tests/unit/attest/legacy_make.h"
#include "tests/unit/attest/tdx_world.h"

/* The claims of a bundle, as a map. */
static struct cbor claims_of(const struct bundle *bundle, struct buf *out)
{
    OWNED_CBOR_MAP claims = CBOR_MAP_OF(64 * KIB);
    struct cbor map;
    struct err err;

    assert_ok(legacy_claims_add(bundle, &claims, &err));
    assert_ok(cbor_map_write(&claims, out, &err));
    assert_ok(cbor_parse(buf_span(out), CBOR_STRICT, &map, &err));
    return map;
}

static void a_report_is_told_as_the_first_agents_told_it(void **state)
{
    OWNED_BUF out = BUF_OF(64 * KIB);
    OWNED_BUNDLE bundle = {0};
    struct cbor claims, part;
    OWNED_AGENT a;
    struct err err;

    (void)state;
    agent_make(&a);
    agent_sign(&a);
    agent_write(&a);
    assert_ok(bundle_parse(buf_span(&a.text), &bundle, &err));
    claims = claims_of(&bundle, &out);
    part = cbor_find_text(claims, "x-cocos-sevsnp");
    assert_true(
        span_equal(cbor_bytes(cbor_find_int(claims, 265)), span_of(a.world.report + 0x90, 48)));
    assert_true(
        span_equal(cbor_bytes(cbor_find_int(claims, 256)), span_of(a.world.report + 0x1a0, 64)));
    assert_int_equal(cbor_find_int(claims, 258).number, 3704);
    assert_int_equal(cbor_find_int(claims, 263).number, 2);
    assert_int_equal(cbor_bytes(cbor_find_text(part, "signature")).len, 512);
    assert_int_equal(cbor_bytes(cbor_find_text(part, "chip_id")).len, 64);
    part = cbor_find_text(claims, "x-cocos-vtpm");
    assert_int_equal(cbor_text(cbor_find_text(cbor_find_text(part, "pcrs"), "sha256:0")).len, 64);
    assert_true(
        span_equal(cbor_bytes(cbor_find_text(part, "event_log")), buf_span(&a.machine.tcg)));
}

static void a_machine_that_can_be_debugged_says_so(void **state)
{
    OWNED_BUF out = BUF_OF(64 * KIB), report = BUF_OF(8 * KIB);
    OWNED_BUNDLE bundle;
    OWNED_AGENT a;
    struct err err;

    (void)state;
    agent_make(&a);
    a.world.report[0x0a] |= 1 << 3; /* bit 19 of the policy */
    bundle_init(&bundle);
    buf_add(&report, a.world.report, sizeof(a.world.report));
    assert_ok(bundle_add(&bundle, BUNDLE_SNP, buf_span(&report), &err));
    assert_int_equal(cbor_find_int(claims_of(&bundle, &out), 263).number, 0);
}

static void a_tpm_alone_says_nothing_of_a_processor(void **state)
{
    OWNED_BUF out = BUF_OF(64 * KIB);
    OWNED_BUNDLE bundle;
    struct cbor claims;
    OWNED_AGENT a;
    struct err err;

    (void)state;
    agent_make(&a);
    agent_sign(&a);
    bundle_init(&bundle);
    assert_ok(bundle_add(&bundle, BUNDLE_VTPM, machine_message(&a.machine), &err));
    claims = claims_of(&bundle, &out);
    assert_int_equal(cbor_bytes(cbor_find_int(claims, 256)).len, 16);
    assert_int_equal(cbor_find_int(claims, 258).kind, CBOR_NONE);
    assert_int_equal(cbor_find_int(claims, 263).kind, CBOR_NONE);
    assert_int_equal(cbor_find_text(claims, "x-cocos-sevsnp").kind, CBOR_NONE);
}

static void a_quote_of_a_td_is_told(void **state)
{
    OWNED_BUF out = BUF_OF(64 * KIB);
    OWNED(fake_tdx_done) struct fake_tdx world;
    OWNED_BUNDLE bundle;
    struct cbor claims, part;
    struct err err;

    (void)state;
    fake_tdx_start(&world, FAKE_TD4);
    fake_tdx_make(&world);
    bundle_init(&bundle);
    assert_ok(bundle_add(&bundle, BUNDLE_TDX, buf_span(&world.quote), &err));
    claims = claims_of(&bundle, &out);
    part = cbor_find_text(claims, "x-cocos-tdx");
    assert_int_equal(cbor_find_int(claims, 258).number, 343);
    assert_true(cbor_bytes(cbor_find_int(claims, 256)).len == 32);
    assert_true(span_equal(cbor_bytes(cbor_find_text(part, "tdx_mrtd")),
                           cbor_bytes(cbor_find_int(claims, 265))));
    assert_int_equal(cbor_bytes(cbor_find_text(part, "tdx_rtmr3")).len, 48);
    assert_int_equal(cbor_bytes(cbor_find_text(part, "tdx_signature")).len, 64);
}

static void what_is_no_evidence_is_refused(void **state)
{
    OWNED_CBOR_MAP claims = CBOR_MAP_OF(64 * KIB);

    (void)state;
    for (int type = 0; type < BUNDLE_DICE; type++) {
        OWNED_BUNDLE bundle;
        struct err err;

        bundle_init(&bundle);
        assert_ok(bundle_add(&bundle, (enum bundle_type)type, span_of_str("none"), &err));
        assert_int_equal(legacy_claims_add(&bundle, &claims, &err), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_told_as_the_first_agents_told_it),
        cmocka_unit_test(a_machine_that_can_be_debugged_says_so),
        cmocka_unit_test(a_tpm_alone_says_nothing_of_a_processor),
        cmocka_unit_test(a_quote_of_a_td_is_told),
        cmocka_unit_test(what_is_no_evidence_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, agent_forget_keys);
}
