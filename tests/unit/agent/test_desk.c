#include "tests/unit/unit.h"

#include "lib/attest/attest.h"
#include "lib/attest/evidence/dice_derive.h"
#include "services/agent-api/attester/desk.h"
#include "tests/fakes/fake_tpm.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static const uint8_t config_digest[SHA256_SIZE] = {1, 1};
static const uint8_t manifest_digest[SHA256_SIZE] = {2, 2};

/* --- an attester that only pretends ----------------------------------------------------------- */

static atomic_uint asked;
static uint8_t seen[SHA512_SIZE];

static int hold_probe(const struct attester_places *places, struct err *err)
{
    (void)places, (void)err;
    return 0;
}

static int hold_ask(const struct attester_places *places,
                    const uint8_t report_data[static SHA512_SIZE], struct attester_answer *ret,
                    struct err *err)
{
    (void)places, (void)err;
    atomic_fetch_add(&asked, 1);
    memcpy(seen, report_data, SHA512_SIZE);
    buf_add_str(&ret->item, "evidence");
    return 0;
}

static const struct attester hold = {BUNDLE_SNP, hold_probe, hold_ask};
static const struct desk_config held = {.attesters = {&hold}, .sysfs = "/no/such/place"};

static struct desk_question question_of(enum transcript_kind kind)
{
    struct desk_question question = {.transcript.kind = kind};
    uint8_t value[TRANSCRIPT_VALUE_SIZE];

    memset(value, 0x77, sizeof(value));
    transcript_set(&question.transcript, TRANSCRIPT_NONCE, value);
    transcript_set(&question.transcript, TRANSCRIPT_SERVER, value);
    if (kind == TRANSCRIPT_CHANNEL)
        transcript_set(&question.transcript, TRANSCRIPT_EXPORTER, value);
    return question;
}

/* --- what is refused -------------------------------------------------------------------------- */

static void where_nothing_attests_there_is_no_evidence(void **state)
{
    const struct desk_config nothing = {.sysfs = "/no/such/place"};
    struct desk_question question = question_of(TRANSCRIPT_BOOT);
    struct desk *desk = desk_new(&nothing);
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);
    struct err err;

    (void)state;
    assert_fails(desk_ask(desk, &question, &text, &err), ERR_UNSUPPORTED);
    assert_fails(desk_activate(desk, span_of_str("a"), span_of_str("b"), &text, &err),
                 ERR_UNSUPPORTED);
    assert_int_equal(text.len, 0);
    desk_free(desk);
}

static void evidence_that_is_not_there_is_named(void **state)
{
    struct desk_question question = question_of(TRANSCRIPT_BOOT);
    struct desk *desk = desk_new(&held);
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);
    struct err err;

    (void)state;
    question.types = 1u << BUNDLE_TDX | 1u << BUNDLE_SNP;
    assert_fails(desk_ask(desk, &question, &text, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "tdx"));
    assert_string_equal(err.pointer, "/evidence");
    desk_free(desk);
}

/* --- what is answered ------------------------------------------------------------------------- */

static void the_transcript_has_what_was_measured(void **state)
{
    struct desk_question question = question_of(TRANSCRIPT_CHANNEL);
    struct desk *desk = desk_new(&held);
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);
    OWNED_BUNDLE bundle = {0};
    struct transcript transcript;
    uint8_t report_data[SHA512_SIZE];
    struct run_log run;
    struct err err;

    (void)state;
    assert_ok(desk_measure_config(desk, config_digest, &err));
    assert_ok(desk_measure_manifest(desk, config_digest, &err));
    assert_ok(desk_measure_end(desk, &err));
    assert_ok(desk_measure_manifest(desk, manifest_digest, &err));
    assert_ok(desk_ask(desk, &question, &text, &err));
    desk_free(desk);

    assert_ok(bundle_parse(buf_span(&text), &bundle, &err));
    assert_ok(transcript_parse(bundle_span(&bundle.transcript), &transcript, &err));
    assert_memory_equal(transcript.value[TRANSCRIPT_CONFIG], config_digest, SHA256_SIZE);
    assert_memory_equal(transcript.value[TRANSCRIPT_MANIFEST], manifest_digest, SHA256_SIZE);
    assert_false(transcript.has[TRANSCRIPT_AK]);
    transcript_report_data(bundle_span(&bundle.transcript), report_data);
    assert_memory_equal(seen, report_data, SHA512_SIZE);
    assert_ok(run_log_read(bundle_span(&bundle.logs.cel), &run, &err));
    assert_int_equal(run.manifests, 2);
    assert_memory_equal(run.config, config_digest, SHA256_SIZE);
}

static void measuring_in_another_order_is_refused(void **state)
{
    struct desk *desk = desk_new(&held);
    struct err err;

    (void)state;
    assert_fails(desk_measure_manifest(desk, manifest_digest, &err), ERR_STATE);
    assert_ok(desk_measure_config(desk, config_digest, &err));
    assert_fails(desk_measure_config(desk, config_digest, &err), ERR_STATE);
    assert_ok(desk_measure_manifest(desk, manifest_digest, &err));
    assert_fails(desk_measure_manifest(desk, manifest_digest, &err), ERR_STATE);
    assert_non_null(strstr(err.text, "must end"));
    assert_ok(desk_measure_end(desk, &err));
    assert_ok(desk_measure_manifest(desk, manifest_digest, &err));
    desk_free(desk);
}

static void take_answer(struct desk *desk, struct transcript *transcript, struct run_log *run)
{
    struct desk_question question = question_of(TRANSCRIPT_CHANNEL);
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);
    OWNED_BUNDLE bundle = {0};
    struct err err;

    assert_ok(desk_ask(desk, &question, &text, &err));
    assert_ok(bundle_parse(buf_span(&text), &bundle, &err));
    assert_ok(transcript_parse(bundle_span(&bundle.transcript), transcript, &err));
    assert_ok(run_log_read(bundle_span(&bundle.logs.cel), run, &err));
}

static void after_the_end_no_evidence_names_the_manifest(void **state)
{
    struct desk *desk = desk_new(&held);
    struct transcript transcript;
    struct run_log run;
    struct err err;

    (void)state;
    assert_ok(desk_measure_config(desk, config_digest, &err));
    assert_ok(desk_measure_end(desk, &err)); /* there is nothing to end */
    take_answer(desk, &transcript, &run);
    assert_false(run.ended);
    assert_ok(desk_measure_manifest(desk, manifest_digest, &err));
    take_answer(desk, &transcript, &run);
    assert_true(transcript.has[TRANSCRIPT_MANIFEST]);
    assert_ok(desk_measure_end(desk, &err));
    assert_ok(desk_measure_end(desk, &err)); /* once is enough */
    take_answer(desk, &transcript, &run);
    assert_false(transcript.has[TRANSCRIPT_MANIFEST]);
    assert_true(run.ended);
    assert_int_equal(run.manifests, 1);
    desk_free(desk);
}

/* A full log takes no manifest more, and the end of the last one all the same. */
static void there_is_always_room_for_an_end(void **state)
{
    struct desk *desk = desk_new(&held);
    struct transcript transcript;
    struct run_log run;
    unsigned count = 0;
    struct err err;

    (void)state;
    assert_ok(desk_measure_config(desk, config_digest, &err));
    while (desk_measure_manifest(desk, manifest_digest, &err) == 0) {
        assert_ok(desk_measure_end(desk, &err));
        assert_true(++count < 10000);
    }
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    take_answer(desk, &transcript, &run);
    assert_int_equal(run.manifests, count);
    assert_true(run.ended);
    desk_free(desk);
}

static void the_register_is_what_the_log_leads_to(void **state)
{
    struct desk *desk = desk_new(&held);
    uint8_t value[SHA256_SIZE], twice[2 * SHA256_SIZE] = {0}, expected[SHA256_SIZE];
    struct err err;

    (void)state;
    assert_ok(desk_read_register(desk, value, &err));
    assert_true(span_is_zero(SPAN_OF_ARRAY(value)));
    assert_ok(desk_measure_config(desk, config_digest, &err));
    assert_ok(desk_read_register(desk, value, &err));
    memcpy(twice + SHA256_SIZE, config_digest, SHA256_SIZE);
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(twice), expected);
    assert_memory_equal(value, expected, SHA256_SIZE);
    desk_free(desk);
}

/* --- the chain -------------------------------------------------------------------------------- */

static struct desk_question chain_question(const struct key *root)
{
    struct desk_question question = question_of(TRANSCRIPT_CHANNEL);

    question.chain = span_of("\x80", 1); /* an empty array in CBOR; the desk does not look */
    question.root = root;
    return question;
}

static void the_platforms_word_for_the_root_is_asked_for_once(void **state)
{
    struct desk *desk = desk_new(&held);
    OWNED_KEY *root = NULL;
    OWNED_KEY *other = NULL;
    struct desk_question question;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_ED25519, 0, &root, &err));
    assert_ok(key_generate(KEY_ED25519, 0, &other, &err));
    question = chain_question(root);
    question.types = 1u << BUNDLE_DICE;
    atomic_store(&asked, 0);
    for (unsigned i = 0; i < 3; i++) {
        OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);
        OWNED_BUNDLE bundle = {0};
        uint8_t expected[SHA512_SIZE];

        if (i == 2)
            question.root = other;
        assert_ok(desk_ask(desk, &question, &text, &err));
        assert_int_equal(atomic_load(&asked), i < 2 ? 1 : 2);
        dice_root_report_data(question.root, expected);
        assert_memory_equal(seen, expected, sizeof(expected));
        assert_ok(bundle_parse(buf_span(&text), &bundle, &err));
        assert_int_equal(bundle_count(&bundle), 1);
        assert_int_equal(bundle_at(&bundle, 0)->type, BUNDLE_DICE);
    }
    assert_ok(desk_measure_config(desk, config_digest, &err)); /* a register moved */
    {
        OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);

        assert_ok(desk_ask(desk, &question, &text, &err));
        assert_int_equal(atomic_load(&asked), 3);
    }
    desk_free(desk);
}

static void without_a_chain_there_is_no_evidence_of_that_kind(void **state)
{
    struct desk_question question = question_of(TRANSCRIPT_BOOT);
    struct desk *desk = desk_new(&held);
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);
    struct err err;

    (void)state;
    question.types = 1u << BUNDLE_DICE;
    assert_fails(desk_ask(desk, &question, &text, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "dice"));
    desk_free(desk);
}

/* --- with a real TPM -------------------------------------------------------------------------- */

struct world {
    struct fake_tpm fake;
    struct tpm_device *tpm;
    struct desk *desk;
};

static struct desk *desk_of(struct tpm_device *tpm)
{
    const struct desk_config config = {
        .attesters = {&attester_vtpm}, .places.tpm = tpm, .sysfs = "/no/such/place"};

    return desk_new(&config);
}

static bool world_begin(struct world *world)
{
    struct err err;

    if (!fake_tpm_start(&world->fake))
        return false;
    assert_ok(tpm_device_open(world->fake.tcti, &world->tpm, &err));
    world->desk = desk_of(world->tpm);
    return true;
}

static void world_end(struct world *world)
{
    desk_free(world->desk);
    tpm_device_free(world->tpm);
    fake_tpm_stop(&world->fake);
}

/* Validates as a client that knows its connection would. */
static bool is_accepted(struct span bundle, const char *policy_text, const char *finding)
{
    uint8_t value[TRANSCRIPT_VALUE_SIZE];
    struct attest_channel channel = {.exporter = SPAN_OF_ARRAY(value),
                                     .server = SPAN_OF_ARRAY(value)};
    struct attest_input in = {
        .evidence = bundle, .nonce = SPAN_OF_ARRAY(value), .channel = &channel, .now = time(NULL)};
    OWNED_POLICY *policy = NULL;
    OWNED_VERDICT verdict = {0};
    OWNED_BUF text = BUF_OF(MIB);
    struct err err;

    memset(value, 0x77, sizeof(value));
    assert_ok(policy_load(span_of_str(policy_text), &policy, &err));
    in.policy = policy;
    assert_ok(attest_validate(&in, &verdict, &err));
    attest_explain(&verdict, &text);
    if (finding != NULL)
        assert_non_null(strstr(buf_str(&text), finding));
    else if (!verdict_accepted(&verdict))
        print_error("%s", buf_str(&text));
    return verdict_accepted(&verdict);
}

static char *policy_of(struct tpm_device *tpm, unsigned max_manifests, bool emulated)
{
    uint8_t ak[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1], config[2 * SHA256_SIZE + 1];

    digest_of(DIGEST_SHA256, tpm_device_ak(tpm), ak);
    text_hex(ak, SHA256_SIZE, hex);
    text_hex(config_digest, SHA256_SIZE, config);
    return mem_printf("{\"version\": 1, \"max_manifests\": %u, \"config_sha256\": \"%s\", "
                      "\"waive\": [\"pei\"], \"vtpm\": {\"ak_sha256\": \"%s\", \"emulated\": %s, "
                      "\"pcrs\": {\"sha256\": {\"4\": \"%064d\"}}}}",
                      max_manifests, config, hex, emulated ? "true" : "false", 0);
}

static void a_verifier_accepts_what_the_desk_says_about_a_tpm(void **state)
{
    struct desk_question question = question_of(TRANSCRIPT_CHANNEL);
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX), second = BUF_OF(DESK_ANSWER_MAX);
    OWNED(free_str) char *strict = NULL;
    OWNED(free_str) char *usual = NULL;
    struct world world;
    struct err err;

    (void)state;
    if (!world_begin(&world))
        skip();
    usual = policy_of(world.tpm, 1, true);
    strict = policy_of(world.tpm, 1, false);
    assert_ok(desk_measure_config(world.desk, config_digest, &err));
    assert_ok(desk_measure_manifest(world.desk, manifest_digest, &err));
    assert_ok(desk_ask(world.desk, &question, &text, &err));
    assert_true(is_accepted(buf_span(&text), usual, NULL));
    assert_false(is_accepted(buf_span(&text), strict, "tpm.emulated"));

    /* A second computation in the same machine is seen. */
    assert_ok(desk_measure_end(world.desk, &err));
    assert_ok(desk_measure_manifest(world.desk, config_digest, &err));
    assert_ok(desk_ask(world.desk, &question, &second, &err));
    assert_false(is_accepted(buf_span(&second), usual, "run.manifests"));
    world_end(&world);
}

static void evidence_from_boot_is_no_evidence_of_a_connection(void **state)
{
    struct desk_question question = question_of(TRANSCRIPT_BOOT);
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);
    OWNED(free_str) char *policy = NULL;
    struct world world;
    struct err err;

    (void)state;
    if (!world_begin(&world))
        skip();
    policy = policy_of(world.tpm, 1, true);
    assert_ok(desk_measure_config(world.desk, config_digest, &err));
    assert_ok(desk_ask(world.desk, &question, &text, &err));
    assert_false(is_accepted(buf_span(&text), policy, "transcript.channel"));
    world_end(&world);
}

static void what_a_caller_chose_names_the_run_and_no_connection(void **state)
{
    struct desk_question question = question_of(TRANSCRIPT_LEGACY);
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);
    OWNED(free_str) char *policy = NULL;
    struct transcript_logs logs;
    struct transcript transcript;
    uint8_t digest[SHA256_SIZE];
    OWNED_BUNDLE bundle = {0};
    struct world world;
    struct err err;

    (void)state;
    if (!world_begin(&world))
        skip();
    policy = policy_of(world.tpm, 1, true);
    assert_ok(desk_measure_config(world.desk, config_digest, &err));
    assert_ok(desk_ask(world.desk, &question, &text, &err));
    assert_ok(bundle_parse(buf_span(&text), &bundle, &err));
    assert_ok(transcript_parse(bundle_span(&bundle.transcript), &transcript, &err));
    logs = (struct transcript_logs){.cel = bundle_span(&bundle.logs.cel)};
    transcript_hash_logs(&logs, digest);
    assert_true(span_equal(SPAN_OF_ARRAY(digest), transcript_get(&transcript, TRANSCRIPT_LOGS)));
    assert_false(is_accepted(buf_span(&text), policy, "transcript.form"));
    world_end(&world);
}

static void a_register_that_was_used_before_us_proves_nothing(void **state)
{
    struct desk_question question = question_of(TRANSCRIPT_BOOT);
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);
    struct desk *after = NULL;
    struct world world;
    struct err err;

    (void)state;
    if (!world_begin(&world))
        skip();
    assert_ok(desk_measure_config(world.desk, config_digest, &err));
    after = desk_of(world.tpm);
    assert_fails(desk_measure_config(after, config_digest, &err), ERR_UNAVAILABLE);
    assert_fails(desk_ask(after, &question, &text, &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "started anew"));
    desk_free(after);
    world_end(&world);
}

static void what_cannot_be_measured_is_not_logged(void **state)
{
    struct world world;
    struct err err;

    (void)state;
    if (!world_begin(&world))
        skip();
    fake_tpm_stop(&world.fake);
    assert_fails(desk_measure_config(world.desk, config_digest, &err), ERR_SYSTEM);
    desk_free(world.desk);
    tpm_device_free(world.tpm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nothing_attests_there_is_no_evidence),
        cmocka_unit_test(evidence_that_is_not_there_is_named),
        cmocka_unit_test(the_transcript_has_what_was_measured),
        cmocka_unit_test(measuring_in_another_order_is_refused),
        cmocka_unit_test(after_the_end_no_evidence_names_the_manifest),
        cmocka_unit_test(there_is_always_room_for_an_end),
        cmocka_unit_test(the_register_is_what_the_log_leads_to),
        cmocka_unit_test(without_a_chain_there_is_no_evidence_of_that_kind),
        cmocka_unit_test(the_platforms_word_for_the_root_is_asked_for_once),
        cmocka_unit_test(a_verifier_accepts_what_the_desk_says_about_a_tpm),
        cmocka_unit_test(evidence_from_boot_is_no_evidence_of_a_connection),
        cmocka_unit_test(what_a_caller_chose_names_the_run_and_no_connection),
        cmocka_unit_test(a_register_that_was_used_before_us_proves_nothing),
        cmocka_unit_test(what_cannot_be_measured_is_not_logged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
