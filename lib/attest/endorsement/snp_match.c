#include "lib/attest/endorsement/snp_match.h"

#include "lib/crypto/verify.h"

#include <inttypes.h>

static bool check_kind(const struct snp_report *report, const struct snp_vek *vek,
                       struct verdict *verdict)
{
    enum snp_signing_key expected = vek->vlek ? SNP_SIGNED_BY_VLEK : SNP_SIGNED_BY_VCEK;
    struct finding *finding;

    if (report->signing_key == SNP_SIGNED_BY_NONE) {
        finding = verdict_add(verdict, FINDING_SNP_UNSIGNED);
        finding_expect(finding, "VCEK or VLEK");
        finding_got(finding, "none");
        return false;
    }
    finding = verdict_check(verdict, FINDING_SNP_VEK_KIND, report->signing_key == expected);
    if (finding == NULL)
        return true;
    finding_expect(finding, "%s", vek->vlek ? "VCEK" : "VLEK");
    finding_got(finding, "%s", vek->vlek ? "VLEK" : "VCEK");
    return false;
}

/* From version 3 on the report names the CPU; the chain has been held to the certificate's product.
 */
static bool check_product(const struct snp_report *report, const struct snp_vek *vek,
                          struct verdict *verdict)
{
    struct finding *finding;

    if (!report->has_cpuid)
        return true;
    finding =
        verdict_check(verdict, FINDING_SNP_VEK_PRODUCT, snp_report_product(report) == vek->product);
    if (finding == NULL)
        return true;
    finding_subject(finding, "the report's CPUID (family 0x%02x, model 0x%02x)", report->family,
                    report->model);
    finding_expect(finding, "%s", snp_product_name(snp_report_product(report)));
    finding_got(finding, "%s", snp_product_name(vek->product));
    return false;
}

static bool check_tcb(const struct snp_report *report, const struct snp_vek *vek,
                      struct verdict *verdict)
{
    struct snp_tcb reported = snp_tcb_of(report->reported_tcb, vek->product);
    struct snp_tcb certified = snp_tcb_of(vek->tcb, vek->product);
    struct finding *finding;
    bool good = true;

    for (int i = 0; i < SNP_TCB_PARTS; i++) {
        finding = verdict_check(verdict, FINDING_SNP_VEK_TCB, reported.svn[i] == certified.svn[i]);
        if (finding == NULL)
            continue;
        finding_subject(finding, "%s", snp_tcb_part_names[i]);
        finding_expect(finding, "%u", reported.svn[i]);
        finding_got(finding, "%u", certified.svn[i]);
        good = false;
    }
    finding = verdict_check(verdict, FINDING_SNP_VEK_TCB, reported.reserved == certified.reserved);
    if (finding == NULL)
        return good;
    finding_subject(finding, "the reserved bytes");
    finding_expect(finding, "0x%016" PRIx64, reported.reserved);
    finding_got(finding, "0x%016" PRIx64, certified.reserved);
    return false;
}

/* A VLEK is no chip's. A VCEK is one chip's, so a report that hides the chip id cannot be shown to
 * be from that chip, and is refused. */
static bool check_chip(const struct snp_report *report, const struct snp_vek *vek,
                       struct verdict *verdict)
{
    struct span chip = SPAN_OF_ARRAY(report->chip_id);
    struct span certified = SPAN_OF_ARRAY(vek->chip_id);
    struct finding *finding;

    if (vek->vlek)
        return true;
    finding = verdict_check(verdict, FINDING_SNP_VEK_CHIP,
                            span_equal(chip, certified) && !span_is_zero(chip));
    if (finding == NULL)
        return true;
    finding_expect_hex(finding, chip);
    finding_got_hex(finding, certified);
    return false;
}

static bool check_signature(const struct snp_report *report, const struct snp_vek *vek,
                            struct verdict *verdict)
{
    struct err err;

    if (verify_signature(vek->key, VERIFY_ECDSA, DIGEST_SHA384, report->signed_part,
                         SPAN_OF_ARRAY(report->signature), &err) < 0) {
        verdict_add_err(verdict, FINDING_SNP_SIGNATURE, &err);
        return false;
    }
    verdict_pass(verdict, FINDING_SNP_SIGNATURE);
    return true;
}

bool snp_match_check(const struct snp_report *report, const struct snp_vek *vek,
                     struct verdict *verdict)
{
    bool good = check_kind(report, vek, verdict);

    good = check_product(report, vek, verdict) && good;
    good = check_tcb(report, vek, verdict) && good;
    good = check_chip(report, vek, verdict) && good;
    return check_signature(report, vek, verdict) && good;
}

bool snp_match_check_order(const struct snp_report *report, enum snp_product product,
                           struct verdict *verdict)
{
    const struct {
        const char *name;
        uint64_t raw;
    } lower[] = {{"COMMITTED_TCB", report->committed_tcb}, {"REPORTED_TCB", report->reported_tcb}};
    struct snp_tcb current = snp_tcb_of(report->current_tcb, product);
    bool good = true;

    for (size_t i = 0; i < COUNT_OF(lower); i++) {
        struct snp_tcb tcb = snp_tcb_of(lower[i].raw, product);

        for (int part = 0; part < SNP_TCB_PARTS; part++) {
            struct finding *finding =
                verdict_check(verdict, FINDING_SNP_TCB_ORDER, tcb.svn[part] <= current.svn[part]);

            if (finding == NULL)
                continue;
            finding_subject(finding, "%s %s", lower[i].name, snp_tcb_part_names[part]);
            finding_expect(finding, "at most CURRENT_TCB's %u", current.svn[part]);
            finding_got(finding, "%u", tcb.svn[part]);
            good = false;
        }
    }
    return good;
}
