/* Signs as others do, for tests: TPMs, token issuers. Our own programs sign with sign.h only. */
#ifndef COCOS_TESTS_CRYPTO_FOREIGN_H
#define COCOS_TESTS_CRYPTO_FOREIGN_H

#include "lib/crypto/openssl.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

enum foreign_padding { FOREIGN_NONE, FOREIGN_PKCS1, FOREIGN_PSS, FOREIGN_PSS_MAX };

static inline void foreign_add_halves(struct span der, size_t half, struct buf *out)
{
    const uint8_t *at = der.data;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    uint8_t *to = buf_grow(out, 2 * half);

    BN_bn2binpad(ECDSA_SIG_get0_r(pair), to, (int)half);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), to + half, (int)half);
    ECDSA_SIG_free(pair);
}

/* Appends the signature; ECDSA as r ‖ s. */
static inline void foreign_sign(const struct key *key, enum digest_alg digest,
                                enum foreign_padding padding, struct span message, struct buf *out)
{
    static const char *const names[] = {"SHA1", "SHA2-256", "SHA2-384", "SHA2-512"};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_ctx = NULL;
    uint8_t signature[1024];
    size_t len = sizeof(signature);

    if (EVP_DigestSignInit_ex(ctx, &pkey_ctx,
                              key_type_of(key) == KEY_ED25519 ? NULL : names[digest], NULL, NULL,
                              key_handle(key), NULL) != 1)
        abort();
    if (padding != FOREIGN_NONE)
        EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, padding == FOREIGN_PKCS1 ? RSA_PKCS1_PADDING
                                                                        : RSA_PKCS1_PSS_PADDING);
    if (padding == FOREIGN_PSS || padding == FOREIGN_PSS_MAX)
        EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_ctx, padding == FOREIGN_PSS ? RSA_PSS_SALTLEN_DIGEST
                                                                          : RSA_PSS_SALTLEN_MAX);
    if (EVP_DigestSign(ctx, signature, &len, message.data, message.len) != 1)
        abort();
    EVP_MD_CTX_free(ctx);
    if (key_type_of(key) == KEY_P256 || key_type_of(key) == KEY_P384)
        foreign_add_halves(span_of(signature, len), key_type_of(key) == KEY_P384 ? 48 : 32, out);
    else
        buf_add(out, signature, len);
}

#endif
