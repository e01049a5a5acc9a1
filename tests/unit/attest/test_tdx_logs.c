/* The logs of a TD against its runtime registers. */
#include "tests/unit/attest/tdx_world.h"

#include "lib/attest/evidence/ccel.h"
#include "lib/attest/log_claims.h"
#include "lib/attest/tdx_logs.h"
#include "tests/unit/attest/tcg_make.h"

#define OFFSET_RTMR 328

static const enum digest_alg sha384[] = {DIGEST_SHA384};

static void make_ccel(struct buf *log)
{
    static const uint8_t zeros[4];

    make_spec_id(log, sha384, 1);
    make_event(log, sha384, 1, 1, EV_EFI_PLATFORM_FIRMWARE_BLOB, span_of_str("configuration"));
    make_event(log, sha384, 1, 1, EV_SEPARATOR, SPAN_OF_ARRAY(zeros));
    make_event(log, sha384, 1, 2, EV_EFI_BOOT_SERVICES_APPLICATION, span_of_str("kernel"));
    make_event(log, sha384, 1, 2, EV_SEPARATOR, SPAN_OF_ARRAY(zeros));
    make_event(log, sha384, 1, 3, EV_IPL, span_of_str("command line"));
}

/* Gives the TD the registers that the log leads to. */
static void extend(struct fake_tdx *world, struct span log)
{
    struct pcr_bank bank;
    struct tcg_log ccel;
    struct err err;

    assert_ok(ccel_parse(log, &ccel, &err));
    assert_ok(ccel_replay(&ccel, &bank, &err));
    for (unsigned i = 0; i < RTMR_COUNT; i++)
        memcpy(world->body + OFFSET_RTMR + 48 * i, pcr_bank_get(&bank, i).data, 48);
}

static void digest_of_text(const char *text, uint8_t out[static SHA256_SIZE])
{
    digest_of(DIGEST_SHA256, span_of_str(text), out);
}

static void make_run(struct buf *log, const char *manifest)
{
    uint8_t digest[SHA256_SIZE];

    digest_of_text("{}", digest);
    run_log_add(log, 0, RUN_CONFIG, digest);
    digest_of_text(manifest, digest);
    run_log_add(log, 1, RUN_MANIFEST, digest);
}

/* RTMR 3 by hand: SHA-384 over the old value and the digest with its 16 zeros, twice. */
static void extend_run(struct fake_tdx *world, const char *manifest)
{
    uint8_t *rtmr = world->body + OFFSET_RTMR + 48 * 3;
    const char *const texts[] = {"{}", manifest};
    uint8_t step[96] = {0};

    for (size_t i = 0; i < 2; i++) {
        memset(step + 48, 0, 48);
        digest_of_text(texts[i], step + 48);
        digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(step), rtmr);
        memcpy(step, rtmr, 48);
    }
}

struct scene {
    struct fake_tdx world;
    struct buf ccel, cel;
    struct attest_input in;
    struct policy *policy;
};

static void scene_done(struct scene *scene)
{
    policy_free(scene->policy);
    buf_done(&scene->ccel);
    buf_done(&scene->cel);
    fake_tdx_done(&scene->world);
}
#define OWNED_SCENE OWNED(scene_done) struct scene

/* A TD whose registers are those of both logs. */
static void open_scene(struct scene *scene, const char *more)
{
    OWNED(free_str)
    char *text =
        mem_printf("{\"version\":1,\"waive\":[\"freshness\",\"measurement\"],%s\"tdx\":{}}", more);
    struct err err;

    *scene = (struct scene){.ccel = BUF_OF(64 * KIB), .cel = BUF_OF(64 * KIB)};
    fake_tdx_start(&scene->world, FAKE_TD4);
    make_ccel(&scene->ccel);
    make_run(&scene->cel, "manifest");
    extend(&scene->world, buf_span(&scene->ccel));
    extend_run(&scene->world, "manifest");
    assert_ok(policy_load(span_of_str(text), &scene->policy, &err));
}

static void judge(struct scene *scene, const char *refusal, const char *words)
{
    fake_tdx_make(&scene->world);
    fake_tdx_input(&scene->world, &scene->in);
    scene->in.policy = scene->policy;
    scene->in.tcg_log = buf_span(&scene->ccel);
    scene->in.cel_log = buf_span(&scene->cel);
    check_accepted(&scene->in, refusal, words);
}

static void a_log_that_is_none_is_refused(void **state)
{
    OWNED_SCENE scene;

    (void)state;
    open_scene(&scene, "");
    scene.ccel.len--;
    judge(&scene, "tdx.log.form", "event log");
    scene.ccel.len++;
    scene.cel.len -= 2;
    judge(&scene, "tdx.log.form", "canonical event log");
}

/* Each register of the firmware, off by one bit. */
static void a_log_that_does_not_lead_to_the_registers_is_refused(void **state)
{
    static const char *const words[] = {"event log, RTMR 0", "event log, RTMR 1",
                                        "event log, RTMR 2", "canonical event log, RTMR 3"};

    (void)state;
    for (size_t i = 0; i < RTMR_COUNT; i++) {
        OWNED_SCENE scene;
        OWNED_VERDICT verdict = {0};
        struct err err;

        open_scene(&scene, "");
        scene.world.body[OFFSET_RTMR + 48 * i + 47] ^= 1;
        judge(&scene, "tdx.log", words[i]);
        assert_ok(attest_validate(&scene.in, &verdict, &err));
        assert_int_equal(verdict_crypto(&verdict), OUTCOME_FAIL);
        /* And nothing of it is told. */
        assert_null(json_get(json_get(verdict.claims, "tdx"), i < 3 ? "boot" : "run"));
    }
}

/* RTMR 3 may be extended by others; then the firmware's log says nothing about it. */
static void what_runs_later_leaves_the_firmwares_log_alone(void **state)
{
    OWNED_SCENE scene;

    (void)state;
    open_scene(&scene, "");
    buf_reset(&scene.cel);
    judge(&scene, NULL, "tdx.log.unproven");
    extend(&scene.world, buf_span(&scene.ccel));
    judge(&scene, NULL, NULL);
}

static void a_log_that_contradicts_itself_is_refused(void **state)
{
    static const uint8_t zeros[4];
    OWNED_SCENE scene;

    (void)state;
    open_scene(&scene, "");
    make_event(&scene.ccel, sha384, 1, 2, EV_SEPARATOR, SPAN_OF_ARRAY(zeros));
    extend(&scene.world, buf_span(&scene.ccel));
    extend_run(&scene.world, "manifest");
    judge(&scene, "tdx.log.facts", "second separator");
}

static void proven_logs_are_told(void **state)
{
    OWNED_SCENE scene;
    OWNED_VERDICT verdict = {0};
    uint8_t kernel[SHA384_SIZE], manifest[SHA256_SIZE];
    char kernel_hex[2 * SHA384_SIZE + 1], manifest_hex[2 * SHA256_SIZE + 1];
    const struct json *tdx;
    struct err err;

    (void)state;
    open_scene(&scene, "");
    judge(&scene, NULL, NULL);
    assert_ok(attest_validate(&scene.in, &verdict, &err));
    tdx = json_get(verdict.claims, "tdx");
    digest_of(DIGEST_SHA384, span_of_str("kernel"), kernel);
    text_hex(kernel, sizeof(kernel), kernel_hex);
    digest_of_text("manifest", manifest);
    text_hex(manifest, sizeof(manifest), manifest_hex);
    assert_string_equal(json_str(json_at(json_get(json_get(tdx, "boot"), "applications"), 0)),
                        kernel_hex);
    assert_string_equal(json_get_str(json_get(tdx, "run"), "manifest_sha256"), manifest_hex);
}

static void the_run_is_judged_by_what_rtmr_3_proves(void **state)
{
    char right[2 * SHA256_SIZE + 1], wrong[2 * SHA256_SIZE + 1];
    uint8_t digest[SHA256_SIZE];
    OWNED(free_str) char *good = NULL;
    OWNED(free_str) char *bad = NULL;

    (void)state;
    digest_of_text("manifest", digest);
    text_hex(digest, sizeof(digest), right);
    digest_of_text("another", digest);
    text_hex(digest, sizeof(digest), wrong);
    good = mem_printf("\"manifest_sha256\":\"%s\",", right);
    bad = mem_printf("\"manifest_sha256\":\"%s\",", wrong);
    {
        OWNED_SCENE scene;

        open_scene(&scene, good);
        judge(&scene, NULL, NULL);
        buf_reset(&scene.cel);
        judge(&scene, "policy.unshown", "manifest_sha256");
        make_run(&scene.cel, "another");
        judge(&scene, "tdx.log", "RTMR 3");
    }
    {
        OWNED_SCENE scene;

        open_scene(&scene, bad);
        judge(&scene, "run.manifest", right);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_is_none_is_refused),
        cmocka_unit_test(a_log_that_does_not_lead_to_the_registers_is_refused),
        cmocka_unit_test(what_runs_later_leaves_the_firmwares_log_alone),
        cmocka_unit_test(a_log_that_contradicts_itself_is_refused),
        cmocka_unit_test(proven_logs_are_told),
        cmocka_unit_test(the_run_is_judged_by_what_rtmr_3_proves),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
