#include "lib/attest/tpm_pb_case.h"

#include "lib/attest/evidence/snp_pb.h"
#include "lib/attest/evidence/snp_report.h"
#include "lib/attest/evidence/svsm.h"
#include "lib/attest/vtpm_case.h"

#define SNP_ITEM_MAX       (256 * KIB)
#define VMPL_OFFSET        0x030
#define REPORT_DATA_OFFSET 0x050
#define REPORT_DATA_SIZE   64

/* Field 1, bytes, and a TPMT_PUBLIC of RSA or ECC in it. */
bool tpm_pb_case_detect(struct span evidence)
{
    struct reader r = reader_of(evidence);
    uint8_t tag, len;
    uint16_t type;

    tag = read_u8(&r);
    len = read_u8(&r);
    if (len >= 0x80)
        read_skip(&r, 1);
    type = read_be16(&r);
    return !r.short_read && tag == 0x0a && (type == TPM_ALG_RSA || type == TPM_ALG_ECC);
}

/* What ties a report to keys of the TPM: a demand on its data, and the key it then names. */
struct tie {
    struct json_bytes demand;
    bool guests_word;
    uint8_t sha256[SHA256_SIZE];
};

/* --- the ways of tying ----------------------------------------------------------------------- */

/* True when the report carries the caller's bytes and the attestation key, hashed together. */
static bool ties_ak(const struct attest_case *c, const struct vtpm *vtpm, struct span report,
                    struct tie *ret)
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA3_512);
    struct span data = span_part(report, REPORT_DATA_OFFSET, REPORT_DATA_SIZE);

    if (c->in->report_data.len != REPORT_DATA_SIZE || !vtpm->has_public)
        return false;
    ret->demand = (struct json_bytes){.present = true, .len = REPORT_DATA_SIZE};
    digest_add(digest, c->in->report_data);
    digest_add(digest, vtpm->ak_public.raw);
    digest_finish(digest, ret->demand.data);
    ret->guests_word = true;
    memcpy(ret->sha256, vtpm->ak_tpmt, SHA256_SIZE);
    return span_equal(data, span_of(ret->demand.data, ret->demand.len));
}

/* The report of an SVSM carries the caller's bytes and the manifest, which names the endorsement
 * key. Adds findings for what speaks against it. */
static bool ties_ek(const struct attest_case *c, struct span report, struct tie *ret)
{
    struct reader vmpl = reader_of(span_part(report, VMPL_OFFSET, 4));
    struct span data = span_part(report, REPORT_DATA_OFFSET, REPORT_DATA_SIZE);
    struct tpm_public ek;
    struct err err;

    if (svsm_find_ek(c->in->svsm_manifest, &ek, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_SVSM_FORM, &err);
        return false;
    }
    ret->guests_word = false;
    ret->demand = (struct json_bytes){.present = true, .len = REPORT_DATA_SIZE};
    svsm_report_data(c->in->report_data, c->in->svsm_manifest, ret->demand.data);
    digest_of(DIGEST_SHA256, ek.raw, ret->sha256);
    if (verdict_check(c->verdict, FINDING_SVSM_VMPL, read_le32(&vmpl) == 0) != NULL)
        return false;
    return c->in->report_data.len == SVSM_CHALLENGE_SIZE &&
           verdict_check_hex(c->verdict, FINDING_SVSM_REPORT,
                             span_of(ret->demand.data, ret->demand.len), data);
}

static bool find_tie(const struct attest_case *c, const struct vtpm *vtpm, struct span report,
                     struct tie *ret)
{
    if (c->in->svsm_manifest.len > 0)
        return ties_ek(c, report, ret);
    return ties_ak(c, vtpm, report, ret);
}

/* --- report and quote ------------------------------------------------------------------------ */

/* The report within, under the demand that ties it, and then the quote, which has only the nonce
 * left to answer. */
static void check_tied(struct attest_case *c, const struct vtpm *vtpm, struct span item,
                       const struct tie *tie)
{
    const struct attest_input *whole = c->in;
    struct json_bytes outer = c->demanded_report_data;
    struct attest_input rest = *whole;
    unsigned proven = c->verdict->proven;

    c->demanded_report_data = tie->demand;
    case_check(c, ATTEST_SNP, item);
    c->demanded_report_data = outer;
    if (c->verdict->proven > proven)
        (tie->guests_word ? case_bind_guests_key : case_bind_key)(c, KIND_SNP, tie->sha256);

    rest.report_data = span_of(NULL, 0);
    c->in = &rest;
    vtpm_case_check(c, vtpm);
    c->in = whole;
}

static void check_with_report(struct attest_case *c, const struct vtpm *vtpm)
{
    OWNED_BUF item = BUF_OF(SNP_ITEM_MAX);
    struct tie tie;
    struct err err;

    if (snp_pb_write(vtpm->snp, &item, &err) < 0) {
        vtpm_case_add_malformed(c, &err);
        return;
    }
    if (find_tie(c, vtpm, buf_span(&item), &tie)) {
        check_tied(c, vtpm, buf_span(&item), &tie);
        return;
    }
    case_check(c, ATTEST_SNP, buf_span(&item));
    vtpm_case_check(c, vtpm);
}

void tpm_pb_case_check(struct attest_case *c, struct span evidence)
{
    OWNED_VTPM vtpm = {0};
    struct err err;

    if (vtpm_read_pb(evidence, &vtpm, &err) < 0) {
        vtpm_case_add_malformed(c, &err);
    } else if (vtpm.tdx.len > 0) {
        err_set(&err, ERR_INPUT, "a TDX quote that was taken apart into fields is not read");
        vtpm_case_add_malformed(c, &err);
    } else if (vtpm.snp.len > 0) {
        check_with_report(c, &vtpm);
    } else {
        vtpm_case_check(c, &vtpm);
    }
}
