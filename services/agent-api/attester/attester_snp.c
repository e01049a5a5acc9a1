/* AMD SEV-SNP: a report, with the certificates that the host gave. */
#include "services/agent-api/attester/attester.h"

#include "lib/attest/evidence/snp_certs.h"
#include "lib/attest/evidence/snp_report.h"

#define PROVIDER "sev_guest"

void attester_answer_done(struct attester_answer *answer)
{
    buf_done(&answer->item);
    buf_done(&answer->svsm_manifest);
}

void attester_add_certificates(struct span table, struct buf *out)
{
    struct snp_certs certs = {0};
    struct err unused;

    if (snp_certs_parse(table, 0, &certs, &unused) == 0)
        snp_certs_write(&certs, out);
}

static bool tsm_is_snp(const struct attester_places *places)
{
    char provider[32];
    struct err unused;

    return places->tsm != NULL &&
           tsm_find_provider(places->tsm, provider, sizeof(provider), &unused) == 0 &&
           strcmp(provider, PROVIDER) == 0;
}

/* The older interface is asked by opening its device only: a report costs the host something. */
static int probe(const struct attester_places *places, struct err *err)
{
    if (tsm_is_snp(places))
        return 0;
    if (places->sev_guest == NULL)
        return err_set(err, ERR_NOT_FOUND, "no SEV-SNP here");
    return sev_guest_probe(places->sev_guest, err);
}

/* The vTPM among the services of an SVSM. */
#define VTPM_SERVICE "c476f1eb-0123-45a5-9641-b4e7dde5bfe3"

/* Where an SVSM gives the guest its TPM, the report is the SVSM's, with its manifest, which names
 * that TPM; a kernel that knows of none says so, and the report is about the guest itself. */
static int ask_kernel(const struct attester_places *places,
                      const uint8_t report_data[static SHA512_SIZE], struct tsm_answer *answer,
                      struct err *err)
{
    struct tsm_question question = {.service = places->tpm != NULL ? VTPM_SERVICE : NULL};

    memcpy(question.report_data, report_data, SHA512_SIZE);
    if (tsm_ask(places->tsm, &question, answer, err) == 0)
        return 0;
    if (question.service == NULL || err->kind != ERR_UNSUPPORTED)
        return -1;
    question.service = NULL;
    return tsm_ask(places->tsm, &question, answer, err);
}

static int ask_tsm(const struct attester_places *places,
                   const uint8_t report_data[static SHA512_SIZE], struct attester_answer *ret,
                   struct err *err)
{
    OWNED_TSM_ANSWER answer = {.provider = ""};

    if (ask_kernel(places, report_data, &answer, err) < 0)
        return -1;
    if (answer.report.len != SNP_REPORT_SIZE)
        return err_set(err, ERR_SYSTEM, "a report of %zu bytes, not %d", answer.report.len,
                       SNP_REPORT_SIZE);
    buf_add_span(&ret->item, buf_span(&answer.report));
    attester_add_certificates(buf_span(&answer.certificates), &ret->item);
    buf_add_span(&ret->svsm_manifest, buf_span(&answer.manifest));
    return 0;
}

static int ask_device(const struct attester_places *places,
                      const uint8_t report_data[static SHA512_SIZE], struct attester_answer *ret,
                      struct err *err)
{
    OWNED_SEV_GUEST_ANSWER answer = {.report = BUF_OF(0)};

    if (sev_guest_report(places->sev_guest, report_data, &answer, err) < 0)
        return -1;
    buf_add_span(&ret->item, buf_span(&answer.report));
    attester_add_certificates(buf_span(&answer.certificates), &ret->item);
    return 0;
}

static int ask(const struct attester_places *places, const uint8_t report_data[static SHA512_SIZE],
               struct attester_answer *ret, struct err *err)
{
    int result = tsm_is_snp(places) ? ask_tsm(places, report_data, ret, err)
                                    : ask_device(places, report_data, ret, err);

    return result < 0 ? err_wrap(err, "SEV-SNP") : 0;
}

static int secret(const struct attester_places *places, uint8_t out[static ATTESTER_SECRET_SIZE],
                  struct err *err)
{
    if (places->sev_guest == NULL)
        return err_set(err, ERR_NOT_FOUND, "SEV-SNP: no driver that derives keys");
    return sev_guest_derive_key(places->sev_guest, out, err);
}

const struct attester attester_snp = {BUNDLE_SNP, probe, ask, secret};
