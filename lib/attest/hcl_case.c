#include "lib/attest/hcl_case.h"

#include "lib/attest/evidence/azure.h"
#include "lib/attest/evidence/hcl.h"
#include "lib/attest/evidence/snp_certs.h"
#include "lib/attest/evidence/snp_report.h"
#include "lib/attest/vtpm_case.h"

#define SNP_ITEM_MAX (64 * KIB)

bool hcl_case_detect(struct span evidence)
{
    return span_equal(span_part(evidence, 0, 4), span_of_str("HCLA")) ||
           azure_evidence_detect(evidence);
}

/* --- the hardware's report ------------------------------------------------------------------- */

/* The VCEK travels to the inner item as the firmware would give it: in a table after the report. */
static bool check_snp(struct attest_case *c, const struct hcl *hcl, struct span vcek,
                      const uint8_t demand[static HCL_REPORT_DATA_SIZE])
{
    struct snp_certs certs = {0};
    OWNED_BUF item = BUF_OF(SNP_ITEM_MAX);

    certs.cert[SNP_CERT_VCEK] = vcek;
    buf_add_span(&item, hcl->report);
    if (vcek.len > 0)
        snp_certs_write(&certs, &item);
    return case_check_within(c, ATTEST_SNP, buf_span(&item), demand);
}

static bool check_tdx(struct attest_case *c, struct span quote,
                      const uint8_t demand[static HCL_REPORT_DATA_SIZE])
{
    bool good;

    c->logs_are_tpms = true;
    good = case_check_within(c, ATTEST_TDX, quote, demand);
    c->logs_are_tpms = false;
    return good;
}

static bool check_hardware(struct attest_case *c, const struct hcl *hcl,
                           const struct azure_evidence *azure)
{
    uint8_t demand[HCL_REPORT_DATA_SIZE];

    hcl_report_data(hcl, demand);
    if (hcl->hardware == HCL_SNP)
        return check_snp(c, hcl, azure != NULL ? buf_span(&azure->vcek) : span_of(NULL, 0), demand);
    if (azure != NULL && azure->td_quote.len > 0)
        return check_tdx(c, buf_span(&azure->td_quote), demand);
    finding_got(verdict_add(c->verdict, FINDING_HCL_HARDWARE), "a TDREPORT");
    return false;
}

/* --- what the runtime data vouches for ------------------------------------------------------- */

static void bind_key(struct attest_case *c, const struct hcl *hcl, const struct key *ak)
{
    uint8_t sha256[SHA256_SIZE];

    key_identity(ak, sha256);
    case_bind_key(c, hcl->hardware == HCL_SNP ? KIND_SNP : KIND_TDX, sha256);
}

static void add_claims(struct attest_case *c, const struct hcl *hcl, struct json *config)
{
    struct json *claims = json_new_object();

    json_set_str(claims, "hardware", hcl->hardware == HCL_SNP ? "snp" : "tdx");
    json_set(claims, "vm_configuration", config);
    json_set(c->verdict->claims, "hcl", claims);
}

/* The wrapper itself is proven by its hash, and the policy has nothing to say about it. */
static bool check_wrapper(struct attest_case *c, const struct hcl *hcl,
                          const struct azure_evidence *azure, struct key **ret_ak)
{
    struct json *config = NULL;
    OWNED_KEY *ak = NULL;
    struct err err;
    bool bound;

    if (hcl_read_runtime(hcl, &ak, &config, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_HCL_FORM, &err);
        return false;
    }
    add_claims(c, hcl, config);
    bound = check_hardware(c, hcl, azure);
    if (bound) {
        bind_key(c, hcl, ak);
        verdict_prove_item(c->verdict);
    }
    if (c->policy != NULL)
        verdict_appraise_item(c->verdict);
    *ret_ak = GIVE(ak);
    return true;
}

/* --- with a quote ---------------------------------------------------------------------------- */

static int read_quote(const struct azure_evidence *azure, const struct key *ak, struct vtpm *ret,
                      struct err *err)
{
    OWNED_BUF spki = BUF_OF(4 * KIB);
    struct vtpm_raw raw = {.quote = buf_span(&azure->statement),
                           .signature = buf_span(&azure->signature)};

    key_write_spki(ak, &spki);
    raw.key = buf_span(&spki);
    if (vtpm_read_raw(&raw, ret, err) < 0)
        return -1;
    ret->quotes[0].has_bank = true;
    ret->quotes[0].bank = azure->bank;
    return 0;
}

static void check_quote(struct attest_case *c, const struct azure_evidence *azure,
                        const struct key *ak)
{
    OWNED_VTPM vtpm = {0};
    struct err err;

    if (read_quote(azure, ak, &vtpm, &err) < 0) {
        verdict_open_item(c->verdict);
        verdict_add_err(c->verdict, FINDING_TPM_FORM, &err);
        return;
    }
    vtpm_case_check(c, &vtpm);
}

static void check_blob(struct attest_case *c, struct span blob, const struct azure_evidence *azure)
{
    OWNED_KEY *ak = NULL;
    struct hcl hcl;
    struct err err;

    if (hcl_parse(blob, &hcl, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_HCL_FORM, &err);
        return;
    }
    verdict_pass(c->verdict, FINDING_HCL_FORM);
    if (check_wrapper(c, &hcl, azure, &ak) && azure != NULL)
        check_quote(c, azure, ak);
}

void hcl_case_check(struct attest_case *c, struct span evidence)
{
    OWNED_AZURE_EVIDENCE azure = {0};
    struct err err;

    verdict_open_item(c->verdict);
    if (!azure_evidence_detect(evidence)) {
        check_blob(c, evidence, NULL);
        return;
    }
    if (azure_evidence_parse(evidence, &azure, &err) < 0)
        verdict_add_err(c->verdict, FINDING_HCL_FORM, &err);
    else
        check_blob(c, buf_span(&azure.hcl), &azure);
}
