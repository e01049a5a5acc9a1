#include "lib/attest/appraisal/appraise_tdx.h"

#include "lib/attest/appraisal/appraise_values.h"

#include <inttypes.h>

/* XFAM: bits 0 and 1 are always there; what may be there beside them (APX is bit 19). */
#define XFAM_NEEDED 0x3ULL
#define XFAM_KNOWN  0xedbe7ULL

/* Members that list the values a field of the report may have. */
static const struct {
    enum finding_id id;
    size_t values; /* in struct policy_tdx */
    size_t field;  /* in struct td_report, SHA384_SIZE bytes */
} value_rows[] = {
#define VALUES(id, member, field)                                                                  \
    {                                                                                              \
        FINDING_##id, offsetof(struct policy_tdx, member), offsetof(struct td_report, field)       \
    }
    VALUES(TDX_MRTD, mrtd, mrtd),          VALUES(TDX_RTMR0, rtmr0, rtmr[0]),
    VALUES(TDX_RTMR1, rtmr1, rtmr[1]),     VALUES(TDX_RTMR2, rtmr2, rtmr[2]),
    VALUES(TDX_RTMR3, rtmr3, rtmr[3]),     VALUES(TDX_MRCONFIGID, mrconfigid, mrconfigid),
    VALUES(TDX_MROWNER, mrowner, mrowner), VALUES(TDX_MROWNERCONFIG, mrownerconfig, mrownerconfig),
    VALUES(TDX_MRSEAM, mrseam, mrseam),
#undef VALUES
};

static void appraise_values(const struct td_report *td, const struct policy_tdx *policy,
                            struct verdict *verdict)
{
    struct finding *finding;

    for (size_t i = 0; i < COUNT_OF(value_rows); i++)
        appraise_value(verdict, value_rows[i].id,
                       (const void *)((const char *)policy + value_rows[i].values),
                       span_of((const char *)td + value_rows[i].field, SHA384_SIZE));
    if (policy->mrtd.count > 0)
        return;
    finding = verdict_add_missing(verdict, FINDING_TDX_MEASUREMENT_ABSENT, WAIVE_MEASUREMENT);
    finding_expect(finding, "at least one value");
    finding_got_hex(finding, SPAN_OF_ARRAY(td->mrtd));
}

/* --- the guest ------------------------------------------------------------------------------- */

static void check_word(struct verdict *verdict, const char *name, uint64_t value, uint64_t needed,
                       uint64_t known)
{
    struct finding *finding = verdict_check(verdict, FINDING_TDX_ATTRIBUTES,
                                            (value & needed) == needed && (value & ~known) == 0);

    if (finding == NULL)
        return;
    finding_subject(finding, "%s", name);
    finding_expect(finding, "bits of 0x%" PRIx64 " only, 0x%" PRIx64 " among them", known, needed);
    finding_got(finding, "0x%" PRIx64, value);
}

/* A service TD that is bound may be given the keys; without its own evidence nobody knows it. */
static void appraise_migration(const struct td_report *td, struct verdict *verdict)
{
    struct finding *finding = verdict_check(verdict, FINDING_TDX_MIGRATION,
                                            (td->td_attributes & TD_ATTR_MIGRATABLE) == 0);

    if (finding != NULL) {
        finding_subject(finding, "ATTRIBUTES");
        finding_expect(finding, "MIGRATABLE clear");
        finding_got(finding, "MIGRATABLE set in 0x%" PRIx64, td->td_attributes);
    }
    finding =
        verdict_check(verdict, FINDING_TDX_MIGRATION, span_is_zero(SPAN_OF_ARRAY(td->mrservicetd)));
    if (finding != NULL) {
        finding_subject(finding, "MRSERVICETD");
        finding_expect(finding, "all bytes zero");
        finding_got_hex(finding, SPAN_OF_ARRAY(td->mrservicetd));
    }
}

static void appraise_guest(const struct td_report *td, struct verdict *verdict)
{
    bool open = (td->td_attributes & TD_ATTR_UNDER_DEBUG) != 0;
    struct finding *finding = verdict_check(verdict, FINDING_TDX_DEBUG, !open);

    if (finding != NULL) {
        finding_expect(finding, "bits 0 to 7 of ATTRIBUTES clear");
        finding_got(finding, "%s in 0x%" PRIx64,
                    (td->td_attributes & TD_ATTR_DEBUG) != 0 ? "DEBUG set" : "profiling allowed",
                    td->td_attributes);
    }
    check_word(verdict, "ATTRIBUTES", td->td_attributes, 0, TD_ATTR_KNOWN);
    check_word(verdict, "XFAM", td->xfam, XFAM_NEEDED, XFAM_KNOWN);
    appraise_migration(td, verdict);
    if ((td->td_attributes & TD_ATTR_SEPT_VE_DISABLE) == 0) {
        finding = verdict_add(verdict, FINDING_TDX_SEPT_VE);
        finding_expect(finding, "SEPT_VE_DISABLE set");
        finding_got(finding, "clear in 0x%" PRIx64, td->td_attributes);
    }
}

static void appraise_module(const struct td_report *td, struct verdict *verdict)
{
    struct finding *finding =
        verdict_check(verdict, FINDING_TDX_SEAM, span_is_zero(SPAN_OF_ARRAY(td->mrsignerseam)));

    if (finding != NULL) {
        finding_subject(finding, "MRSIGNERSEAM");
        finding_expect(finding, "all bytes zero");
        finding_got_hex(finding, SPAN_OF_ARRAY(td->mrsignerseam));
    }
    finding = verdict_check(verdict, FINDING_TDX_SEAM, td->seam_attributes == 0);
    if (finding != NULL) {
        finding_subject(finding, "SEAMATTRIBUTES");
        finding_expect(finding, "0x0");
        finding_got(finding, "0x%" PRIx64, td->seam_attributes);
    }
}

/* --- the TCB --------------------------------------------------------------------------------- */

static void appraise_svn(const struct td_report *td, const struct json_bytes *minimum,
                         struct verdict *verdict)
{
    for (size_t i = 0; minimum->present && i < TD_SVN_SIZE; i++) {
        struct finding *finding =
            verdict_check(verdict, FINDING_TDX_TCB_SVN, td->tee_tcb_svn[i] >= minimum->data[i]);

        if (finding == NULL)
            continue;
        finding_subject(finding, "%zu", i);
        finding_expect(finding, "%u", minimum->data[i]);
        finding_got(finding, "%u", td->tee_tcb_svn[i]);
    }
}

/* Both documents count: an old one of either would hide what was found out since. */
static void appraise_evaluation(const struct dcap_proof *proof, uint32_t minimum,
                                struct verdict *verdict)
{
    const struct dcap_document *const documents[] = {proof->tcb_info, proof->qe_identity};

    for (size_t i = 0; minimum != POLICY_UNSET && i < COUNT_OF(documents); i++) {
        const struct dcap_document *document = proof->has_standing ? documents[i] : NULL;
        struct finding *finding =
            verdict_check(verdict, FINDING_TDX_TCB_EVALUATION,
                          document != NULL && document->evaluation >= minimum);

        if (finding == NULL)
            continue;
        finding_subject(finding, "%s", dcap_document_name((enum dcap_document_kind)i));
        finding_expect(finding, "%" PRIu32, minimum);
        if (document != NULL)
            finding_got(finding, "%" PRIu32, document->evaluation);
        else
            finding_got(finding, "unknown, without collateral that holds");
    }
}

static void appraise_advisories(const struct tcb_standing *standing,
                                const struct json_strings *allowed, struct verdict *verdict)
{
    for (size_t i = 0; i < standing->advisory_count; i++) {
        const char *name = standing->advisories[i];
        struct finding *finding = verdict_check(verdict, FINDING_TDX_ADVISORY,
                                                policy_allows_text(allowed, span_of_str(name)));

        if (finding == NULL)
            continue;
        if (allowed->count > 0)
            appraise_expect(finding, allowed);
        else
            finding_expect(finding, "none");
        finding_got(finding, "%s", name);
    }
}

void appraise_tdx(const struct td_report *td, const struct dcap_proof *proof,
                  const struct policy_tdx *policy, struct verdict *verdict)
{
    appraise_guest(td, verdict);
    appraise_module(td, verdict);
    appraise_values(td, policy, verdict);
    appraise_svn(td, &policy->min_tee_tcb_svn, verdict);
    appraise_tcb_status(verdict, FINDING_TDX_TCB_STATUS, &policy->tcb_status,
                        policy->tcb_status_given,
                        proof->has_standing ? tcb_status_name(proof->standing.status) : NULL);
    appraise_evaluation(proof, policy->min_tcb_evaluation_number, verdict);
    if (proof->has_standing)
        appraise_advisories(&proof->standing, &policy->allow_advisories, verdict);
}
