#include "lib/crypto/wrap.h"

#include "lib/crypto/openssl.h"

#include <openssl/rsa.h>

#define RSA_SIZE_MAX 1024 /* bytes of the longest key that key.h takes */

DEFINE_OPENSSL_OWNED(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

/* OpenSSL takes the label, and frees it. */
static bool set_label(EVP_PKEY_CTX *ctx, struct span label)
{
    void *copy = OPENSSL_memdup(label.data, label.len);

    openssl_require(copy != NULL);
    if (EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, (int)label.len) > 0)
        return true;
    OPENSSL_free(copy);
    return false;
}

static bool prepare(EVP_PKEY_CTX *ctx, struct span label)
{
    return EVP_PKEY_encrypt_init(ctx) > 0 &&
           EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0 && set_label(ctx, label);
}

int wrap_rsa_oaep(const struct key *key, struct span label, struct span plain, struct buf *out,
                  struct err *err)
{
    OPENSSL_OWNED(EVP_PKEY_CTX) *ctx = EVP_PKEY_CTX_new(key_handle(key), NULL);
    uint8_t bytes[RSA_SIZE_MAX];
    size_t len = sizeof(bytes);

    openssl_require(ctx != NULL);
    if (key_type_of(key) != KEY_RSA)
        return err_set(err, ERR_INPUT, "RSA-OAEP with a key of type %s",
                       key_type_names[key_type_of(key)]);
    if (!prepare(ctx, label) || EVP_PKEY_encrypt(ctx, bytes, &len, plain.data, plain.len) <= 0)
        return openssl_fail(err, ERR_INPUT, "RSA-OAEP");
    buf_add(out, bytes, len);
    return 0;
}

void wrap_aes_cfb(const uint8_t key[static WRAP_AES_KEY_SIZE], struct span plain, struct buf *out)
{
    OPENSSL_OWNED(EVP_CIPHER_CTX) *ctx = EVP_CIPHER_CTX_new();
    const uint8_t iv[16] = {0};
    uint8_t *to = buf_grow(out, plain.len);
    int len;

    openssl_require(ctx != NULL);
    if (to == NULL)
        return; /* out says so */
    openssl_require(EVP_EncryptInit_ex(ctx, EVP_aes_128_cfb128(), NULL, key, iv) > 0 &&
                    EVP_EncryptUpdate(ctx, to, &len, plain.data, (int)plain.len) > 0 &&
                    (size_t)len == plain.len);
}
