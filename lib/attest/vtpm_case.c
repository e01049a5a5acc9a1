#include "lib/attest/vtpm_case.h"

#include "lib/attest/appraisal/appraise_run.h"
#include "lib/attest/appraisal/appraise_vtpm.h"
#include "lib/attest/transcript_case.h"
#include "lib/attest/vtpm_claims.h"
#include "lib/crypto/secret.h"

/* --- detection ------------------------------------------------------------------------------- */

bool vtpm_case_detect_raw(struct span evidence)
{
    struct reader bare = reader_of(evidence), sized = reader_of(evidence);

    read_skip(&sized, 2);
    return read_be32(&bare) == TPM_GENERATED || read_be32(&sized) == TPM_GENERATED;
}

/* --- our challenge --------------------------------------------------------------------------- */

static bool check_extra(struct attest_case *c, const struct vtpm *vtpm, struct span expected)
{
    for (size_t i = 0; i < vtpm->quote_count; i++) {
        struct span extra = vtpm->quotes[i].quote.extra_data;
        struct finding *finding =
            verdict_check(c->verdict, FINDING_TPM_CHALLENGE, secret_equal(expected, extra));

        if (finding == NULL)
            continue;
        finding_expect_hex(finding, expected);
        finding_got_hex(finding, extra);
        c->stale = true;
        return false;
    }
    return true;
}

static bool check_hashed(struct attest_case *c, const struct vtpm *vtpm, struct span report_data)
{
    uint8_t hash[SHA256_SIZE];

    digest_of(DIGEST_SHA256, report_data, hash);
    return check_extra(c, vtpm, SPAN_OF_ARRAY(hash));
}

/* A quote has room for a hash only, so report data of 64 bytes is carried hashed; a nonce is
 * carried as it is. */
static void check_challenge(struct attest_case *c, const struct vtpm *vtpm)
{
    const struct json_bytes *demanded = &c->demanded_report_data;
    bool asked = false, answered = true;

    if (demanded->present) {
        (void)check_hashed(c, vtpm, span_of(demanded->data, demanded->len));
        return;
    }
    if (c->in->report_data.len > 0) {
        asked = true;
        answered = check_hashed(c, vtpm, c->in->report_data) && answered;
    }
    if (c->in->nonce.len > 0) {
        asked = true;
        answered = check_extra(c, vtpm, c->in->nonce) && answered;
    }
    if (asked && answered)
        case_mark_fresh(c);
}

/* --- one item -------------------------------------------------------------------------------- */

static void take_logs(struct attest_case *c)
{
    case_take_beside(c, c->in->tcg_log);
    case_take_beside(c, c->in->ima_log);
    case_take_beside(c, c->in->cel_log);
}

/* Logs that the caller gives stand beside those that came with the evidence, and before them. */
static struct vtpm_logs choose_logs(struct attest_case *c, const struct vtpm *vtpm)
{
    const struct attest_input *in = c->in;

    take_logs(c);
    return (struct vtpm_logs){
        .tcg = in->tcg_log.len > 0 ? in->tcg_log : vtpm->logs.tcg,
        .ima = in->ima_log.len > 0 ? in->ima_log : vtpm->logs.ima,
        .cel = in->cel_log.len > 0 ? in->cel_log : vtpm->logs.cel,
    };
}

/* The transcript around the quote, where there is one, names its key and its run. */
static bool check_transcript(struct attest_case *c, const struct vtpm *vtpm,
                             const struct vtpm_proof *proof)
{
    bool same_key = transcript_case_check_ak(c, vtpm->ak_tpmt);

    return (!proof->has_run || transcript_case_check_run(c, &proof->run)) && same_key;
}

static void judge(struct attest_case *c, const struct vtpm *vtpm, const struct vtpm_proof *proof)
{
    struct vtpm_subject subject = {.vtpm = vtpm, .proof = proof};

    subject.binding = ak_binding_find(vtpm, c);
    if (subject.binding != AK_REPORTED && !ak_is_reported(vtpm, c) && !c->within_chain)
        c->untied_tpms++;
    if (check_transcript(c, vtpm, proof) && proof->sound && subject.binding != AK_UNBOUND)
        verdict_prove_item(c->verdict);
    json_set(c->verdict->claims, attest_kind_names[KIND_VTPM],
             vtpm_claims(vtpm, proof, subject.binding));

    check_challenge(c, vtpm);
    if (!case_admit_kind(c, KIND_VTPM))
        return;
    appraise_vtpm(&subject, &c->policy->vtpm, c->verdict);
    c->registers_judged = true;
    if (proof->has_run)
        appraise_run(c, &proof->run);
    verdict_appraise_item(c->verdict);
}

void vtpm_case_check(struct attest_case *c, const struct vtpm *vtpm)
{
    struct vtpm_logs logs = choose_logs(c, vtpm);
    struct vtpm_proof *proof = mem_new(struct vtpm_proof); /* large for a stack */

    case_open_item(c, KIND_VTPM);
    verdict_pass(c->verdict, FINDING_TPM_FORM);
    vtpm_prove(vtpm, &logs, c->verdict, proof);
    judge(c, vtpm, proof);
    free(proof);
}

void vtpm_case_add_malformed(struct attest_case *c, const struct err *err)
{
    take_logs(c);
    case_open_item(c, KIND_VTPM);
    verdict_add_err(c->verdict, FINDING_TPM_FORM, err);
}

void vtpm_case_check_raw(struct attest_case *c, struct span evidence)
{
    const struct vtpm_raw raw = {
        .quote = evidence, .signature = c->in->signature, .key = c->in->key};
    OWNED_VTPM vtpm = {0};
    struct err err;

    case_take_beside(c, c->in->signature);
    if (c->in->key.len == 0) {
        take_logs(c);
        case_open_item(c, KIND_VTPM);
        finding_got(verdict_add(c->verdict, FINDING_TPM_AK_ABSENT), "no key");
        return;
    }
    c->key_roots = true;
    if (vtpm_read_raw(&raw, &vtpm, &err) < 0)
        vtpm_case_add_malformed(c, &err);
    else
        vtpm_case_check(c, &vtpm);
}
