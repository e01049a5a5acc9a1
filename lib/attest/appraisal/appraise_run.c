#include "lib/attest/appraisal/appraise_run.h"

#include "lib/base/text.h"

static bool appraise_digest(struct verdict *verdict, enum finding_id id,
                            const struct json_bytes *expected, struct span got)
{
    if (!expected->present)
        return false;
    (void)verdict_check_hex(verdict, id, span_of(expected->data, expected->len), got);
    return true;
}

/* A computation that is over is told: who meets it asked too late, not another machine. */
static bool appraise_manifest(struct attest_case *c, const struct run_log *run)
{
    const struct json_bytes *expected = &c->policy->manifest_sha256;
    char hex[2 * SHA256_SIZE + 1];
    struct finding *finding;

    if (!expected->present || !run->ended)
        return appraise_digest(c->verdict, FINDING_RUN_MANIFEST, expected, run_log_manifest(run));
    text_hex(run->manifest, SHA256_SIZE, hex);
    finding = verdict_add(c->verdict, FINDING_RUN_MANIFEST);
    finding_expect_hex(finding, span_of(expected->data, expected->len));
    finding_got(finding, "none: the computation of %s has ended", hex);
    return true;
}

void appraise_run(struct attest_case *c, const struct run_log *run)
{
    struct span config = span_of(run->config, run->has_config ? SHA256_SIZE : 0);
    struct finding *finding;

    if (c->policy == NULL)
        return;
    if (appraise_digest(c->verdict, FINDING_RUN_CONFIG, &c->policy->config_sha256, config))
        c->config_judged = true;
    if (appraise_manifest(c, run))
        c->manifest_judged = true;

    finding = verdict_check(c->verdict, FINDING_RUN_MANIFESTS,
                            run->manifests <= c->policy->max_manifests);
    if (finding == NULL)
        return;
    finding_expect(finding, "at most %u", c->policy->max_manifests);
    finding_got(finding, "%zu", run->manifests);
}
