#include "lib/attest/appraisal/appraise_snp.h"

#include "lib/attest/appraisal/appraise_values.h"

#include <inttypes.h>

/* Members that list the values a field of the report may have. */
static const struct {
    enum finding_id id;
    size_t values; /* in struct policy_snp */
    size_t field;  /* in struct snp_report */
    size_t len;
} value_rows[] = {
#define VALUES(id, member)                                                                         \
    {                                                                                              \
        FINDING_##id, offsetof(struct policy_snp, member), offsetof(struct snp_report, member),    \
            sizeof(((struct snp_report *)NULL)->member)                                            \
    }
    VALUES(SNP_MEASUREMENT, measurement),
    VALUES(SNP_HOST_DATA, host_data),
    VALUES(SNP_ID_KEY, id_key_digest),
    VALUES(SNP_AUTHOR_KEY, author_key_digest),
#undef VALUES
};

static void appraise_values(const struct snp_report *report, const struct policy_snp *policy,
                            struct verdict *verdict)
{
    for (size_t i = 0; i < COUNT_OF(value_rows); i++) {
        const struct json_strings *values =
            (const void *)((const char *)policy + value_rows[i].values);

        appraise_value(verdict, value_rows[i].id, values,
                       span_of((const char *)report + value_rows[i].field, value_rows[i].len));
    }
}

static void appraise_measurement_given(const struct snp_report *report,
                                       const struct policy_snp *policy, struct verdict *verdict)
{
    struct finding *finding;

    if (policy->measurement.count > 0)
        return;
    finding = verdict_add_missing(verdict, FINDING_SNP_MEASUREMENT_ABSENT, WAIVE_MEASUREMENT);
    finding_expect(finding, "at least one value");
    finding_got_hex(finding, SPAN_OF_ARRAY(report->measurement));
}

/* Turin's chip ids are eight bytes in a field of 64; a policy may write them either way. */
static void appraise_identity(const struct snp_subject *subject, const struct policy_snp *policy,
                              struct verdict *verdict)
{
    struct span chip = SPAN_OF_ARRAY(subject->report->chip_id);
    struct span first = span_part(chip, 0, SNP_CHIP_ID_SIZE_TURIN);
    bool short_form = span_is_zero(span_part(chip, SNP_CHIP_ID_SIZE_TURIN, chip.len));
    bool hidden = span_is_zero(chip);
    struct finding *finding;

    if (policy->chip_id.count > 0) {
        bool listed = policy_allows_hex(&policy->chip_id, chip) ||
                      (short_form && policy_allows_hex(&policy->chip_id, first));

        finding = verdict_check(verdict, FINDING_SNP_CHIP_ID, listed && !hidden);
        if (finding != NULL) {
            appraise_expect(finding, &policy->chip_id);
            finding_got_hex(finding, short_form ? first : chip);
        }
    }
    if (policy->csp_id.count > 0) {
        finding = verdict_check(verdict, FINDING_SNP_CSP_ID,
                                policy_allows_text(&policy->csp_id, span_of_str(subject->csp_id)));
        if (finding != NULL) {
            appraise_expect(finding, &policy->csp_id);
            finding_got(finding, "%s", subject->csp_id[0] != '\0' ? subject->csp_id : "none");
        }
    }
}

static void appraise_guest(const struct snp_report *report, const struct policy_snp *policy,
                           struct verdict *verdict)
{
    bool agent = false;
    struct finding *finding =
        verdict_check(verdict, FINDING_SNP_DEBUG, (report->policy & SNP_POLICY_DEBUG) == 0);

    if (finding != NULL) {
        finding_expect(finding, "DEBUG clear");
        finding_got(finding, "DEBUG set in policy 0x%" PRIx64, report->policy);
    }
    finding = verdict_check(verdict, FINDING_SNP_MIGRATION,
                            (report->policy & SNP_POLICY_MIGRATE_MA) == 0);
    if (finding != NULL) {
        finding_subject(finding, "the guest policy");
        finding_expect(finding, "MIGRATE_MA clear");
        finding_got(finding, "MIGRATE_MA set in policy 0x%" PRIx64, report->policy);
    }
    for (size_t i = 0; i < sizeof(report->report_id_ma); i++)
        agent = agent || report->report_id_ma[i] != 0xff;
    finding = verdict_check(verdict, FINDING_SNP_MIGRATION, !agent);
    if (finding != NULL) {
        finding_subject(finding, "REPORT_ID_MA");
        finding_expect(finding, "all bytes 0xff");
        finding_got_hex(finding, SPAN_OF_ARRAY(report->report_id_ma));
    }
    if (report->vmpl == SNP_VMPL_HOST) {
        finding = verdict_add(verdict, FINDING_SNP_VMPL_HOST);
        finding_expect(finding, "%" PRIu32, policy->vmpl);
        finding_got(finding, "a report that the host asked for");
        return;
    }
    finding = verdict_check(verdict, FINDING_SNP_VMPL, report->vmpl == policy->vmpl);
    if (finding != NULL) {
        finding_expect(finding, "%" PRIu32, policy->vmpl);
        finding_got(finding, "%" PRIu32, report->vmpl);
    }
}

static void appraise_platform(const struct snp_report *report, const struct policy_snp *policy,
                              struct verdict *verdict)
{
    uint64_t info = report->platform_info;
    bool smt = (report->policy & SNP_POLICY_SMT) != 0 && (info & SNP_PLATFORM_SMT_EN) != 0;
    /* Version 2 has the bit reserved: what is in it says nothing. */
    bool alias = report->has_cpuid && (info & SNP_PLATFORM_ALIAS_CHECK_COMPLETE) != 0;
    bool hiding = (info & SNP_PLATFORM_CIPHERTEXT_HIDING_EN) != 0;
    struct finding *finding;

    if (policy->require_no_smt &&
        (finding = verdict_check(verdict, FINDING_SNP_SMT, !smt)) != NULL) {
        finding_expect(finding, "SMT not allowed or not on");
        finding_got(finding, "SMT allowed and on");
    }
    if (policy->require_alias_check &&
        (finding = verdict_check(verdict, FINDING_SNP_ALIAS_CHECK, alias)) != NULL) {
        finding_expect(finding, "ALIAS_CHECK_COMPLETE set");
        finding_got(finding, "%s in a report of version %" PRIu32,
                    report->has_cpuid ? "clear" : "not told", report->version);
    }
    if (policy->require_ciphertext_hiding &&
        (finding = verdict_check(verdict, FINDING_SNP_CIPHERTEXT, hiding)) != NULL) {
        finding_expect(finding, "CIPHERTEXT_HIDING_DRAM_EN set");
        finding_got(finding, "clear in platform info 0x%" PRIx64, info);
    }
}

static void appraise_mask(const struct snp_report *report, const struct policy_mask *mask,
                          uint64_t bits, enum finding_id id, struct verdict *verdict)
{
    struct finding *finding;

    if (!mask->present)
        return;
    finding =
        verdict_check(verdict, id, report->has_mitigations && (bits & mask->bits) == mask->bits);
    if (finding == NULL)
        return;
    finding_expect(finding, "0x%" PRIx64, mask->bits);
    if (report->has_mitigations)
        finding_got(finding, "0x%" PRIx64, bits);
    else
        finding_got(finding, "none: the report has version %" PRIu32, report->version);
}

/* --- TCB -----------------------------------------------------------------------------------------
 */

static void appraise_tcb(uint64_t raw, enum snp_product product, const struct policy_tcb *minimum,
                         enum finding_id id, struct verdict *verdict)
{
    const uint32_t wanted[SNP_TCB_PARTS] = {
        [SNP_TCB_FMC] = minimum->fmc,     [SNP_TCB_BL] = minimum->bl,
        [SNP_TCB_TEE] = minimum->tee,     [SNP_TCB_SNP] = minimum->snp,
        [SNP_TCB_UCODE] = minimum->ucode,
    };
    struct snp_tcb tcb = snp_tcb_of(raw, product);

    for (int i = 0; i < SNP_TCB_PARTS; i++) {
        struct finding *finding;

        if (wanted[i] == POLICY_UNSET)
            continue;
        /* A part that this processor does not have meets no minimum but zero. */
        finding =
            verdict_check(verdict, id, wanted[i] == 0 || (tcb.has[i] && tcb.svn[i] >= wanted[i]));
        if (finding == NULL)
            continue;
        finding_subject(finding, "%s", snp_tcb_part_names[i]);
        finding_expect(finding, "%" PRIu32, wanted[i]);
        if (tcb.has[i])
            finding_got(finding, "%u", tcb.svn[i]);
        else
            finding_got(finding, "none");
    }
}

static void appraise_tcb_given(const struct snp_subject *subject, const struct policy_snp *policy,
                               struct verdict *verdict)
{
    struct snp_tcb tcb = snp_tcb_of(subject->report->reported_tcb, subject->product);
    OWNED_BUF text = BUF_OF(128);
    struct finding *finding;

    if (policy_tcb_named(&policy->min_tcb))
        return;
    for (int i = 0; i < SNP_TCB_PARTS; i++)
        if (tcb.has[i])
            buf_printf(&text, "%s%s %u", text.len > 0 ? ", " : "", snp_tcb_part_names[i],
                       tcb.svn[i]);
    finding = verdict_add_missing(verdict, FINDING_SNP_TCB_ABSENT, WAIVE_MIN_TCB);
    finding_expect(finding, "a minimum of at least one part");
    finding_got(finding, "%s", text.len > 0 ? buf_str(&text) : "a TCB of an unknown product");
}

void appraise_snp(const struct snp_subject *subject, const struct policy_snp *policy,
                  struct verdict *verdict)
{
    const struct snp_report *report = subject->report;

    appraise_guest(report, policy, verdict);
    appraise_measurement_given(report, policy, verdict);
    appraise_values(report, policy, verdict);
    appraise_identity(subject, policy, verdict);
    appraise_platform(report, policy, verdict);
    appraise_mask(report, &policy->current_mit, report->current_mitigations,
                  FINDING_SNP_MITIGATION_CURRENT, verdict);
    appraise_mask(report, &policy->launch_mit, report->launch_mitigations,
                  FINDING_SNP_MITIGATION_LAUNCH, verdict);
    appraise_tcb_given(subject, policy, verdict);
    appraise_tcb(report->reported_tcb, subject->product, &policy->min_tcb, FINDING_SNP_TCB_REPORTED,
                 verdict);
    appraise_tcb(report->committed_tcb, subject->product, &policy->min_committed_tcb,
                 FINDING_SNP_TCB_COMMITTED, verdict);
    appraise_tcb(report->launch_tcb, subject->product, &policy->min_launch_tcb,
                 FINDING_SNP_TCB_LAUNCH, verdict);
}
