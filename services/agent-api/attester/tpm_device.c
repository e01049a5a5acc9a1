#include "services/agent-api/attester/tpm_device.h"

#include "services/agent-api/attester/tpm_parts.h"

#include <string.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#define PUBLIC_MAX 2048

int tpm_answer(TSS2_RC rc, const char *command, struct err *err)
{
    if (rc == TSS2_RC_SUCCESS)
        return 0;
    return err_set(err, ERR_SYSTEM, "%s: the TPM answers 0x%08x", command, (unsigned)rc);
}

/* --- life ------------------------------------------------------------------------------------ */

static int connect(struct tpm_device *tpm, const char *tcti, struct err *err)
{
    TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti, &tpm->tcti);

    if (rc != TSS2_RC_SUCCESS)
        return err_set(err, ERR_NOT_FOUND, "no TPM answers at '%s' (0x%08x)", tcti, (unsigned)rc);
    rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
    return tpm_answer(rc, "Esys_Initialize", err);
}

int tpm_device_open(const char *tcti, struct tpm_device **ret, struct err *err)
{
    OWNED_TPM_DEVICE *tpm = mem_new(struct tpm_device);
    struct err ek_err;

    tpm->ak = ESYS_TR_NONE;
    tpm->ek = ESYS_TR_NONE;
    tpm->ak_public = BUF_OF(PUBLIC_MAX);
    tpm->ek_public = BUF_OF(PUBLIC_MAX);
    tpm->ek_certificate = BUF_OF(TPM_CERTIFICATE_MAX);
    if (connect(tpm, tcti, err) < 0 || tpm_load_ak(tpm, err) < 0)
        return -1;
    if (tpm_load_ek(tpm, &ek_err) < 0)
        tpm->ek = ESYS_TR_NONE;
    *ret = GIVE(tpm);
    return 0;
}

void tpm_device_free(struct tpm_device *tpm)
{
    if (tpm == NULL)
        return;
    if (tpm->esys != NULL) {
        if (tpm->ak != ESYS_TR_NONE)
            Esys_FlushContext(tpm->esys, tpm->ak);
        if (tpm->ek != ESYS_TR_NONE && tpm->ek_is_ours)
            Esys_FlushContext(tpm->esys, tpm->ek);
        Esys_Finalize(&tpm->esys);
    }
    Tss2_TctiLdr_Finalize(&tpm->tcti);
    buf_done(&tpm->ak_public);
    buf_done(&tpm->ek_public);
    buf_done(&tpm->ek_certificate);
    free(tpm);
}

struct span tpm_device_ak(const struct tpm_device *tpm)
{
    return buf_span(&tpm->ak_public);
}

struct span tpm_device_ek(const struct tpm_device *tpm)
{
    return buf_span(&tpm->ek_public);
}

struct span tpm_device_ek_certificate(const struct tpm_device *tpm)
{
    return buf_span(&tpm->ek_certificate);
}

/* --- registers ------------------------------------------------------------------------------- */

int tpm_device_extend(struct tpm_device *tpm, unsigned pcr,
                      const uint8_t digest[static SHA256_SIZE], struct err *err)
{
    TPML_DIGEST_VALUES values = {.count = 1, .digests[0].hashAlg = TPM2_ALG_SHA256};
    TSS2_RC rc;

    memcpy(values.digests[0].digest.sha256, digest, SHA256_SIZE);
    rc = Esys_PCR_Extend(tpm->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                         ESYS_TR_NONE, &values);
    return tpm_answer(rc, "TPM2_PCR_Extend", err);
}

TPML_PCR_SELECTION tpm_select(uint32_t mask)
{
    TPML_PCR_SELECTION selection = {
        .count = 1,
        .pcrSelections[0] = {.hash = TPM2_ALG_SHA256, .sizeofSelect = PCR_COUNT / 8},
    };

    for (unsigned i = 0; i < PCR_COUNT / 8; i++)
        selection.pcrSelections[0].pcrSelect[i] = (uint8_t)(mask >> 8 * i);
    return selection;
}

static uint32_t selected_pcrs(const TPML_PCR_SELECTION *selection, enum digest_alg alg)
{
    uint32_t mask = 0;

    if (selection->count != 1 || selection->pcrSelections[0].hash != pcr_alg_to_tpm(alg))
        return 0;
    for (unsigned i = 0; i < PCR_COUNT / 8; i++)
        mask |= (uint32_t)selection->pcrSelections[0].pcrSelect[i] << 8 * i;
    return mask;
}

/* A TPM answers with as many registers as it likes, in ascending order, and says which. Those that
 * came are taken out of *mask; NOT_FOUND when none did: the bank lacks them, or is not kept. */
static int read_some(struct tpm_device *tpm, uint32_t *mask, struct pcr_bank *bank, struct err *err)
{
    TPML_PCR_SELECTION wanted = tpm_select(*mask);
    OWNED_ESYS TPML_PCR_SELECTION *selection = NULL;
    OWNED_ESYS TPML_DIGEST *values = NULL;
    uint32_t got, at = 0;
    TSS2_RC rc;

    wanted.pcrSelections[0].hash = pcr_alg_to_tpm(bank->alg);
    rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted, NULL,
                       &selection, &values);
    if (tpm_answer(rc, "TPM2_PCR_Read", err) < 0)
        return -1;
    got = selected_pcrs(selection, bank->alg) & *mask;
    if (got == 0)
        return err_set(err, ERR_NOT_FOUND, "the TPM's bank of %s lacks registers (mask 0x%06x)",
                       digest_name(bank->alg), *mask);
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if ((got >> i & 1) == 0)
            continue;
        if (at == values->count ||
            pcr_bank_give(bank, i, span_of(values->digests[at].buffer, values->digests[at].size),
                          err) < 0)
            return err_set(err, ERR_SYSTEM, "TPM2_PCR_Read: fewer values than registers");
        at++;
    }
    *mask &= ~got;
    return 0;
}

int tpm_device_read(struct tpm_device *tpm, uint32_t mask, struct pcr_bank *ret, struct err *err)
{
    struct pcr_bank bank;

    pcr_bank_init(&bank, DIGEST_SHA256);
    while (mask != 0) {
        if (read_some(tpm, &mask, &bank, err) == 0)
            continue;
        if (err->kind == ERR_NOT_FOUND)
            err->kind = ERR_SYSTEM; /* every TPM has this bank */
        return -1;
    }
    *ret = bank;
    return 0;
}

int tpm_device_read_sha1(struct tpm_device *tpm, unsigned pcr, struct pcr_bank *ret,
                         struct err *err)
{
    struct pcr_bank bank;
    uint32_t mask = 1u << pcr;

    pcr_bank_init(&bank, DIGEST_SHA1);
    if (read_some(tpm, &mask, &bank, err) < 0 && err->kind != ERR_NOT_FOUND)
        return -1;
    *ret = bank;
    return 0;
}

/* --- quotes and challenges ------------------------------------------------------------------- */

int tpm_device_quote(struct tpm_device *tpm, uint32_t mask, const uint8_t extra[static SHA256_SIZE],
                     struct buf *quote, struct buf *signature, struct err *err)
{
    const TPML_PCR_SELECTION selection = tpm_select(mask);
    const TPMT_SIG_SCHEME of_the_key = {.scheme = TPM2_ALG_NULL};
    TPM2B_DATA qualifying = {.size = SHA256_SIZE};
    uint8_t bytes[sizeof(TPMT_SIGNATURE)];
    OWNED_ESYS TPM2B_ATTEST *attest = NULL;
    OWNED_ESYS TPMT_SIGNATURE *made = NULL;
    size_t len = 0;
    TSS2_RC rc;

    memcpy(qualifying.buffer, extra, SHA256_SIZE);
    rc = Esys_Quote(tpm->esys, tpm->ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &qualifying,
                    &of_the_key, &selection, &attest, &made);
    if (tpm_answer(rc, "TPM2_Quote", err) < 0)
        return -1;
    if (Tss2_MU_TPMT_SIGNATURE_Marshal(made, bytes, sizeof(bytes), &len) != TSS2_RC_SUCCESS)
        return err_set(err, ERR_SYSTEM, "TPM2_Quote: a signature that cannot be written");
    buf_add(quote, attest->attestationData, attest->size);
    buf_add(signature, bytes, len);
    return buf_check(quote, "the quote", err) < 0 ? -1 : buf_check(signature, "its signature", err);
}

int tpm_start_session(struct tpm_device *tpm, TPM2_SE type, ESYS_TR *ret, struct err *err)
{
    const TPMT_SYM_DEF none = {.algorithm = TPM2_ALG_NULL};

    return tpm_answer(Esys_StartAuthSession(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                            ESYS_TR_NONE, ESYS_TR_NONE, NULL, type, &none,
                                            TPM2_ALG_SHA256, ret),
                      "TPM2_StartAuthSession", err);
}

/* The EK may be used by whoever may use its hierarchy, which is what its policy says. */
static int start_ek_session(struct tpm_device *tpm, ESYS_TR *ret, struct err *err)
{
    TSS2_RC rc;

    if (tpm_start_session(tpm, TPM2_SE_POLICY, ret, err) < 0)
        return -1;
    rc = Esys_PolicySecret(tpm->esys, ESYS_TR_RH_ENDORSEMENT, *ret, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                           ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
    if (tpm_answer(rc, "TPM2_PolicySecret", err) == 0)
        return 0;
    Esys_FlushContext(tpm->esys, *ret);
    return -1;
}

/* What a TPM says about a challenge that was made for another key, or damaged. libtpms has no
 * better word than FAILURE for one that its endorsement key cannot decrypt. */
static bool is_wrong_challenge(TSS2_RC rc)
{
    TSS2_RC code = rc & 0xbf; /* format one: the error without the number of its parameter */

    return rc == TPM2_RC_FAILURE ||
           ((rc & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER && (rc & TPM2_RC_FMT1) != 0 &&
            (code == TPM2_RC_INTEGRITY || code == TPM2_RC_VALUE || code == TPM2_RC_SIZE ||
             code == TPM2_RC_INSUFFICIENT));
}

int tpm_device_activate(struct tpm_device *tpm, struct span blob, struct span encrypted,
                        struct buf *secret, struct err *err)
{
    OWNED_ESYS TPM2B_DIGEST *info = NULL;
    TPM2B_ENCRYPTED_SECRET seed = {.size = (UINT16)encrypted.len};
    TPM2B_ID_OBJECT id = {.size = (UINT16)blob.len};
    ESYS_TR session;
    TSS2_RC rc;

    if (tpm->ek == ESYS_TR_NONE)
        return err_set(err, ERR_UNAVAILABLE, "this TPM has no endorsement key of the usual kind");
    if (blob.len > sizeof(id.credential) || encrypted.len > sizeof(seed.secret))
        return err_set(err, ERR_INPUT, "the challenge is longer than any for a TPM");
    memcpy(id.credential, blob.data, blob.len);
    memcpy(seed.secret, encrypted.data, encrypted.len);
    if (start_ek_session(tpm, &session, err) < 0)
        return -1;
    rc = Esys_ActivateCredential(tpm->esys, tpm->ak, tpm->ek, ESYS_TR_PASSWORD, session,
                                 ESYS_TR_NONE, &id, &seed, &info);
    Esys_FlushContext(tpm->esys, session); /* ESYS lets sessions go on */
    if (is_wrong_challenge(rc))
        return err_set(err, ERR_INPUT, "the challenge was not made for these keys");
    if (tpm_answer(rc, "TPM2_ActivateCredential", err) < 0)
        return -1;
    buf_add(secret, info->buffer, info->size);
    return buf_check(secret, "the secret", err);
}
