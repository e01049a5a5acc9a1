#include "lib/crypto/sign.h"

#include "lib/crypto/openssl.h"
#include "lib/crypto/verify.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#define SIGNATURE_MAX 1024 /* of RSA with 8192 bits */

const char *const sign_alg_names[] = {
    "rsa-pss-sha512", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "ed25519", NULL,
};

/* RFC 9421, sections 3.3.1, 3.3.4, 3.3.5 and 3.3.6; one row for each type of key. */
static const struct {
    enum sign_alg alg;
    enum verify_scheme scheme;
    enum digest_alg digest;
    size_t half; /* bytes of r and of s in an ECDSA signature */
} schemes[KEY_TYPE_COUNT] = {
    [KEY_RSA] = {SIGN_RSA_PSS_SHA512, VERIFY_RSA_PSS, DIGEST_SHA512, 0},
    [KEY_P256] = {SIGN_ECDSA_P256_SHA256, VERIFY_ECDSA, DIGEST_SHA256, 32},
    [KEY_P384] = {SIGN_ECDSA_P384_SHA384, VERIFY_ECDSA, DIGEST_SHA384, 48},
    [KEY_ED25519] = {SIGN_ED25519, VERIFY_ED25519, DIGEST_SHA512, 0}, /* which is its own */
};

DEFINE_OPENSSL_OWNED(ECDSA_SIG, ECDSA_SIG_free)

enum sign_alg sign_alg_of(const struct key *key)
{
    return schemes[key_type_of(key)].alg;
}

/* OpenSSL has ECDSA signatures as a DER sequence, RFC 9421 as r and s side by side. */
static int add_halves(struct span der, size_t half, struct buf *out, struct err *err)
{
    const uint8_t *at = der.data;
    OPENSSL_OWNED(ECDSA_SIG) *pair = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    uint8_t *halves = buf_grow(out, 2 * half);

    openssl_require(pair != NULL);
    if (halves == NULL)
        return buf_check(out, "signature", err);
    openssl_require(BN_bn2binpad(ECDSA_SIG_get0_r(pair), halves, (int)half) > 0 &&
                    BN_bn2binpad(ECDSA_SIG_get0_s(pair), halves + half, (int)half) > 0);
    return 0;
}

/* Section 3.3.1: MGF1 with SHA-512 (OpenSSL takes the digest for it) and a salt of 64 bytes. */
static bool set_padding(EVP_PKEY_CTX *ctx, enum key_type type)
{
    return type != KEY_RSA || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                               EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, SHA512_SIZE) == 1);
}

int sign_message(const struct key *key, struct span message, struct buf *out, struct err *err)
{
    enum key_type type = key_type_of(key);
    const char *digest = type == KEY_ED25519 ? NULL : openssl_digest(schemes[type].digest);
    OPENSSL_OWNED(EVP_MD_CTX) *ctx = EVP_MD_CTX_new();
    uint8_t signature[SIGNATURE_MAX];
    size_t len = sizeof(signature);
    EVP_PKEY_CTX *pkey_ctx = NULL;

    openssl_require(ctx != NULL);
    if (!key_is_private(key))
        return err_set(err, ERR_INPUT, "key has no private half to sign with");
    if (EVP_DigestSignInit_ex(ctx, &pkey_ctx, digest, NULL, NULL, key_handle(key), NULL) != 1 ||
        !set_padding(pkey_ctx, type) ||
        EVP_DigestSign(ctx, signature, &len, message.data, message.len) != 1)
        return openssl_fail(err, ERR_INTERNAL, "message cannot be signed");

    if (schemes[type].half > 0)
        return add_halves(span_of(signature, len), schemes[type].half, out, err);
    buf_add(out, signature, len);
    return buf_check(out, "signature", err);
}

int sign_verify(const struct key *key, struct span message, struct span signature, struct err *err)
{
    enum key_type type = key_type_of(key);

    return verify_signature(key, schemes[type].scheme, schemes[type].digest, message, signature,
                            err);
}
