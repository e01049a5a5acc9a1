#include "lib/attest/tpm_pb_case.h"

#include "lib/attest/evidence/snp_pb.h"
#include "lib/attest/evidence/snp_report.h"
#include "lib/attest/vtpm_case.h"

#define SNP_ITEM_MAX       (256 * KIB)
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

/* True when the report carries the caller's bytes and this key, hashed together. */
static bool names_key(const struct attest_case *c, const struct vtpm *vtpm, struct span report,
                      struct json_bytes *ret)
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA3_512);
    struct span data = span_part(report, REPORT_DATA_OFFSET, REPORT_DATA_SIZE);

    if (c->in->report_data.len != REPORT_DATA_SIZE || !vtpm->has_public)
        return false;
    *ret = (struct json_bytes){.present = true, .len = REPORT_DATA_SIZE};
    digest_add(digest, c->in->report_data);
    digest_add(digest, vtpm->ak_public.raw);
    digest_finish(digest, ret->data);
    return span_equal(data, span_of(ret->data, ret->len));
}

static void bind_key(struct attest_case *c, const struct vtpm *vtpm)
{
    struct case_bound_key *bound = &c->bound[c->bound_count];

    if (c->bound_count == CASE_BOUND_MAX)
        return;
    bound->by = KIND_SNP;
    memcpy(bound->sha256, vtpm->ak_tpmt, SHA256_SIZE);
    c->bound_count++;
}

/* The report within, under the demand that it names the key where it does, and then the quote,
 * which has only the nonce left to answer. */
static void check_tied(struct attest_case *c, const struct vtpm *vtpm, struct span item,
                       const struct json_bytes *demand)
{
    const struct attest_input *whole = c->in;
    struct json_bytes outer = c->demanded_report_data;
    struct attest_input rest = *whole;
    unsigned proven = c->verdict->proven;

    c->demanded_report_data = *demand;
    case_check(c, ATTEST_SNP, item);
    c->demanded_report_data = outer;
    if (c->verdict->proven > proven)
        bind_key(c, vtpm);

    rest.report_data = span_of(NULL, 0);
    c->in = &rest;
    vtpm_case_check(c, vtpm);
    c->in = whole;
}

static void check_with_report(struct attest_case *c, const struct vtpm *vtpm)
{
    OWNED_BUF item = BUF_OF(SNP_ITEM_MAX);
    struct json_bytes demand;
    struct err err;

    if (snp_pb_write(vtpm->snp, &item, &err) < 0) {
        vtpm_case_add_malformed(c, &err);
        return;
    }
    if (names_key(c, vtpm, buf_span(&item), &demand)) {
        check_tied(c, vtpm, buf_span(&item), &demand);
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
