#include "services/agent-api/legacy.h"

#include "lib/base/text.h"
#include "lib/crypto/ecdsa.h"
#include "lib/crypto/verify.h"

#define SIGNATURE_MAX 1024 /* RSA of 8192 bits */

static const char *const role_names[DEED_COUNT] = {
    [DEED_SEND_ALGORITHM] = "algorithm-provider",
    [DEED_SEND_DATASET] = "data-provider",
    [DEED_FETCH_RESULT] = "consumer",
};

static const enum verify_scheme schemes[KEY_TYPE_COUNT] = {
    [KEY_RSA] = VERIFY_RSA_PKCS1,
    [KEY_P256] = VERIFY_ECDSA,
    [KEY_P384] = VERIFY_ECDSA,
    [KEY_ED25519] = VERIFY_ED25519,
};

static bool is_signer(const struct manifest_party *party, struct span role, struct span signature)
{
    enum key_type type = key_type_of(party->public_key);
    uint8_t halves[ECDSA_SIGNATURE_MAX];
    struct err none;
    size_t length;

    if (schemes[type] == VERIFY_ECDSA) {
        if (ecdsa_from_der(type, signature, halves, &length, &none) < 0)
            return false;
        signature = span_of(halves, length);
    }
    return verify_signature(party->public_key, schemes[type], DIGEST_SHA256, role, signature,
                            &none) == 0;
}

/* The n-th of those who have the role; NULL after the last. */
static const struct manifest_party *party_at(const struct manifest *manifest, enum deed deed,
                                             size_t n)
{
    switch (deed) {
    case DEED_SEND_ALGORITHM: return n == 0 ? &manifest->algorithm.provider : NULL;
    case DEED_SEND_DATASET:
        return n < manifest->datasets.count ? &manifest_dataset(manifest, n)->provider : NULL;
    case DEED_FETCH_RESULT:
        return n < manifest->result_consumers.count ? manifest_consumer(manifest, n) : NULL;
    default: return NULL;
    }
}

int legacy_find_signer(const struct manifest *manifest, enum deed deed, const char *signature,
                       uint8_t ret_identity[static SHA256_SIZE], struct err *err)
{
    OWNED_BUF bytes = BUF_OF(SIGNATURE_MAX);
    const struct manifest_party *party;

    if (role_names[deed] == NULL)
        return err_set(err, ERR_UNAUTHENTICATED, "no role's signature is good for this");
    if (text_decode_base64(span_of_str(signature), &bytes, err) < 0 ||
        buf_check(&bytes, "the signature", err) < 0) {
        err->kind = ERR_UNAUTHENTICATED;
        return err_wrap(err, "Cocos-Legacy-Signature");
    }
    for (size_t n = 0; (party = party_at(manifest, deed, n)) != NULL; n++)
        if (is_signer(party, span_of_str(role_names[deed]), buf_span(&bytes))) {
            memcpy(ret_identity, party->identity, SHA256_SIZE);
            return 0;
        }
    return err_set(err, ERR_UNAUTHENTICATED,
                   "the signature over '%s' is by nobody whom the manifest names as that",
                   role_names[deed]);
}
