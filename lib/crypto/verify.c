#include "lib/crypto/verify.h"

#include "lib/crypto/ecdsa.h"
#include "lib/crypto/openssl.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

DEFINE_OPENSSL_OWNED(ECDSA_SIG, ECDSA_SIG_free)

struct scheme_row {
    bool rsa, ecdsa;
    int padding, salt;
};

static const struct scheme_row schemes[VERIFY_SCHEME_COUNT] = {
    [VERIFY_RSA_PKCS1] = {true, false, RSA_PKCS1_PADDING, 0},
    [VERIFY_RSA_PSS] = {true, false, RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST},
    [VERIFY_RSA_PSS_SALT] = {true, false, RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_AUTO},
    [VERIFY_ECDSA] = {false, true, 0, 0},
    [VERIFY_ED25519] = {false, false, 0, 0},
};

static bool scheme_fits(const struct scheme_row *scheme, enum key_type type)
{
    if (scheme->rsa)
        return type == KEY_RSA;
    if (scheme->ecdsa)
        return type == KEY_P256 || type == KEY_P384;
    return type == KEY_ED25519;
}

/* OpenSSL wants the DER of r and s. */
static uint8_t *encode_pair(struct span halves, size_t half, size_t *ret_len)
{
    OPENSSL_OWNED(ECDSA_SIG) *pair = ECDSA_SIG_new();
    uint8_t *der = NULL;
    BIGNUM *r, *s;
    int len;

    r = BN_bin2bn(halves.data, (int)half, NULL);
    s = BN_bin2bn(halves.data + half, (int)half, NULL);
    openssl_require(pair != NULL && ECDSA_SIG_set0(pair, r, s) == 1); /* which owns both now */
    len = i2d_ECDSA_SIG(pair, &der);
    openssl_require(len > 0);
    *ret_len = (size_t)len;
    return der;
}

static bool set_padding(EVP_PKEY_CTX *ctx, const struct scheme_row *scheme)
{
    if (!scheme->rsa)
        return true;
    if (EVP_PKEY_CTX_set_rsa_padding(ctx, scheme->padding) != 1)
        return false;
    return scheme->padding != RSA_PKCS1_PSS_PADDING ||
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, scheme->salt) == 1;
}

static bool verifies(const struct key *key, const struct scheme_row *scheme, const char *digest,
                     struct span message, struct span signature)
{
    OPENSSL_OWNED(EVP_MD_CTX) *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_ctx = NULL;

    openssl_require(ctx != NULL);
    return EVP_DigestVerifyInit_ex(ctx, &pkey_ctx, digest, NULL, NULL, key_handle(key), NULL) ==
               1 &&
           set_padding(pkey_ctx, scheme) &&
           EVP_DigestVerify(ctx, signature.data, signature.len, message.data, message.len) == 1;
}

int verify_signature(const struct key *key, enum verify_scheme scheme, enum digest_alg digest,
                     struct span message, struct span signature, struct err *err)
{
    const struct scheme_row *row = &schemes[scheme];
    const char *name = scheme == VERIFY_ED25519 ? NULL : openssl_digest(digest);
    size_t half = key_type_of(key) == KEY_P384 ? 48 : 32;
    uint8_t *der = NULL;
    bool good;

    if (!scheme_fits(row, key_type_of(key)))
        return err_set(err, ERR_UNTRUSTED, "signature scheme does not go with a %s key",
                       key_type_names[key_type_of(key)]);
    if (digest == DIGEST_SHA1 && name != NULL)
        return err_set(err, ERR_UNTRUSTED, "signature over %s", digest_name(digest));
    if (row->ecdsa && ecdsa_check_range(key_type_of(key), signature, err) < 0)
        return -1;
    if (row->ecdsa) {
        size_t len = 0;

        der = encode_pair(signature, half, &len);
        signature = span_of(der, len);
    }
    good = verifies(key, row, name, message, signature);
    OPENSSL_free(der);
    if (good)
        return 0;
    ERR_clear_error(); /* its reasons speak of OpenSSL, not of the signature */
    return err_set(err, ERR_UNTRUSTED, "signature is not the key's over this message");
}
