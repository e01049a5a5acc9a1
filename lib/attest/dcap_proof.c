#include "lib/attest/dcap_proof.h"

#include "lib/attest/endorsement/dcap_signer.h"
#include "lib/attest/endorsement/qe_identity.h"
#include "lib/attest/endorsement/dcap_tcb_info.h"
#include "lib/base/text.h"
#include "lib/crypto/key_parts.h"
#include "lib/crypto/verify.h"

void dcap_proof_done(struct dcap_proof *proof)
{
    dcap_chain_done(&proof->chain);
    dcap_collateral_free(proof->collateral);
    *proof = (struct dcap_proof){0};
}

/* --- the quote ------------------------------------------------------------------------------- */

static bool prove_quote(const struct dcap_quote *quote, struct verdict *verdict)
{
    const size_t half = DCAP_KEY_SIZE / 2;
    OWNED_KEY *key = NULL;
    struct err err;
    int result = key_from_point(KEY_P256, span_part(quote->attestation_key, 0, half),
                                span_part(quote->attestation_key, half, half), &key, &err);

    if (result == 0)
        result = verify_signature(key, VERIFY_ECDSA, DIGEST_SHA256, quote->signed_part,
                                  quote->signature, &err);
    return verdict_note(verdict, FINDING_DCAP_QUOTE_SIGNATURE, result, &err);
}

/* The enclave shows its key by having the hash of it in its own report. */
static bool prove_key(const struct dcap_quote *quote, const struct sgx_report *qe,
                      struct verdict *verdict)
{
    uint8_t expected[sizeof(qe->report_data)] = {0};
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);

    digest_add(digest, quote->attestation_key);
    digest_add(digest, quote->qe_auth);
    digest_finish(digest, expected);
    return verdict_check_hex(verdict, FINDING_DCAP_QE_KEY, SPAN_OF_ARRAY(expected),
                             SPAN_OF_ARRAY(qe->report_data));
}

static bool prove_qe(const struct dcap_quote *quote, struct dcap_proof *proof,
                     struct verdict *verdict)
{
    const struct key *pck = proof->chain.facts.key;
    struct err err;
    int result = sgx_report_parse(quote->qe_report, &proof->qe, &err);
    bool good = verdict_note(verdict, FINDING_DCAP_QE_FORM, result, &err);

    good = prove_key(quote, &proof->qe, verdict) && good;
    if (pck == NULL)
        return false; /* and the chain says why */
    result = verify_signature(pck, VERIFY_ECDSA, DIGEST_SHA256, quote->qe_report,
                              quote->qe_report_signature, &err);
    return verdict_note(verdict, FINDING_DCAP_QE_SIGNATURE, result, &err) && good;
}

/* --- documents ------------------------------------------------------------------------------- */

struct wanted {
    enum dcap_tee tee;
    const struct pck_cert *pck;
};

static bool wants_tcb_info(const struct dcap_document *document, const void *context)
{
    const struct wanted *wanted = context;

    return document->kind == DCAP_TCB_INFO &&
           dcap_tcb_info_is_of(document, wanted->tee == DCAP_TDX ? "TDX" : "SGX", wanted->pck);
}

static bool wants_qe_identity(const struct dcap_document *document, const void *context)
{
    const struct wanted *wanted = context;

    return document->kind == DCAP_QE_IDENTITY &&
           strcmp(document->id, wanted->tee == DCAP_TDX ? "TD_QE" : "QE") == 0;
}

/* How the two kinds of documents are found, and what is said when they are not. */
static const struct kind_row {
    bool (*wants)(const struct dcap_document *document, const void *context);
    enum finding_id absent, other;
} kind_rows[] = {
    [DCAP_TCB_INFO] = {wants_tcb_info, FINDING_DCAP_TCB_INFO_ABSENT, FINDING_DCAP_TCB_INFO_OTHER},
    [DCAP_QE_IDENTITY] = {wants_qe_identity, FINDING_DCAP_QE_IDENTITY_ABSENT,
                          FINDING_DCAP_QE_IDENTITY_OTHER},
};

static void expect_document(struct finding *finding, enum dcap_document_kind kind,
                            const struct wanted *wanted)
{
    char fmspc[2 * PCK_FMSPC_SIZE + 1];

    text_hex(wanted->pck->fmspc, PCK_FMSPC_SIZE, fmspc);
    if (kind == DCAP_TCB_INFO)
        finding_expect(finding, "%s TCB info for FMSPC %s", wanted->tee == DCAP_TDX ? "TDX" : "SGX",
                       fmspc);
    else
        finding_expect(finding, "the QE identity %s, of Intel's quoting enclave for %s",
                       wanted->tee == DCAP_TDX ? "TD_QE" : "QE",
                       wanted->tee == DCAP_TDX ? "TDX" : "SGX");
}

/* Absence is the policy's business; documents of others in place of ours are not. */
static bool find_document(const struct dcap_proof *proof, enum dcap_document_kind kind,
                          const struct wanted *wanted, int64_t now,
                          const struct dcap_document **ret, struct verdict *verdict)
{
    const struct kind_row *row = &kind_rows[kind];
    struct finding *finding;
    size_t others = 0;

    *ret = dcap_document_choose(proof->collateral, row->wants, wanted, now);
    if (*ret != NULL) {
        verdict_pass(verdict, row->other);
        return true;
    }
    for (size_t i = 0; i < proof->collateral->document_count; i++)
        others += proof->collateral->documents[i].kind == kind ? 1 : 0;
    finding = others > 0 ? verdict_add(verdict, row->other)
                         : verdict_add_missing(verdict, row->absent, WAIVE_COLLATERAL);
    expect_document(finding, kind, wanted);
    finding_got(finding, others > 0 ? "that of others" : "none");
    return others == 0;
}

/* --- what the platform is worth -------------------------------------------------------------- */

static bool add_level(struct dcap_proof *proof, const struct tcb_level *level,
                      enum finding_id malformed, struct verdict *verdict)
{
    struct err err;

    if (tcb_standing_add(&proof->standing, level, &err) == 0)
        return true;
    verdict_add_err(verdict, malformed, &err);
    return false;
}

/* What Intel does not know is refused as such; what cannot be read is malformed. */
static bool note_lookup(struct verdict *verdict, enum finding_id unknown, enum finding_id malformed,
                        int result, const struct err *err)
{
    return verdict_note(verdict, result < 0 && err->kind != ERR_UNTRUSTED ? malformed : unknown,
                        result, err);
}

static bool judge_tcb_info(const struct td_report *td, struct dcap_proof *proof,
                           struct verdict *verdict)
{
    const struct dcap_document *info = proof->tcb_info;
    struct err err;
    int result =
        dcap_tcb_info_find_level(info, &proof->chain.facts, td, &proof->platform_level, &err);
    bool good =
        note_lookup(verdict, FINDING_DCAP_TCB_LEVEL, FINDING_DCAP_TCB_INFO_FORM, result, &err);

    if (good)
        good = add_level(proof, &proof->platform_level, FINDING_DCAP_TCB_INFO_FORM, verdict);
    if (td == NULL)
        return good;
    result = dcap_tcb_info_check_module(info, td, &proof->module_level, &err);
    if (!note_lookup(verdict, FINDING_TDX_MODULE, FINDING_DCAP_TCB_INFO_FORM, result, &err))
        return false;
    return add_level(proof, &proof->module_level, FINDING_DCAP_TCB_INFO_FORM, verdict) && good;
}

static bool judge_qe(struct dcap_proof *proof, struct verdict *verdict)
{
    const struct dcap_document *identity = proof->qe_identity;
    struct err err;
    int result = qe_identity_check(identity, &proof->qe, &err);

    if (result == 0)
        result = qe_identity_find_level(identity, &proof->qe, &proof->qe_level, &err);
    if (!note_lookup(verdict, FINDING_DCAP_QE_IDENTITY, FINDING_DCAP_QE_IDENTITY_FORM, result,
                     &err))
        return false;
    return add_level(proof, &proof->qe_level, FINDING_DCAP_QE_IDENTITY_FORM, verdict);
}

/* Without Intel's word of today on its enclaves, they must at least be signed as they always were.
 */
static bool judge_qe_alone(enum dcap_tee tee, const struct sgx_report *qe, struct verdict *verdict)
{
    struct err err;
    int result = qe_identity_check_known(tee, qe, &err);

    return verdict_note(verdict, FINDING_DCAP_QE_IDENTITY, result, &err);
}

static bool judge_platform(const struct dcap_quote *quote, const struct td_report *td,
                           const struct attest_input *in, struct dcap_proof *proof,
                           struct verdict *verdict)
{
    const struct wanted wanted = {quote->tee, &proof->chain.facts};
    const struct dcap_chain *chain = &proof->chain;
    struct dcap_crls root_crls, pck_crls;
    struct dcap_signer signer = {.collateral = proof->collateral,
                                 .root = chain->root,
                                 .root_crls = &root_crls,
                                 .now = in->now};
    bool good = dcap_crls_load(proof->collateral, chain->root, in->now, verdict, &root_crls);

    good = dcap_crls_load(proof->collateral, chain->ca, in->now, verdict, &pck_crls) && good;
    good = dcap_crls_check(&root_crls, chain->ca, verdict) && good;
    good = dcap_crls_check(&pck_crls, chain->pck, verdict) && good;
    if (chain->facts.key == NULL)
        return false;
    good = find_document(proof, DCAP_TCB_INFO, &wanted, in->now, &proof->tcb_info, verdict) && good;
    good = find_document(proof, DCAP_QE_IDENTITY, &wanted, in->now, &proof->qe_identity, verdict) &&
           good;
    if (proof->tcb_info != NULL) {
        good = dcap_signer_check(&signer, proof->tcb_info, verdict) && good;
        good = judge_tcb_info(td, proof, verdict) && good;
    }
    if (proof->qe_identity == NULL)
        return judge_qe_alone(quote->tee, &proof->qe, verdict) && good;
    good = dcap_signer_check(&signer, proof->qe_identity, verdict) && good;
    return judge_qe(proof, verdict) && good;
}

void dcap_prove(const struct dcap_quote *quote, const struct td_report *td,
                const struct attest_input *in, struct verdict *verdict, struct dcap_proof *ret)
{
    bool good;

    *ret = (struct dcap_proof){0};
    ret->collateral = dcap_collateral_load(in, quote->certificates, verdict, &good);
    dcap_chain_load(quote->certificates, ret->collateral, in->now, verdict, &ret->chain);
    good = ret->chain.sound && good;
    good = prove_quote(quote, verdict) && good;
    good = prove_qe(quote, ret, verdict) && good;
    if (ret->chain.root != NULL)
        good = judge_platform(quote, td, in, ret, verdict) && good;
    ret->sound = good;
    ret->has_standing = good && ret->tcb_info != NULL && ret->qe_identity != NULL;
}

bool dcap_check_end(const struct dcap_quote *quote, struct span evidence, struct verdict *verdict)
{
    struct span rest = span_part(evidence, quote->end, evidence.len);
    struct finding *finding;
    size_t at = 0;

    while (at < rest.len && rest.data[at] == 0)
        at++;
    finding = verdict_check(verdict, FINDING_DCAP_QUOTE_TRAILING, at == rest.len);
    if (finding == NULL)
        return true;
    finding_expect(finding, "the end of the quote at byte %zu, or zeros after it", quote->end);
    finding_got(finding, "0x%02x at byte %zu", rest.data[at], quote->end + at);
    return false;
}
