/* The keys of the TPM: made from its seed, or found where its maker left them. */
#include "services/agent-api/attester/tpm_parts.h"

#include "lib/crypto/der.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#define EK_HANDLE      0x81010001u /* TCG EK Credential Profile, 7.8: the RSA 2048 key ... */
#define EK_CERTIFICATE 0x01c00002u /* ... and its certificate */
#define NV_BLOCK       512         /* every TPM reads that much at once */

/* TPM2_PolicySecret(TPM_RH_ENDORSEMENT), the policy of every EK by the old template. */
static const uint8_t ek_policy[SHA256_SIZE] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

/* EK Credential Profile, B.3.3, template L-1. */
static TPM2B_PUBLIC ek_template(void)
{
    TPM2B_PUBLIC template = {
        .publicArea =
            {
                .type = TPM2_ALG_RSA,
                .nameAlg = TPM2_ALG_SHA256,
                .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
                                    TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
                .authPolicy = {.size = sizeof(ek_policy)},
                .parameters.rsaDetail =
                    {
                        .symmetric = {.algorithm = TPM2_ALG_AES,
                                      .keyBits.aes = 128,
                                      .mode.aes = TPM2_ALG_CFB},
                        .scheme.scheme = TPM2_ALG_NULL,
                        .keyBits = 2048,
                    },
                .unique.rsa.size = 256,
            },
    };

    memcpy(template.publicArea.authPolicy.buffer, ek_policy, sizeof(ek_policy));
    return template;
}

static const TPM2B_PUBLIC ak_template = {
    .publicArea =
        {
            .type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
                                TPMA_OBJECT_SIGN_ENCRYPT,
            .parameters.eccDetail =
                {
                    .symmetric.algorithm = TPM2_ALG_NULL,
                    .scheme = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                    .curveID = TPM2_ECC_NIST_P256,
                    .kdf.scheme = TPM2_ALG_NULL,
                },
        },
};

static int keep_public(const TPM2B_PUBLIC *from, struct buf *to, struct err *err)
{
    uint8_t bytes[sizeof(TPMT_PUBLIC)];
    size_t len = 0;

    if (Tss2_MU_TPMT_PUBLIC_Marshal(&from->publicArea, bytes, sizeof(bytes), &len) !=
        TSS2_RC_SUCCESS)
        return err_set(err, ERR_SYSTEM, "the TPM made a key that cannot be written");
    buf_add(to, bytes, len);
    return buf_check(to, "the TPM's key", err);
}

int tpm_create_primary(struct tpm_device *tpm, const TPM2B_PUBLIC *template, ESYS_TR *ret,
                       struct buf *public, struct err *err)
{
    const TPM2B_SENSITIVE_CREATE sensitive = {.size = 0};
    const TPML_PCR_SELECTION none = {.count = 0};
    const TPM2B_DATA outside = {.size = 0};
    OWNED_ESYS TPM2B_PUBLIC *made = NULL;
    ESYS_TR handle;
    TSS2_RC rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD,
                                    ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, template, &outside,
                                    &none, &handle, &made, NULL, NULL, NULL);

    if (tpm_answer(rc, "TPM2_CreatePrimary", err) < 0)
        return -1;
    *ret = handle;
    return public != NULL ? keep_public(made, public, err) : 0;
}

int tpm_load_ak(struct tpm_device *tpm, struct err *err)
{
    return tpm_create_primary(tpm, &ak_template, &tpm->ak, &tpm->ak_public, err);
}

/* --- the endorsement key --------------------------------------------------------------------- */

static bool is_usual_ek(const TPMT_PUBLIC *key)
{
    return key->type == TPM2_ALG_RSA && key->parameters.rsaDetail.keyBits == 2048 &&
           span_equal(span_of(key->authPolicy.buffer, key->authPolicy.size),
                      SPAN_OF_ARRAY(ek_policy));
}

/* The key where the maker's tools leave it; making it again takes the TPM a second or more. */
static bool find_persistent_ek(struct tpm_device *tpm)
{
    OWNED_ESYS TPM2B_PUBLIC *public = NULL;
    struct err unused;
    ESYS_TR handle;

    if (Esys_TR_FromTPMPublic(tpm->esys, EK_HANDLE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                              &handle) != TSS2_RC_SUCCESS)
        return false;
    if (Esys_ReadPublic(tpm->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, NULL,
                        NULL) == TSS2_RC_SUCCESS &&
        is_usual_ek(&public->publicArea) && keep_public(public, &tpm->ek_public, &unused) == 0) {
        tpm->ek = handle;
        return true;
    }
    Esys_TR_Close(tpm->esys, &handle);
    return false;
}

static bool read_nv(struct tpm_device *tpm, ESYS_TR index, size_t size, struct buf *out)
{
    while (out->len < size) {
        size_t left = size - out->len;
        OWNED_ESYS TPM2B_MAX_NV_BUFFER *block = NULL;

        if (Esys_NV_Read(tpm->esys, index, index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                         (UINT16)(left < NV_BLOCK ? left : NV_BLOCK), (UINT16)out->len,
                         &block) != TSS2_RC_SUCCESS ||
            block->size == 0)
            return false;
        buf_add(out, block->buffer, block->size);
    }
    return !out->overflow;
}

/* NV memory may be larger than what is in it. */
static void keep_certificate(struct tpm_device *tpm, struct span padded)
{
    struct der d = der_of(padded);

    buf_add_span(&tpm->ek_certificate, der_whole(&d, DER_SEQUENCE));
}

/* A TPM without a certificate is one that nobody vouches for; that is for others to judge. */
static void read_certificate(struct tpm_device *tpm)
{
    OWNED_BUF bytes = BUF_OF(TPM_CERTIFICATE_MAX);
    OWNED_ESYS TPM2B_NV_PUBLIC *public = NULL;
    ESYS_TR index;

    if (Esys_TR_FromTPMPublic(tpm->esys, EK_CERTIFICATE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                              &index) != TSS2_RC_SUCCESS)
        return;
    if (Esys_NV_ReadPublic(tpm->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public,
                           NULL) == TSS2_RC_SUCCESS &&
        read_nv(tpm, index, public->nvPublic.dataSize, &bytes))
        keep_certificate(tpm, buf_span(&bytes));
    Esys_TR_Close(tpm->esys, &index);
}

int tpm_load_ek(struct tpm_device *tpm, struct err *err)
{
    if (!find_persistent_ek(tpm)) {
        TPM2B_PUBLIC template = ek_template();

        if (tpm_create_primary(tpm, &template, &tpm->ek, &tpm->ek_public, err) < 0)
            return -1;
        tpm->ek_is_ours = true;
    }
    read_certificate(tpm);
    return 0;
}
