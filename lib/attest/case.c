#include "lib/attest/case.h"

#include "lib/crypto/secret.h"

bool case_admit_kind(struct attest_case *c, enum attest_kind kind)
{
    OWNED_BUF named = BUF_OF(128);
    struct finding *finding;

    if (c->policy == NULL)
        return false;
    finding = verdict_check(c->verdict, FINDING_KIND_REFUSED, policy_accepts_kind(c->policy, kind));
    if (finding == NULL)
        return true;
    for (int i = 0; i < KIND_COUNT; i++)
        if (c->policy->named[i])
            buf_printf(&named, "%s%s", named.len > 0 ? ", " : "", attest_kind_names[i]);
    finding_expect(finding, "%s", buf_str(&named));
    finding_got(finding, "%s", attest_kind_names[kind]);
    return false;
}

/* All 64 bytes count: a nonce that is a mere prefix of what was signed proves nothing about the
 * rest. */
static bool check_one(struct attest_case *c, enum finding_id mismatch, struct span expected,
                      struct span report_data)
{
    struct finding *finding =
        verdict_check(c->verdict, mismatch, secret_equal(expected, report_data));

    if (finding == NULL)
        return true;
    finding_expect_hex(finding, expected);
    finding_got_hex(finding, report_data);
    c->stale = true;
    return false;
}

void case_check_report_data(struct attest_case *c, enum finding_id mismatch,
                            struct span report_data)
{
    uint8_t padded[JSON_BYTES_MAX] = {0};
    bool asked = false, answered = true;

    if (c->demanded_report_data.present) {
        (void)check_one(c, mismatch,
                        span_of(c->demanded_report_data.data, c->demanded_report_data.len),
                        report_data);
        return;
    }
    if (c->in->report_data.len > 0) {
        asked = true;
        answered = check_one(c, mismatch, c->in->report_data, report_data) && answered;
    }
    if (c->in->nonce.len > 0) {
        struct span nonce = c->in->nonce;

        asked = true;
        if (nonce.len <= sizeof(padded)) {
            memcpy(padded, nonce.data, nonce.len);
            nonce = SPAN_OF_ARRAY(padded);
        }
        answered = check_one(c, mismatch, nonce, report_data) && answered;
    }
    if (asked && answered)
        case_mark_fresh(c);
}

void case_mark_fresh(struct attest_case *c)
{
    c->fresh = true;
}
