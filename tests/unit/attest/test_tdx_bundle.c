/* The bundle of an agent in a TD without a vTPM: the quote carries the transcript, RTMR 3 the run.
 */
#include "tests/unit/attest/computation_make.h"
#include "tests/unit/attest/tdx_world.h"

#include "lib/attest/evidence/bundle.h"
#include "lib/attest/evidence/run_log.h"

#define OFFSET_RTMR_3      472
#define OFFSET_REPORT_DATA 520

struct agent {
    struct fake_tdx world;
    struct transcript transcript;
    struct computation computation;
    struct buf cel, text;
};

static void agent_done(struct agent *a)
{
    fake_tdx_done(&a->world);
    computation_done(&a->computation);
    buf_done(&a->cel);
    buf_done(&a->text);
}
#define OWNED_AGENT OWNED(agent_done) struct agent

static void hash_of(const char *text, uint8_t out[static SHA256_SIZE])
{
    digest_of(DIGEST_SHA256, span_of_str(text), out);
}

static void say(struct agent *a, enum transcript_field field, const char *text)
{
    uint8_t digest[SHA256_SIZE];

    hash_of(text, digest);
    transcript_set(&a->transcript, field, digest);
}

/* Extends RTMR 3 and writes the log. */
static void measure(struct agent *a, unsigned number, enum run_event event, const char *text)
{
    uint8_t digest[SHA256_SIZE];
    struct run_log run;
    struct err err;

    hash_of(text, digest);
    if (event == RUN_END)
        run_end_digest(digest, digest);
    run_log_add(&a->cel, number, event, digest);
    assert_ok(run_log_read(buf_span(&a->cel), &run, &err));
    memcpy(a->world.body + OFFSET_RTMR_3, run.rtmr, sizeof(run.rtmr));
}

static void agent_make(struct agent *a)
{
    uint8_t value[SHA256_SIZE];

    *a = (struct agent){.cel = BUF_OF(64 * KIB), .text = BUF_OF(256 * KIB)};
    fake_tdx_start(&a->world, FAKE_TD4);
    measure(a, 0, RUN_CONFIG, "{}");
    measure(a, 1, RUN_MANIFEST, "manifest");
    say(a, TRANSCRIPT_NONCE, "nonce");
    say(a, TRANSCRIPT_EXPORTER, "exporter");
    hash_of("manifest", value);
    computation_make(&a->computation, SPAN_OF_ARRAY(value));
    a->computation.type = BUNDLE_TDX;
    key_identity(a->computation.server, value);
    transcript_set(&a->transcript, TRANSCRIPT_SERVER, value);
    say(a, TRANSCRIPT_CONFIG, "{}");
    say(a, TRANSCRIPT_MANIFEST, "manifest");
}

/* Puts the quote as it is into a bundle. */
static void agent_pack(struct agent *a)
{
    const struct transcript_logs logs = {.cel = buf_span(&a->cel)};
    OWNED_BUF chain = BUF_OF(64 * KIB);
    OWNED_BUNDLE bundle;
    struct err err;

    computation_server_chain(&a->computation, &chain);
    bundle_init(&bundle);
    assert_ok(bundle_set_transcript(&bundle, &a->transcript, &err));
    assert_ok(bundle_set_logs(&bundle, &logs, &err));
    assert_ok(bundle_add(&bundle, BUNDLE_TDX, buf_span(&a->world.quote), &err));
    assert_ok(bundle_add(&bundle, BUNDLE_DICE, buf_span(&chain), &err));
    buf_reset(&a->text);
    assert_ok(bundle_write(&bundle, &a->text, &err));
}

/* The TD's word for the root of the chain, by the registers as they are. */
static void agent_root(struct agent *a)
{
    dice_root_report_data(a->computation.root, a->world.body + OFFSET_REPORT_DATA);
    fake_tdx_make(&a->world);
    buf_reset(&a->computation.evidence);
    buf_add_span(&a->computation.evidence, buf_span(&a->world.quote));
}

static void agent_write(struct agent *a)
{
    const struct transcript_logs logs = {.cel = buf_span(&a->cel)};
    OWNED_BUF encoded = BUF_OF(TRANSCRIPT_SIZE_MAX);
    uint8_t digest[SHA256_SIZE];
    struct err err;

    if (a->cel.len > 0) {
        transcript_hash_logs(&logs, digest);
        transcript_set(&a->transcript, TRANSCRIPT_LOGS, digest);
    }
    agent_root(a);
    assert_ok(transcript_encode(&a->transcript, &encoded, &err));
    transcript_report_data(buf_span(&encoded), a->world.body + OFFSET_REPORT_DATA);
    fake_tdx_make(&a->world);
    agent_pack(a);
}

static void agent_expect(struct agent *a, const char *manifest, const char *refusal)
{
    uint8_t digest[SHA256_SIZE], nonce[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    OWNED(free_str) char *text = NULL;
    OWNED_POLICY *policy = NULL;
    struct attest_input in;
    struct err err;

    hash_of("nonce", nonce);
    hash_of(manifest, digest);
    text_hex(digest, sizeof(digest), hex);
    text = mem_printf("{\"version\":1,\"waive\":[\"measurement\"],\"platforms\":[\"tdx\"],"
                      "\"manifest_sha256\":\"%s\",\"tdx\":{}}",
                      hex);
    assert_ok(policy_load(span_of_str(text), &policy, &err));
    fake_tdx_input(&a->world, &in);
    in.format = ATTEST_AUTO;
    in.evidence = buf_span(&a->text);
    in.nonce = SPAN_OF_ARRAY(nonce);
    in.policy = policy;
    check_accepted(&in, refusal, NULL);
}

static void a_run_that_rtmr_3_shows_is_accepted(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    agent_write(&a);
    agent_expect(&a, "manifest", NULL);
    agent_expect(&a, "another", "run.manifest");
}

static void a_run_that_no_register_shows_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    buf_reset(&a.cel);
    agent_write(&a);
    agent_expect(&a, "manifest", "policy.unshown");
}

static void a_register_that_shows_another_run_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.world.body[OFFSET_RTMR_3] ^= 1;
    agent_write(&a);
    agent_expect(&a, "manifest", "tdx.log");
}

/* The transcript and the register must tell the same. */
static void a_transcript_of_another_run_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    say(&a, TRANSCRIPT_MANIFEST, "another");
    agent_write(&a);
    agent_expect(&a, "manifest", "transcript.run");
    agent_expect(&a, "another", "run.manifest");
}

static void a_run_that_has_ended_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    measure(&a, 2, RUN_END, "manifest");
    agent_write(&a);
    agent_expect(&a, "manifest", "transcript.run"); /* it names what has ended */
    a.transcript.has[TRANSCRIPT_MANIFEST] = false;
    agent_write(&a);
    agent_expect(&a, "manifest", "run.manifest");
}

static void a_key_of_a_process_that_waits_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.computation.what = "waiting";
    agent_write(&a);
    agent_expect(&a, "manifest", "dice.computation");
}

static void a_quote_over_another_transcript_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    agent_write(&a);
    a.world.body[OFFSET_REPORT_DATA + 63] ^= 1;
    fake_tdx_make_quote(&a.world);
    agent_pack(&a);
    agent_expect(&a, "manifest", "tdx.report_data");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_rtmr_3_shows_is_accepted),
        cmocka_unit_test(a_run_that_no_register_shows_is_refused),
        cmocka_unit_test(a_register_that_shows_another_run_is_refused),
        cmocka_unit_test(a_transcript_of_another_run_is_refused),
        cmocka_unit_test(a_run_that_has_ended_is_refused),
        cmocka_unit_test(a_key_of_a_process_that_waits_is_refused),
        cmocka_unit_test(a_quote_over_another_transcript_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
