#include "lib/attest/token_case.h"

#include "lib/attest/evidence/snp_pb.h"
#include "lib/attest/token_key.h"
#include "lib/base/text.h"

#define CLOCK_SKEW 60 /* seconds by which two clocks may differ */
#define SHOWN_MAX  256
#define ITEM_MAX   (256 * KIB)

const char *const token_debug_names[TOKEN_DEBUG_COUNT] = {
    [TOKEN_DEBUG_ENABLED] = "enabled",
    [TOKEN_DEBUG_DISABLED] = "disabled",
    [TOKEN_DEBUG_DISABLED_SINCE_BOOT] = "disabled-since-boot",
    [TOKEN_DEBUG_DISABLED_PERMANENTLY] = "disabled-permanently",
    [TOKEN_DEBUG_DISABLED_FULLY] = "disabled-fully-and-permanently",
};

static void expect_text(struct finding *finding, struct span expected, struct span got)
{
    OWNED_BUF wanted = BUF_OF(2 * SHOWN_MAX), there = BUF_OF(2 * SHOWN_MAX);

    text_add_printable(&wanted, expected, SHOWN_MAX);
    text_add_printable(&there, got, SHOWN_MAX);
    finding_expect(finding, "%s",
                   expected.len > 0 ? buf_str(&wanted) : "no name, as none is given");
    finding_got(finding, "%s", got.len > 0 ? buf_str(&there) : "none");
}

static void add_time(struct attest_case *c, const char *what, int64_t time)
{
    struct finding *finding = verdict_add(c->verdict, FINDING_TOKEN_TIME);
    char at[TEXT_TIME_SIZE], now[TEXT_TIME_SIZE];

    text_format_time(time, at);
    text_format_time(c->in->now, now);
    finding_expect(finding, "%s %s", what, at);
    finding_got(finding, "the time is %s", now);
}

static void judge_time(struct attest_case *c, const struct token_facts *facts)
{
    int64_t now = c->in->now;

    if (facts->has_expires && now >= facts->expires)
        add_time(c, "a time before", facts->expires);
    else if (facts->has_not_before && now + CLOCK_SKEW < facts->not_before)
        add_time(c, "a time from", facts->not_before);
    else if (facts->has_issued && now + CLOCK_SKEW < facts->issued)
        add_time(c, "a time from", facts->issued);
    else
        verdict_pass(c->verdict, FINDING_TOKEN_TIME);
}

/* A token that names nobody is for anybody; one that names somebody is for nobody else. */
static void judge_audience(struct attest_case *c, const struct token_facts *facts)
{
    struct span us = c->in->audience;
    bool good = us.len > 0 ? facts->audience_matches : !facts->has_audience;
    struct finding *finding = verdict_check(c->verdict, FINDING_TOKEN_AUDIENCE, good);

    if (finding == NULL)
        return;
    expect_text(finding, us, span_of_str(facts->has_audience ? "others" : "nobody"));
}

/* Who could look into the device since it booted may have its keys still. */
static void judge_debug(struct attest_case *c, const struct token_facts *facts)
{
    bool known = facts->debug >= 0 && facts->debug < TOKEN_DEBUG_COUNT;
    struct finding *finding;

    if (!facts->has_debug)
        return;
    finding = verdict_check(c->verdict, FINDING_TOKEN_DEBUG,
                            known && facts->debug >= TOKEN_DEBUG_DISABLED_SINCE_BOOT);
    if (finding == NULL)
        return;
    finding_expect(finding, "%s, or for good", token_debug_names[TOKEN_DEBUG_DISABLED_SINCE_BOOT]);
    finding_got(finding, "%s",
                known ? token_debug_names[facts->debug] : "a state that is not known");
}

static void judge_challenge(struct attest_case *c, const struct token_facts *facts)
{
    struct finding *finding;

    if (c->in->nonce.len == 0)
        return;
    finding = verdict_check(c->verdict, FINDING_TOKEN_CHALLENGE, facts->nonce_matches);
    if (finding == NULL) {
        case_mark_fresh(c);
        return;
    }
    finding_expect_hex(finding, c->in->nonce);
    finding_got(finding, facts->has_nonce ? "another nonce" : "no nonce");
    c->stale = true;
}

void token_case_judge(struct attest_case *c, const struct token_facts *facts)
{
    struct finding *finding;

    judge_time(c, facts);
    if (c->in->issuer.len > 0) {
        finding = verdict_check(c->verdict, FINDING_TOKEN_ISSUER,
                                span_equal(c->in->issuer, facts->issuer));
        if (finding != NULL)
            expect_text(finding, c->in->issuer, facts->issuer);
    }
    judge_audience(c, facts);
    judge_debug(c, facts);
    judge_challenge(c, facts);
}

bool token_case_has_key(struct attest_case *c)
{
    struct finding *finding = verdict_check(c->verdict, FINDING_TOKEN_KEY, c->in->key.len > 0);

    c->key_signs = true;
    if (finding == NULL)
        return true;
    finding_expect(finding, "a key that we were given");
    finding_got(finding, "none");
    return false;
}

bool token_case_verify(struct attest_case *c, const struct cose_sign1 *message,
                       const struct key *key, const char *whose)
{
    struct err err;

    if (cose_sign1_verify(message, key, NULL, &err) == 0) {
        verdict_pass(c->verdict, FINDING_TOKEN_SIGNATURE);
        return true;
    }
    if (whose != NULL)
        err_wrap(&err, "%s", whose);
    verdict_add_err(c->verdict, FINDING_TOKEN_SIGNATURE, &err);
    return false;
}

bool token_case_verify_given(struct attest_case *c, const struct cose_sign1 *message,
                             const char *whose)
{
    OWNED_KEY *key = NULL;
    struct err err;

    if (!token_case_has_key(c))
        return false;
    if (token_key_load(c->in->key, &key, &err) == 0)
        return token_case_verify(c, message, key, whose);
    verdict_add_err(c->verdict, FINDING_TOKEN_KEY, &err);
    return false;
}

/* --- the first generation of agents ---------------------------------------------------------- */

static void check_snp(struct attest_case *c, struct span raw)
{
    OWNED_BUF item = BUF_OF(ITEM_MAX);
    struct err err;

    if (snp_pb_write(raw, &item, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_TOKEN_FORM, &err);
        return;
    }
    case_check(c, ATTEST_SNP, buf_span(&item));
}

static void check_raw(struct attest_case *c, struct span platform, struct span raw)
{
    static const struct {
        const char *name;
        enum attest_format format;
    } rows[] = {
        {"SNP-vTPM", ATTEST_TPM_PB},
        {"vTPM", ATTEST_TPM_PB},
        {"TDX", ATTEST_TDX},
        {"Azure", ATTEST_AUTO}, /* a quote of either kind */
    };
    OWNED_BUF shown = BUF_OF(2 * SHOWN_MAX);
    struct finding *finding;

    if (span_equal(platform, span_of_str("SNP"))) {
        check_snp(c, raw);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!span_equal(platform, span_of_str(rows[i].name)))
            continue;
        case_check(c, rows[i].format, raw);
        return;
    }
    text_add_printable(&shown, platform, SHOWN_MAX);
    finding = verdict_add(c->verdict, FINDING_TOKEN_EMPTY);
    finding_expect(finding, "SNP, SNP-vTPM, vTPM, TDX or Azure");
    finding_got(finding, "platform '%s'", buf_str(&shown));
}

void token_case_check_raw(struct attest_case *c, struct span platform, struct span raw)
{
    bool was_under = c->under_key;

    c->under_key = true;
    check_raw(c, platform, raw);
    c->under_key = was_under;
}
