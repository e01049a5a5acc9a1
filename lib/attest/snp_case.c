#include "lib/attest/snp_case.h"

#include "lib/attest/appraisal/appraise_snp.h"
#include "lib/attest/endorsement/snp_chain.h"
#include "lib/attest/endorsement/snp_match.h"
#include "lib/attest/evidence/snp_claims.h"
#include "lib/base/reader.h"

#define OFFSET_SIGNATURE_ALGO 0x034
#define VERSION_PLAUSIBLE     16

/* Generous, so that a damaged report is told what is wrong with it as a report. */
bool snp_case_detect(struct span evidence)
{
    struct reader r = reader_of(evidence);
    uint32_t version = read_le32(&r);
    uint32_t algo;

    if (r.short_read || version == 0 || version > VERSION_PLAUSIBLE)
        return false;
    read_skip(&r, OFFSET_SIGNATURE_ALGO - 4);
    algo = read_le32(&r);
    return r.short_read || algo <= 1;
}

/* Splits off the certificate table. */
static int parse(struct span evidence, struct snp_report *report, struct snp_certs *certs,
                 struct verdict *verdict)
{
    struct span table = span_part(evidence, SNP_REPORT_SIZE, evidence.len);
    struct err err;

    if (snp_report_parse(span_part(evidence, 0, SNP_REPORT_SIZE), report, &err) < 0) {
        verdict_add_err(verdict, FINDING_SNP_REPORT_FORM, &err);
        return -1;
    }
    verdict_pass(verdict, FINDING_SNP_REPORT_FORM);
    if (table.len > 0 && snp_certs_parse(table, SNP_REPORT_SIZE, certs, &err) < 0) {
        verdict_add_err(verdict, FINDING_SNP_CERTS_FORM, &err);
        return -1;
    }
    return 0;
}

struct attest_endorsement {
    struct snp_chain *chain;
};

static struct snp_chain *load_chain(const struct attest_input *in, const struct snp_certs *certs,
                                    enum snp_signing_key key, struct verdict *verdict)
{
    const struct snp_sources sources = {.vek = in->vek,
                                        .chain = in->chain,
                                        .crls = in->crls,
                                        .trust_roots = in->trust_roots,
                                        .certs = certs,
                                        .vlek = key == SNP_SIGNED_BY_VLEK};

    return snp_chain_load(&sources, verdict);
}

void attest_endorsement_free(struct attest_endorsement *endorsement)
{
    if (endorsement == NULL)
        return;
    snp_chain_free(endorsement->chain);
    free(endorsement);
}

int attest_endorse(const struct attest_input *in, struct attest_endorsement **ret, struct err *err)
{
    OWNED_ATTEST_ENDORSEMENT *endorsement = mem_new(struct attest_endorsement);
    OWNED_VERDICT verdict = {0};

    verdict_init(&verdict, NULL);
    endorsement->chain = load_chain(in, NULL, SNP_SIGNED_BY_VCEK, &verdict);
    if (!endorsement->chain->sound) {
        const struct finding *finding = &verdict.findings[0];

        return err_set(err, ERR_UNTRUSTED, "%s: %s", finding_row(finding->id)->id,
                       finding->got != NULL ? finding->got : "does not hold");
    }
    *ret = GIVE(endorsement);
    return 0;
}

static void add_claims(const struct snp_report *report, const struct snp_chain *chain,
                       enum snp_product product, struct verdict *verdict)
{
    struct json *claims = snp_claims(report, product);
    struct json *vek = json_new_object();

    if (chain->facts.key != NULL) {
        json_set_str(vek, "kind", chain->facts.vlek ? "vlek" : "vcek");
        json_set_str(vek, "issuer", x509_issuer_common_name(chain->vek));
        json_set_time(vek, "not_after", x509_not_after(chain->vek));
        if (chain->facts.vlek)
            json_set_str(vek, "csp_id", chain->facts.csp_id);
        json_set(claims, "signer", vek);
    } else {
        json_free(vek);
    }
    json_set(verdict->claims, attest_kind_names[KIND_SNP], claims);
}

void snp_case_check(struct attest_case *c, struct span evidence)
{
    OWNED_SNP_CHAIN *loaded = NULL;
    const struct snp_chain *chain;
    struct snp_certs certs = {0};
    struct snp_report report;
    struct snp_subject subject = {.report = &report};
    bool sound;

    case_open_item(c, KIND_SNP);
    if (parse(evidence, &report, &certs, c->verdict) < 0)
        return;

    if (c->in->endorsement == NULL) {
        loaded = load_chain(c->in, &certs, report.signing_key, c->verdict);
        if (loaded == NULL)
            return;
    }
    chain = loaded != NULL ? loaded : c->in->endorsement->chain;
    subject.product = chain->facts.product != SNP_PRODUCT_UNKNOWN ? chain->facts.product
                                                                  : snp_report_product(&report);
    subject.csp_id = chain->facts.csp_id;
    add_claims(&report, chain, subject.product, c->verdict);

    sound = snp_chain_check_now(chain, c->in->now, c->verdict) && chain->sound;
    if (chain->facts.key != NULL)
        sound = snp_match_check(&report, &chain->facts, c->verdict) && sound;
    sound = snp_match_check_order(&report, subject.product, c->verdict) && sound;
    if (sound && chain->facts.key != NULL)
        verdict_prove_item(c->verdict);

    case_check_report_data(c, FINDING_SNP_REPORT_DATA, SPAN_OF_ARRAY(report.report_data));
    case_check_snp_pin(c, &report);
    if (!case_admit_kind(c, KIND_SNP))
        return;
    appraise_snp(&subject, &c->policy->snp, c->verdict);
    verdict_appraise_item(c->verdict);
}
