#include "lib/attest/attest.h"

#include "lib/attest/bundle_case.h"
#include "lib/attest/case.h"
#include "lib/attest/cmw_case.h"
#include "lib/attest/dice_case.h"
#include "lib/attest/eat_case.h"
#include "lib/attest/hcl_case.h"
#include "lib/attest/jwt_case.h"
#include "lib/attest/machine.h"
#include "lib/attest/sgx_case.h"
#include "lib/attest/sim_case.h"
#include "lib/attest/snp_case.h"
#include "lib/attest/tdx_case.h"
#include "lib/attest/tpm_pb_case.h"
#include "lib/attest/vtpm_case.h"

const char *const attest_format_names[] = {
    [ATTEST_AUTO] = "auto", [ATTEST_SNP] = "snp",         [ATTEST_TDX] = "tdx",
    [ATTEST_SGX] = "sgx",   [ATTEST_VTPM] = "vtpm",       [ATTEST_TPM_PB] = "tpm-pb",
    [ATTEST_EAT] = "eat",   [ATTEST_JWT] = "jwt",         [ATTEST_CMW] = "cmw",
    [ATTEST_HCL] = "hcl",   [ATTEST_DICE] = "dice",       [ATTEST_BUNDLE] = "bundle",
    [ATTEST_SIM] = "sim",   [ATTEST_FORMAT_COUNT] = NULL,
};

/* Every format that this build can judge. Detection asks in this order, so formats with a magic go
 * before those that are told by how likely their first numbers are. */
static const struct {
    enum attest_format format;
    bool (*detect)(struct span evidence);
    void (*check)(struct attest_case *c, struct span evidence);
} formats[] = {
    {ATTEST_HCL, hcl_case_detect, hcl_case_check},
    {ATTEST_BUNDLE, bundle_case_detect, bundle_case_check},
    {ATTEST_VTPM, vtpm_case_detect_raw, vtpm_case_check_raw},
    {ATTEST_TPM_PB, tpm_pb_case_detect, tpm_pb_case_check},
    {ATTEST_JWT, jwt_case_detect, jwt_case_check},
    {ATTEST_DICE, dice_case_detect, dice_case_check},
    {ATTEST_TDX, tdx_case_detect, tdx_case_check},
    {ATTEST_SGX, sgx_case_detect, sgx_case_check},
    {ATTEST_CMW, cmw_case_detect, cmw_case_check},
    {ATTEST_EAT, eat_case_detect, eat_case_check},
    {ATTEST_SNP, snp_case_detect, snp_case_check},
    {ATTEST_SIM, sim_case_detect, sim_case_check},
};

static int find_format(enum attest_format format)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (formats[i].format == format)
            return (int)i;
    return -1;
}

enum attest_format attest_detect(struct span evidence)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (formats[i].detect(evidence))
            return formats[i].format;
    return ATTEST_AUTO;
}

/* What is no evidence that could be judged, and is often taken for it. */
static const char *name_unknown(struct span evidence)
{
    static const struct {
        const char *begins, *words;
    } rows[] = {
        {"\xd9\x02\x3b", "concise evidence (CoEV), which nobody signs: it says and proves nothing"},
        {"\xd9\x01\xf5", "reference values (CoRIM): evidence is compared with them"},
        {"-----BEGIN", "PEM of no chain of DICE"},
        {"{", "JSON of no form that is known here"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (span_equal(span_part(evidence, 0, strlen(rows[i].begins)), span_of_str(rows[i].begins)))
            return rows[i].words;
    return evidence.len == 0 ? "no bytes at all" : "bytes of no known format";
}

static void add_unknown(struct attest_case *c, const char *got)
{
    OWNED_BUF known = BUF_OF(256);
    struct finding *finding = verdict_add(c->verdict, FINDING_FORMAT_UNKNOWN);

    for (size_t i = 0; i < COUNT_OF(formats); i++)
        buf_printf(&known, "%s%s", i > 0 ? ", " : "", attest_format_names[formats[i].format]);
    finding_expect(finding, "%s", buf_str(&known));
    finding_got(finding, "%s", got);
}

void case_check(struct attest_case *c, enum attest_format format, struct span evidence)
{
    int index = find_format(format == ATTEST_AUTO ? attest_detect(evidence) : format);

    if (c->depth >= CASE_DEPTH_MAX) {
        add_unknown(c, "too many wrappers within wrappers");
        return;
    }
    if (c->items++ >= CASE_ITEMS_MAX) {
        add_unknown(c, "too many pieces of evidence");
        return;
    }
    if (index < 0) {
        add_unknown(c,
                    format == ATTEST_AUTO ? name_unknown(evidence) : attest_format_names[format]);
        return;
    }
    c->depth++;
    formats[index].check(c, evidence);
    c->depth--;
}

/* --- what is judged once, for all items ----------------------------------------------------------
 */

static void judge_freshness(struct attest_case *c)
{
    bool asked = c->in->nonce.len > 0 || c->in->report_data.len > 0;
    struct finding *finding;

    if (c->fresh)
        verdict_pass(c->verdict, FINDING_FRESHNESS);
    if (c->fresh || c->stale)
        return;
    /* A waiver excuses that nothing was asked, not that nothing was answered. */
    if (asked)
        finding = verdict_add(c->verdict, FINDING_FRESHNESS);
    else
        finding = verdict_add_missing(c->verdict, FINDING_FRESHNESS, WAIVE_FRESHNESS);
    finding_expect(finding, "a nonce or report data of ours");
    finding_got(finding, asked ? "no answer to it" : "no challenge was given");
}

static void judge_workload(struct attest_case *c)
{
    const struct {
        const char *member;
        const struct json_bytes *demand;
        bool judged;
    } rows[] = {
        {"manifest_sha256", &c->policy->manifest_sha256, c->manifest_judged},
        {"config_sha256", &c->policy->config_sha256, c->config_judged},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct finding *finding;

        if (!rows[i].demand->present || rows[i].judged)
            continue;
        finding = verdict_add(c->verdict, FINDING_WORKLOAD_UNSHOWN);
        finding_subject(finding, "%s", rows[i].member);
        finding_expect_hex(finding, span_of(rows[i].demand->data, rows[i].demand->len));
        finding_got(finding, "nothing of it in this evidence");
    }
}

/* What binds evidence to a connection is its transcript; nothing else may stand in for it. */
static void judge_channel(struct attest_case *c)
{
    struct finding *finding;

    if (c->in->channel == NULL || c->channel_judged)
        return;
    finding = verdict_add(c->verdict, FINDING_CHANNEL_UNSHOWN);
    finding_expect(finding, "a transcript");
    finding_got(finding, "evidence without one");
}

/* A vTPM beside a TEE is not the platform, the TEE is; nor is a DICE chain beside either. */
static bool is_platform(const struct attest_case *c, int kind)
{
    bool tee = machine_has_platform(c), tpm = c->seen[KIND_VTPM] > 0;

    return c->seen[kind] > 0 && !(kind == KIND_VTPM && tee) && !(kind == KIND_DICE && (tee || tpm));
}

static void judge_platform(struct attest_case *c)
{
    OWNED_BUF names = BUF_OF(128);
    bool any = false;

    policy_write_values(&c->policy->platforms, &names);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct finding *finding;

        if (!is_platform(c, kind))
            continue;
        any = true;
        finding = verdict_check(c->verdict, FINDING_PLATFORM_REFUSED,
                                policy_accepts_platform(c->policy, (enum attest_kind)kind));
        if (finding == NULL)
            continue;
        finding_expect(finding, "%s", buf_str(&names));
        finding_got(finding, "%s", attest_kind_names[kind]);
    }
    if (!any && c->policy->platforms.count > 0) {
        struct finding *finding = verdict_add(c->verdict, FINDING_PLATFORM_REFUSED);

        finding_expect(finding, "%s", buf_str(&names));
        finding_got(finding, "none");
    }
}

/* A platform alone shows what its firmware measured, and the TPM beside it what the firmware
 * started: who leaves the TPM's quote away must not get round what the policy says about registers.
 */
static void judge_registers(struct attest_case *c)
{
    const struct policy_vtpm *vtpm = &c->policy->vtpm;
    struct finding *finding;

    if ((vtpm->pcr_count == 0 && vtpm->pei_digests.count == 0 && vtpm->initrd_sha256.count == 0) ||
        c->registers_judged)
        return;
    finding = verdict_add(c->verdict, FINDING_TPM_ABSENT);
    finding_expect(finding, "the quote of a TPM");
    finding_got(finding, "none");
}

/* Chains are public: one that merely lies beside a platform may be any device's. */
static void judge_dice(struct attest_case *c)
{
    bool alone = !machine_has_platform(c) && c->seen[KIND_VTPM] == 0;
    struct finding *finding;

    if (!c->policy->dice.required)
        return;
    finding =
        verdict_check(c->verdict, FINDING_DICE_REQUIRED, c->dice_proven && (c->dice_tied || alone));
    if (finding == NULL)
        return;
    finding_expect(finding, "a chain");
    finding_got(finding, "%s",
                c->dice_proven           ? "one that nothing ties to the platform"
                : c->seen[KIND_DICE] > 0 ? "one that does not hold"
                                         : "none");
}

/* Who gives a log or a signature takes it for judged when the evidence is accepted. */
static void judge_unread(struct attest_case *c)
{
    static const char *const names[CASE_BESIDE_COUNT] = {
        [CASE_TCG_LOG] = "event log",
        [CASE_IMA_LOG] = "IMA list",
        [CASE_CEL_LOG] = "canonical event log",
        [CASE_SIGNATURE] = "signature beside it",
    };

    for (size_t i = 0; i < CASE_BESIDE_COUNT; i++) {
        struct finding *finding;

        if (c->unread[i].len == 0)
            continue;
        finding = verdict_add(c->verdict, FINDING_UNREAD);
        finding_subject(finding, "%s", names[i]);
        finding_expect(finding, "a quote that it belongs to");
        finding_got(finding, "none");
    }
}

static void judge(struct attest_case *c)
{
    machine_judge(c);
    machine_judge_key(c);
    judge_unread(c);
    if (c->policy == NULL) {
        struct finding *finding = verdict_add(c->verdict, FINDING_NO_POLICY);

        finding_expect(finding, "a policy");
        finding_got(finding, "none");
        return;
    }
    judge_platform(c);
    judge_freshness(c);
    judge_channel(c);
    judge_workload(c);
    judge_registers(c);
    judge_dice(c);
}

int attest_validate(const struct attest_input *in, struct verdict *ret, struct err *err)
{
    struct attest_case c = {.in = in,
                            .policy = in->policy,
                            .verdict = ret,
                            .unread = {[CASE_TCG_LOG] = in->tcg_log,
                                       [CASE_IMA_LOG] = in->ima_log,
                                       [CASE_CEL_LOG] = in->cel_log,
                                       [CASE_SIGNATURE] = in->signature}};

    if (in->evidence.len > ATTEST_EVIDENCE_MAX)
        return err_set(err, ERR_TOO_LARGE, "evidence of %zu bytes, at most %llu", in->evidence.len,
                       ATTEST_EVIDENCE_MAX);
    if (in->format != ATTEST_AUTO && find_format(in->format) < 0)
        return err_set(err, ERR_UNSUPPORTED, "evidence in format '%s' is not available yet",
                       attest_format_names[in->format]);
    verdict_init(ret, in->policy);
    case_check(&c, in->format, in->evidence);
    judge(&c);
    verdict_drop_repeated(ret);
    return 0;
}
