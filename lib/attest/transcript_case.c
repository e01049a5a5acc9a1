#include "lib/attest/transcript_case.h"

#include "lib/attest/appraisal/appraise_run.h"
#include "lib/attest/evidence/legacy_eat.h"
#include "lib/crypto/secret.h"

/* --- what the caller asked ------------------------------------------------------------------- */

static void add_claims(struct attest_case *c, const struct transcript *transcript)
{
    struct json *claims = json_new_object();

    json_set_str(claims, "kind", transcript_kind_names[transcript->kind]);
    for (int i = 0; i < TRANSCRIPT_FIELD_COUNT; i++)
        if (transcript->has[i])
            json_set_hex(claims, transcript_field_names[i],
                         transcript_get(transcript, (enum transcript_field)i));
    json_set(c->verdict->claims, "transcript", claims);
}

static bool check_equal(struct attest_case *c, enum finding_id id, const char *subject,
                        struct span expected, struct span got)
{
    struct finding *finding = verdict_check(c->verdict, id, secret_equal(expected, got));

    if (finding == NULL)
        return true;
    finding_subject(finding, "%s", subject);
    finding_expect_hex(finding, expected);
    finding_got_hex(finding, got);
    return false;
}

/* A caller of the first agents' protocol chose both together, and gets the hash of both. */
static bool check_legacy(struct attest_case *c, const struct transcript *transcript)
{
    struct legacy_demand demand;
    uint8_t expected[TRANSCRIPT_VALUE_SIZE] = {0};
    struct err unused;

    if (legacy_demand_set(c->in->report_data, c->in->nonce, &demand, &unused) == 0)
        legacy_nonce(&demand, expected);
    return check_equal(c, FINDING_TRANSCRIPT_CHALLENGE, "report data and nonce, hashed together",
                       SPAN_OF_ARRAY(expected), transcript_get(transcript, TRANSCRIPT_NONCE));
}

static bool check_asked(struct attest_case *c, const struct transcript *transcript,
                        struct span encoded)
{
    const struct attest_input *in = c->in;
    uint8_t report_data[SHA512_SIZE];
    bool answered = true;

    transcript_report_data(encoded, report_data);
    if (in->nonce.len > 0)
        answered = check_equal(c, FINDING_TRANSCRIPT_CHALLENGE, "nonce", in->nonce,
                               transcript_get(transcript, TRANSCRIPT_NONCE));
    if (in->report_data.len > 0)
        answered = check_equal(c, FINDING_TRANSCRIPT_CHALLENGE, "report data", in->report_data,
                               SPAN_OF_ARRAY(report_data)) &&
                   answered;
    return answered;
}

static void check_challenge(struct attest_case *c, const struct transcript *transcript,
                            struct span encoded)
{
    bool answered;

    if (c->in->nonce.len + c->in->report_data.len == 0)
        return;
    answered = transcript->kind == TRANSCRIPT_LEGACY ? check_legacy(c, transcript)
                                                     : check_asked(c, transcript, encoded);
    if (answered)
        case_mark_fresh(c);
    else
        c->stale = true;
}

static void check_channel(struct attest_case *c, const struct transcript *transcript)
{
    const struct attest_channel *channel = c->in->channel;
    struct finding *finding;

    if (channel == NULL)
        return;
    c->channel_judged = true;
    finding = verdict_check(c->verdict, FINDING_TRANSCRIPT_CHANNEL,
                            transcript->kind == TRANSCRIPT_CHANNEL);
    if (finding != NULL) {
        finding_subject(finding, "%s", "kind");
        finding_expect(finding, "%s", transcript_kind_names[TRANSCRIPT_CHANNEL]);
        finding_got(finding, "%s", transcript_kind_names[transcript->kind]);
        return;
    }
    (void)check_equal(c, FINDING_TRANSCRIPT_CHANNEL, "exporter", channel->exporter,
                      transcript_get(transcript, TRANSCRIPT_EXPORTER));
    (void)check_equal(c, FINDING_TRANSCRIPT_CHANNEL, "server's key", channel->server,
                      transcript_get(transcript, TRANSCRIPT_SERVER));
    (void)check_equal(c, FINDING_TRANSCRIPT_CHANNEL, "client's key", channel->client,
                      transcript_get(transcript, TRANSCRIPT_CLIENT));
}

/* What a caller of the first agents' protocol got is never taken for evidence that names a
 * connection or a boot, and the other way round. */
static int check_place(const struct attest_case *c, const struct transcript *transcript,
                       struct err *err)
{
    if ((transcript->kind == TRANSCRIPT_LEGACY) == c->within_legacy)
        return 0;
    return err_set(err, ERR_INPUT, "transcript: one of kind '%s' does not belong here",
                   transcript_kind_names[transcript->kind]);
}

bool transcript_case_open(struct attest_case *c, struct span encoded, struct transcript *ret)
{
    struct err err;

    if (transcript_parse(encoded, ret, &err) < 0 || check_place(c, ret, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_TRANSCRIPT_FORM, &err);
        return false;
    }
    verdict_pass(c->verdict, FINDING_TRANSCRIPT_FORM);
    add_claims(c, ret);
    check_challenge(c, ret, encoded);
    check_channel(c, ret);
    return true;
}

/* --- what came with it ----------------------------------------------------------------------- */

bool transcript_case_check_logs(struct attest_case *c, const struct transcript *transcript,
                                const struct transcript_logs *logs)
{
    struct span said = transcript_get(transcript, TRANSCRIPT_LOGS);
    uint8_t digest[SHA256_SIZE];

    if (said.len == 0 && logs->tcg.len + logs->ima.len + logs->cel.len == 0)
        return true;
    transcript_hash_logs(logs, digest);
    return verdict_check_hex(c->verdict, FINDING_BUNDLE_LOGS, said, SPAN_OF_ARRAY(digest));
}

bool transcript_case_check_ak(struct attest_case *c, const uint8_t tpmt[static SHA256_SIZE])
{
    return c->transcript == NULL || verdict_check_hex(c->verdict, FINDING_TRANSCRIPT_AK,
                                                      transcript_get(c->transcript, TRANSCRIPT_AK),
                                                      span_of(tpmt, SHA256_SIZE));
}

bool transcript_case_check_run(struct attest_case *c, const struct run_log *run)
{
    struct span config = span_of(run->config, run->has_config ? SHA256_SIZE : 0);
    bool good;

    if (c->transcript == NULL)
        return true;
    good = check_equal(c, FINDING_TRANSCRIPT_RUN, "configuration", config,
                       transcript_get(c->transcript, TRANSCRIPT_CONFIG));
    return check_equal(c, FINDING_TRANSCRIPT_RUN, "manifest", run_log_manifest(run),
                       transcript_get(c->transcript, TRANSCRIPT_MANIFEST)) &&
           good;
}

static struct run_log run_of(const struct transcript *transcript)
{
    struct run_log run = {.has_config = transcript->has[TRANSCRIPT_CONFIG],
                          .manifests = transcript->has[TRANSCRIPT_MANIFEST] ? 1 : 0};

    memcpy(run.config, transcript->value[TRANSCRIPT_CONFIG], SHA256_SIZE);
    memcpy(run.manifest, transcript->value[TRANSCRIPT_MANIFEST], SHA256_SIZE);
    return run;
}

void transcript_case_judge_run(struct attest_case *c, struct span cel)
{
    struct run_log run = {0};
    struct finding *finding;
    struct err err;

    if (cel.len > 0 && run_log_read(cel, &run, &err) < 0) {
        finding = verdict_add(c->verdict, FINDING_TPM_LOG_FORM);
        finding_subject(finding, "%s", "canonical event log");
        finding_got(finding, "%s", err.text);
        return;
    }
    if (run.has_config)
        (void)transcript_case_check_run(c, &run);
    else
        run = run_of(c->transcript);
    appraise_run(c, &run);
}
