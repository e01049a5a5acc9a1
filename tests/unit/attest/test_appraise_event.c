/* Boots of which one event is another than the policy knows. */
#include "tests/unit/attest/vtpm_bench.h"

#include "lib/attest/appraisal/appraise_event.h"

#define TAG_INITRD  "\xec\x22\x3b\x8f"
#define TAG_OPTIONS "\xed\x22\x3b\x8f"

/* What a machine boots. */
struct boot {
    const char *kernel, *options, *initrd;
};

static const struct boot good = {"kernel", "quiet", "initrd"};

static void add_stub_event(struct bench *b, const char *measured, const char *tag)
{
    if (measured != NULL)
        machine_measure(&b->machine, 9, EV_EVENT_TAG, span_of_str(measured),
                        span_of(tag, sizeof(TAG_INITRD) - 1));
}

static void make(struct bench *b, const struct boot *boot)
{
    *b = (struct bench){0};
    machine_make_with(&b->machine, boot->kernel);
    add_stub_event(b, boot->options, TAG_OPTIONS);
    add_stub_event(b, boot->initrd, TAG_INITRD);
    bench_quote(b);
}

static struct json *register_of(const struct bench *b, unsigned index)
{
    char hex[2 * SHA256_SIZE + 1];
    struct span value = pcr_bank_get(&b->machine.bank, index);

    text_hex(value.data, value.len, hex);
    return json_new_str(hex);
}

/* A policy of a machine that booted what is good, with PCR 4 and 9 or without. */
static struct policy *policy_of_good(bool registers)
{
    OWNED_BENCH b;
    OWNED_JSON *json = json_new_object();
    OWNED_BUF text = BUF_OF(4 * KIB);
    struct json *vtpm = json_new_object(), *pcrs = json_new_object();
    struct json *bank = json_new_object();
    struct policy *policy = NULL;
    uint8_t digest[SHA256_SIZE];
    struct err err;

    make(&b, &good);
    json_set(bank, "4", register_of(&b, 4));
    json_set(bank, "9", register_of(&b, 9));
    json_set(pcrs, "sha256", bank);
    if (registers)
        json_set(vtpm, "pcrs", pcrs);
    else
        json_free(pcrs);
    digest_of(DIGEST_SHA256, span_of_str(good.initrd), digest);
    json_set_hex(vtpm, "initrd_sha256", SPAN_OF_ARRAY(digest));
    json_set_int(json, "version", 1);
    json_set(json, "vtpm", vtpm);
    json_write(json, &text);
    assert_ok(policy_load(buf_span(&text), &policy, &err));
    return policy;
}

static void judge(struct bench *b, const struct policy *policy)
{
    bench_prove(b);
    verdict_done(&b->verdict);
    verdict_init(&b->verdict, policy);
    appraise_events(&policy->vtpm, &b->proof, &b->verdict);
}

static void the_event_that_is_another_is_named(void **state)
{
    static const struct {
        struct boot boot;
        const char *what[2]; /* of the findings, in order */
    } rows[] = {
        {{"kernel", "quiet", "initrd"}, {NULL}},
        {{"kernel", "quiet!", "initrd"}, {"PCR 9: event 'kernel command line'"}},
        {{"kernel", "quiet", "initrd!"}, {"PCR 9: event 'initrd'"}},
        {{"kernel", "quiet!", "initrd!"},
         {"PCR 9: event 'kernel command line'", "PCR 9: event 'initrd'"}},
        {{"kernel!", "quiet", "initrd"}, {"PCR 4: event 'kernel image'"}},
        {{"kernel!", "quiet", "initrd!"}, {"PCR 9: event 'initrd'"}},
    };
    OWNED_POLICY *policy = policy_of_good(true);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BENCH b;
        size_t wanted = 0;

        make(&b, &rows[i].boot);
        judge(&b, policy);
        while (wanted < 2 && rows[i].what[wanted] != NULL) {
            OWNED_BUF what = BUF_OF(1 * KIB);

            if (b.verdict.count <= wanted)
                fail_msg("row %zu: %zu findings", i, b.verdict.count);
            finding_write_what(&b.verdict.findings[wanted], &what);
            if (!text_starts_with(buf_str(&what), rows[i].what[wanted]))
                fail_msg("row %zu: %s", i, buf_str(&what));
            assert_int_equal(b.verdict.findings[wanted].severity, SEVERITY_ERROR);
            wanted++;
        }
        assert_int_equal(b.verdict.count, wanted);
    }
}

static void an_initrd_that_no_log_shows_needs_its_register(void **state)
{
    OWNED_POLICY *with = policy_of_good(true), *without = policy_of_good(false);
    OWNED_BENCH b;

    (void)state;
    make(&b, &good);
    judge(&b, without);
    assert_int_equal(b.verdict.count, 0); /* the log shows it */
    b.logs.tcg = span_of(NULL, 0);
    judge(&b, with);
    assert_int_equal(bench_count(&b, FINDING_TPM_PCR_EVENT), 0);
    judge(&b, without);
    assert_int_equal(bench_count(&b, FINDING_TPM_PCR_EVENT), 1);
}

/* A log that does not lead to what is quoted names nothing, and neither does one whose PCR 9 is not
 * quoted. */
static void a_log_that_is_not_proven_names_nothing(void **state)
{
    OWNED_POLICY *without = policy_of_good(false);
    OWNED_BENCH b;

    (void)state;
    make(&b, &good);
    b.machine.quoted = ALL_REGISTERS & ~(1u << 9);
    bench_quote(&b);
    judge(&b, without);
    assert_int_equal(bench_count(&b, FINDING_TPM_PCR_EVENT), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_event_that_is_another_is_named),
        cmocka_unit_test(an_initrd_that_no_log_shows_needs_its_register),
        cmocka_unit_test(a_log_that_is_not_proven_names_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
