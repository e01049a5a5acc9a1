#include "lib/attest/case.h"

#include "lib/attest/evidence/snp_report.h"
#include "lib/crypto/secret.h"

void case_open_item(struct attest_case *c, enum attest_kind kind)
{
    verdict_open_item(c->verdict);
    c->seen[kind]++;
    c->seen_in_chain[kind] += c->within_chain ? 1 : 0;
    c->beside_key += c->under_key ? 0 : 1;
}

void case_take_beside(struct attest_case *c, struct span given)
{
    for (size_t i = 0; i < COUNT_OF(c->unread); i++)
        if (c->unread[i].data == given.data)
            c->unread[i] = span_of(NULL, 0);
}

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

bool case_check_within(struct attest_case *c, enum attest_format format, struct span item,
                       const uint8_t demand[static SHA512_SIZE])
{
    struct json_bytes outer = c->demanded_report_data;
    unsigned opened = c->verdict->opened, proven = c->verdict->proven;
    bool was_stale = c->stale, met;

    c->demanded_report_data = (struct json_bytes){.present = true, .len = SHA512_SIZE};
    memcpy(c->demanded_report_data.data, demand, SHA512_SIZE);
    c->stale = false;
    case_check(c, format, item);
    met = !c->stale;
    c->stale = was_stale || c->stale;
    c->demanded_report_data = outer;
    return met && c->verdict->opened > opened &&
           c->verdict->proven - proven == c->verdict->opened - opened;
}

static void bind(struct attest_case *c, enum attest_kind by, bool guests_word,
                 const uint8_t sha256[static SHA256_SIZE])
{
    struct case_bound_key *bound = &c->bound[c->bound_count];

    if (c->bound_count == CASE_BOUND_MAX)
        return;
    bound->by = by;
    bound->guests_word = guests_word;
    memcpy(bound->sha256, sha256, SHA256_SIZE);
    c->bound_count++;
}

void case_bind_key(struct attest_case *c, enum attest_kind by,
                   const uint8_t sha256[static SHA256_SIZE])
{
    bind(c, by, false, sha256);
}

void case_bind_guests_key(struct attest_case *c, enum attest_kind by,
                          const uint8_t sha256[static SHA256_SIZE])
{
    bind(c, by, true, sha256);
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

/* What the policy pins stands beside what was asked; within a wrapper that is no freshness. */
void case_check_snp_pin(struct attest_case *c, const struct snp_report *report)
{
    const struct json_bytes *pinned = c->policy != NULL ? &c->policy->snp.report_data : NULL;

    if (pinned == NULL || !pinned->present)
        return;
    if (check_one(c, FINDING_SNP_REPORT_DATA, span_of(pinned->data, pinned->len),
                  SPAN_OF_ARRAY(report->report_data)) &&
        !c->demanded_report_data.present)
        case_mark_fresh(c);
}

void case_mark_fresh(struct attest_case *c)
{
    c->fresh = true;
}
