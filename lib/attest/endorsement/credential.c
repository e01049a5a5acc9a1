#include "lib/attest/endorsement/credential.h"

#include "lib/crypto/wrap.h"

#define BLOB_MAX      256
#define ENCRYPTED_MAX 1024

static const char identity_label[] = "IDENTITY"; /* with its NUL, as the other labels */

void credential_challenge_done(struct credential_challenge *challenge)
{
    buf_done(&challenge->blob);
    buf_done(&challenge->encrypted);
}

/* Without these a holder of the key could read the secret in another way than by
 * TPM2_ActivateCredential, which is what compares the name. */
static int check_ek(const struct tpm_public *ek, struct err *err)
{
    const uint32_t needed = TPM_ATTRIBUTE_FIXED_TPM | TPM_ATTRIBUTE_FIXED_PARENT |
                            TPM_ATTRIBUTE_SENSITIVE_DATA_ORIGIN | TPM_ATTRIBUTE_RESTRICTED |
                            TPM_ATTRIBUTE_DECRYPT;

    if ((ek->attributes & needed) != needed || (ek->attributes & TPM_ATTRIBUTE_SIGN) != 0)
        return err_set(err, ERR_UNTRUSTED,
                       "the endorsement key is no restricted decryption key (attributes 0x%08x)",
                       ek->attributes);
    if (ek->type != TPM_ALG_RSA || ek->name_alg != TPM_ALG_SHA256)
        return err_set(err, ERR_UNTRUSTED, "the endorsement key is not of RSA with SHA-256");
    return 0;
}

/* One block of KDFa with SHA-256, which is as much as any key here needs. */
static void derive(const uint8_t seed[static CREDENTIAL_SIZE], const char *label,
                   struct span context, uint32_t bits, uint8_t out[static SHA256_SIZE])
{
    OWNED_BUF input = BUF_OF(256);

    buf_add_be32(&input, 1);
    buf_add(&input, label, strlen(label) + 1);
    buf_add_span(&input, context);
    buf_add_be32(&input, bits);
    hmac_of(DIGEST_SHA256, span_of(seed, CREDENTIAL_SIZE), buf_span(&input), out);
}

/* The secret, encrypted, and a MAC over it and the name. */
static int make_blob(struct span ak_name, const struct credential_random *random, struct buf *blob,
                     struct err *err)
{
    OWNED_BUF plain = BUF_OF(2 + CREDENTIAL_SIZE), covered = BUF_OF(BLOB_MAX);
    uint8_t key[SHA256_SIZE], mac[SHA256_SIZE];
    size_t encrypted;

    plain.secret = true;
    buf_add_be16(&plain, CREDENTIAL_SIZE);
    buf_add(&plain, random->secret, CREDENTIAL_SIZE);
    derive(random->seed, "STORAGE", ak_name, 8 * WRAP_AES_KEY_SIZE, key);
    wrap_aes_cfb(key, buf_span(&plain), &covered);
    encrypted = covered.len;
    buf_add_span(&covered, ak_name);

    derive(random->seed, "INTEGRITY", span_of(NULL, 0), 8 * SHA256_SIZE, key);
    hmac_of(DIGEST_SHA256, SPAN_OF_ARRAY(key), buf_span(&covered), mac);
    buf_add_be16(blob, sizeof(mac));
    buf_add(blob, mac, sizeof(mac));
    buf_add_span(blob, span_part(buf_span(&covered), 0, encrypted));
    mem_wipe(key, sizeof(key));
    return buf_check(&covered, "a challenge", err);
}

int credential_make(const struct tpm_public *ek, struct span ak_name,
                    const struct credential_random *random, struct credential_challenge *ret,
                    struct err *err)
{
    OWNED_CREDENTIAL_CHALLENGE challenge = {BUF_OF(BLOB_MAX), BUF_OF(ENCRYPTED_MAX)};
    OWNED_KEY *key = NULL;

    if (check_ek(ek, err) < 0 || tpm_public_key(ek, &key, err) < 0 ||
        make_blob(ak_name, random, &challenge.blob, err) < 0 ||
        wrap_rsa_oaep(key, SPAN_OF_ARRAY(identity_label), span_of(random->seed, CREDENTIAL_SIZE),
                      &challenge.encrypted, err) < 0)
        return -1;
    *ret = challenge;
    challenge = (struct credential_challenge){BUF_OF(0), BUF_OF(0)};
    return 0;
}
