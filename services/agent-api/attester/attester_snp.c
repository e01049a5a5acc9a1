/* AMD SEV-SNP: a report, with the certificates that the host gave. */
#include "services/agent-api/attester/attester.h"

#include "lib/attest/evidence/snp_certs.h"
#include "lib/attest/evidence/snp_report.h"

#define PROVIDER "sev_guest"

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

static int ask_tsm(const struct attester_places *places,
                   const uint8_t report_data[static SHA512_SIZE], struct buf *out, struct err *err)
{
    OWNED_TSM_ANSWER answer = {.provider = ""};
    struct tsm_question question = {.service = NULL};

    memcpy(question.report_data, report_data, SHA512_SIZE);
    if (tsm_ask(places->tsm, &question, &answer, err) < 0)
        return -1;
    if (answer.report.len != SNP_REPORT_SIZE)
        return err_set(err, ERR_SYSTEM, "a report of %zu bytes, not %d", answer.report.len,
                       SNP_REPORT_SIZE);
    buf_add_span(out, buf_span(&answer.report));
    attester_add_certificates(buf_span(&answer.certificates), out);
    return 0;
}

static int ask_device(const struct attester_places *places,
                      const uint8_t report_data[static SHA512_SIZE], struct buf *out,
                      struct err *err)
{
    OWNED_SEV_GUEST_ANSWER answer = {.report = BUF_OF(0)};

    if (sev_guest_report(places->sev_guest, report_data, &answer, err) < 0)
        return -1;
    buf_add_span(out, buf_span(&answer.report));
    attester_add_certificates(buf_span(&answer.certificates), out);
    return 0;
}

static int ask(const struct attester_places *places, const uint8_t report_data[static SHA512_SIZE],
               struct buf *out, struct err *err)
{
    int result = tsm_is_snp(places) ? ask_tsm(places, report_data, out, err)
                                    : ask_device(places, report_data, out, err);

    return result < 0 ? err_wrap(err, "SEV-SNP") : 0;
}

const struct attester attester_snp = {BUNDLE_SNP, probe, ask};
