/* For tests of evidence: is it found genuine, is it accepted, and if not, why? */
#ifndef COCOS_TESTS_ATTEST_JUDGED_H
#define COCOS_TESTS_ATTEST_JUDGED_H

#include "tests/unit/unit.h"

#include "lib/attest/attest.h"

static inline bool has_finding(const struct verdict *verdict, const char *id)
{
    for (size_t i = 0; i < verdict->count; i++)
        if (strcmp(finding_row(verdict->findings[i].id)->id, id) == 0)
            return true;
    return false;
}

/* refusal: NULL when the evidence must be found genuine; words: part of what the finding got, or
 * NULL. */
static inline void check(const struct attest_input *in, const char *refusal, const char *words)
{
    OWNED_BUF shown = BUF_OF(1 * MIB);
    OWNED_VERDICT verdict = {0};
    struct err err;

    assert_ok(attest_validate(in, &verdict, &err));
    attest_explain(&verdict, &shown);
    if ((verdict_crypto(&verdict) == OUTCOME_PASS) != (refusal == NULL) ||
        (refusal != NULL && !has_finding(&verdict, refusal)) ||
        (words != NULL && strstr(buf_str(&shown), words) == NULL))
        fail_msg("expected %s (%s), got\n%s", refusal ? refusal : "no refusal", words ? words : "",
                 buf_str(&shown));
}

/* The same for acceptance by the policy of in: refusal is NULL when it must be accepted. */
static inline void check_accepted(const struct attest_input *in, const char *refusal,
                                  const char *words)
{
    OWNED_BUF shown = BUF_OF(1 * MIB);
    OWNED_VERDICT verdict = {0};
    struct err err;

    assert_ok(attest_validate(in, &verdict, &err));
    attest_explain(&verdict, &shown);
    if (verdict_accepted(&verdict) != (refusal == NULL) ||
        (refusal != NULL && !has_finding(&verdict, refusal)) ||
        (words != NULL && strstr(buf_str(&shown), words) == NULL))
        fail_msg("expected %s (%s), got\n%s", refusal ? refusal : "acceptance", words ? words : "",
                 buf_str(&shown));
}

#endif
