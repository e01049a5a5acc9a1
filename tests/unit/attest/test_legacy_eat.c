#include "tests/unit/attest/legacy_make.h"

static struct key *server;

static int make_key(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_P256, 0, &server, &err);
}

static int free_key(void **state)
{
    key_free(server);
    return agent_forget_keys(state);
}

/* --- what a caller chose --------------------------------------------------------------------- */

static void what_is_too_long_is_refused_and_what_is_short_is_filled_with_zeros(void **state)
{
    const uint8_t zeros[64 + 1] = {0}, data[64] = {'a'};
    struct legacy_demand demand, same;
    struct err err;

    (void)state;
    assert_fails(legacy_demand_set(span_of(zeros, 65), span_of(NULL, 0), &demand, &err), ERR_INPUT);
    assert_fails(legacy_demand_set(span_of(NULL, 0), span_of(zeros, 33), &demand, &err), ERR_INPUT);
    assert_ok(legacy_demand_set(span_of_str("a"), span_of(NULL, 0), &demand, &err));
    assert_ok(legacy_demand_set(SPAN_OF_ARRAY(data), span_of(zeros, 32), &same, &err));
    assert_memory_equal(&demand, &same, sizeof(demand));
}

static void what_moves_from_one_half_to_the_other_is_another_question(void **state)
{
    struct legacy_demand one, other;
    uint8_t first[32], second[32];
    struct err err;

    (void)state;
    assert_ok(legacy_demand_set(span_of_str("ab"), span_of(NULL, 0), &one, &err));
    assert_ok(legacy_demand_set(span_of_str("a"), span_of_str("b"), &other, &err));
    legacy_nonce(&one, first);
    legacy_nonce(&other, second);
    assert_memory_not_equal(first, second, sizeof(first));
}

/* --- reading --------------------------------------------------------------------------------- */

static int read_token(struct span token, struct bundle *ret, struct err *err)
{
    struct eat eat;

    return eat_parse(token, &eat, err) < 0 ? -1 : legacy_eat_read(&eat, ret, err);
}

static void the_same_bundle_comes_out(void **state)
{
    static const struct {
        bool snp, vtpm;
    } rows[] = {{true, true}, {true, false}, {false, true}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUNDLE bundle = {0};
        OWNED_AGENT a;
        struct eat eat;
        struct err err;

        legacy_agent_make(&a, server);
        a.snp = rows[i].snp;
        a.vtpm = rows[i].vtpm;
        legacy_agent_answer(&a, server);
        assert_ok(eat_parse(buf_span(&a.text), &eat, &err));
        assert_true(legacy_eat_is(&eat));
        assert_false(eat_is_ours(&eat));
        assert_ok(read_token(buf_span(&a.text), &bundle, &err));
        assert_int_equal(bundle_count(&bundle), rows[i].snp + rows[i].vtpm);
        assert_true(span_equal(bundle_span(&bundle.transcript), buf_span(&a.encoded)));
        assert_true(span_equal(bundle_span(&bundle.logs.cel), buf_span(&a.machine.cel)));
        if (rows[i].snp)
            assert_true(span_equal(
                span_part(bundle_span(&bundle_at(&bundle, 0)->data), 0, sizeof(a.world.report)),
                SPAN_OF_ARRAY(a.world.report)));
    }
}

static void evidence_that_no_such_client_knows_is_not_given(void **state)
{
    OWNED_BUNDLE bundle;
    struct legacy_answer answer = {.bundle = &bundle};
    OWNED_BUF out = BUF_OF(64 * KIB);
    struct transcript transcript = {.kind = TRANSCRIPT_LEGACY};
    struct err err;

    (void)state;
    transcript.has[TRANSCRIPT_NONCE] = transcript.has[TRANSCRIPT_SERVER] = true;
    bundle_init(&bundle);
    assert_ok(bundle_set_transcript(&bundle, &transcript, &err));
    assert_ok(bundle_add(&bundle, BUNDLE_SIM, span_of_str("report"), &err));
    assert_fails(legacy_eat_write(&answer, server, &out, &err), ERR_UNSUPPORTED);
    assert_ok(bundle_add(&bundle, BUNDLE_SNP, span_of_str("no report"), &err));
    assert_fails(legacy_eat_write(&answer, server, &out, &err), ERR_INPUT);
}

static void a_log_that_is_too_large_is_left_out(void **state)
{
    OWNED_BUNDLE bundle;
    struct transcript_logs logs = {.tcg = span_of_str("log")};
    OWNED_BUF large = BUF_OF(1 * MIB);
    struct err err;

    (void)state;
    bundle_init(&bundle);
    assert_ok(bundle_set_logs(&bundle, &logs, &err));
    assert_int_equal(legacy_log(&bundle).len, 3);
    memset(buf_grow(&large, 512 * KIB + 1), 0, 512 * KIB + 1);
    logs.tcg = buf_span(&large);
    assert_ok(bundle_set_logs(&bundle, &logs, &err));
    assert_int_equal(legacy_log(&bundle).len, 0);
}

/* Claims as an attacker writes them: of ours, and the platform. */
static int read_claims(const struct span parts[], size_t count, const char *platform,
                       struct err *err)
{
    OWNED_CBOR_MAP claims = CBOR_MAP_OF(64 * KIB);
    OWNED_BUF payload = BUF_OF(64 * KIB), token = BUF_OF(64 * KIB);
    OWNED_BUNDLE bundle = {0};
    struct cose_content content = {0};

    cbor_map_key_text(&claims, "x-cocos-legacy");
    cbor_add_array(&claims.items, count);
    for (size_t i = 0; i < count; i++)
        cbor_add_bytes(&claims.items, parts[i]);
    cbor_map_key_text(&claims, "platform_type");
    cbor_add_text(&claims.items, platform);
    cbor_map_key_text(&claims, "raw_report");
    cbor_add_bytes(&claims.items, span_of_str("quote"));
    assert_int_equal(cbor_map_write(&claims, &payload, err), 0);
    content.payload = buf_span(&payload);
    assert_int_equal(cose_sign1_sign(server, &content, &token, err), 0);
    return read_token(buf_span(&token), &bundle, err);
}

static void what_is_no_bundle_in_it_is_refused(void **state)
{
    struct transcript transcript = {.kind = TRANSCRIPT_LEGACY};
    OWNED_BUF encoded = BUF_OF(TRANSCRIPT_SIZE_MAX), large = BUF_OF(64 * KIB);
    struct span parts[6] = {{0}};
    struct err err;

    (void)state;
    transcript.has[TRANSCRIPT_NONCE] = transcript.has[TRANSCRIPT_SERVER] = true;
    assert_ok(transcript_encode(&transcript, &encoded, &err));
    parts[0] = buf_span(&encoded);
    assert_ok(read_claims(parts, 5, "TDX", &err));
    assert_fails(read_claims(parts, 4, "TDX", &err), ERR_INPUT);
    assert_fails(read_claims(parts, 6, "TDX", &err), ERR_INPUT);
    assert_fails(read_claims(parts, 5, "Azure", &err), ERR_INPUT);
    assert_fails(read_claims(parts, 5, "NoCC", &err), ERR_INPUT);
    assert_fails(read_claims(parts, 5, "SNP", &err), ERR_INPUT);
    assert_fails(read_claims(parts, 5, "SNP-vTPM", &err), ERR_INPUT);
    parts[0] = span_part(parts[0], 0, parts[0].len - 1);
    assert_fails(read_claims(parts, 5, "TDX", &err), ERR_INPUT);
    parts[0] = buf_span(&encoded);
    memset(buf_grow(&large, BUNDLE_KEY_SIZE_MAX + 1), 0, BUNDLE_KEY_SIZE_MAX + 1);
    parts[4] = buf_span(&large);
    assert_fails(read_claims(parts, 5, "TDX", &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_too_long_is_refused_and_what_is_short_is_filled_with_zeros),
        cmocka_unit_test(what_moves_from_one_half_to_the_other_is_another_question),
        cmocka_unit_test(the_same_bundle_comes_out),
        cmocka_unit_test(evidence_that_no_such_client_knows_is_not_given),
        cmocka_unit_test(a_log_that_is_too_large_is_left_out),
        cmocka_unit_test(what_is_no_bundle_in_it_is_refused),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
