/* A secret under a policy over registers; see tpm_device.h. */
#include "services/agent-api/attester/tpm_parts.h"

#include <string.h>

#define LABEL "cocos/uds/1"

static const TPM2B_PUBLIC key_template = {
    .publicArea =
        {
            .type = TPM2_ALG_KEYEDHASH,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_NODA |
                                TPMA_OBJECT_SIGN_ENCRYPT,
            .parameters.keyedHashDetail.scheme = {.scheme = TPM2_ALG_HMAC,
                                                  .details.hmac.hashAlg = TPM2_ALG_SHA256},
        },
};

/* A session in which the registers were shown to be what they are: one that tries, for the digest
 * of the policy, or one that counts. */
static int show_registers(struct tpm_device *tpm, TPM2_SE type, uint32_t mask, ESYS_TR *ret,
                          struct err *err)
{
    const TPML_PCR_SELECTION selection = tpm_select(mask);
    const TPM2B_DIGEST whatever = {.size = 0};

    if (tpm_start_session(tpm, type, ret, err) < 0)
        return -1;
    if (tpm_answer(Esys_PolicyPCR(tpm->esys, *ret, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &whatever, &selection),
                   "TPM2_PolicyPCR", err) == 0)
        return 0;
    Esys_FlushContext(tpm->esys, *ret);
    return -1;
}

static int find_policy(struct tpm_device *tpm, uint32_t mask, TPM2B_DIGEST *ret, struct err *err)
{
    OWNED_ESYS TPM2B_DIGEST *digest = NULL;
    ESYS_TR session;
    int result;

    if (show_registers(tpm, TPM2_SE_TRIAL, mask, &session, err) < 0)
        return -1;
    result = tpm_answer(
        Esys_PolicyGetDigest(tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest),
        "TPM2_PolicyGetDigest", err);
    Esys_FlushContext(tpm->esys, session);
    if (result == 0)
        *ret = *digest;
    return result;
}

static int use_key(struct tpm_device *tpm, ESYS_TR key, uint32_t mask,
                   uint8_t out[static SHA256_SIZE], struct err *err)
{
    TPM2B_MAX_BUFFER label = {.size = sizeof(LABEL) - 1, .buffer = LABEL};
    OWNED_ESYS TPM2B_DIGEST *mac = NULL;
    ESYS_TR session;
    TSS2_RC rc;

    if (show_registers(tpm, TPM2_SE_POLICY, mask, &session, err) < 0)
        return -1;
    rc = Esys_HMAC(tpm->esys, key, session, ESYS_TR_NONE, ESYS_TR_NONE, &label, TPM2_ALG_SHA256,
                   &mac);
    Esys_FlushContext(tpm->esys, session);
    if (tpm_answer(rc, "TPM2_HMAC", err) < 0)
        return -1;
    if (mac->size != SHA256_SIZE)
        return err_set(err, ERR_SYSTEM, "TPM2_HMAC: %u bytes", mac->size);
    memcpy(out, mac->buffer, SHA256_SIZE);
    mem_wipe(mac->buffer, sizeof(mac->buffer));
    return 0;
}

int tpm_device_secret(struct tpm_device *tpm, uint32_t mask, uint8_t out[static SHA256_SIZE],
                      struct err *err)
{
    TPM2B_PUBLIC template = key_template;
    ESYS_TR key = ESYS_TR_NONE;
    int result;

    if (find_policy(tpm, mask, &template.publicArea.authPolicy, err) < 0 ||
        tpm_create_primary(tpm, &template, &key, NULL, err) < 0)
        return -1;
    result = use_key(tpm, key, mask, out, err);
    Esys_FlushContext(tpm->esys, key);
    return result;
}
