#include "lib/attest/appraisal/appraise_run.h"

static bool appraise_digest(struct verdict *verdict, enum finding_id id,
                            const struct json_bytes *expected, struct span got)
{
    if (!expected->present)
        return false;
    (void)verdict_check_hex(verdict, id, span_of(expected->data, expected->len), got);
    return true;
}

void appraise_run(struct attest_case *c, const struct run_log *run)
{
    struct span config = span_of(run->config, run->has_config ? SHA256_SIZE : 0);
    struct span manifest = span_of(run->manifest, run->manifests > 0 ? SHA256_SIZE : 0);
    struct finding *finding;

    if (c->policy == NULL)
        return;
    if (appraise_digest(c->verdict, FINDING_RUN_CONFIG, &c->policy->config_sha256, config))
        c->config_judged = true;
    if (appraise_digest(c->verdict, FINDING_RUN_MANIFEST, &c->policy->manifest_sha256, manifest))
        c->manifest_judged = true;

    finding = verdict_check(c->verdict, FINDING_RUN_MANIFESTS,
                            run->manifests <= c->policy->max_manifests);
    if (finding == NULL)
        return;
    finding_expect(finding, "at most %u", c->policy->max_manifests);
    finding_got(finding, "%zu", run->manifests);
}
