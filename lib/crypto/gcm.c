#include "lib/crypto/gcm.h"

#include "lib/crypto/openssl.h"

#include <limits.h>

#define MESSAGE_MAX ((size_t)INT_MAX - GCM_TAG_SIZE)

struct gcm {
    EVP_CIPHER_CTX *ctx;
};

struct gcm *gcm_new(struct span key, bool seals)
{
    const EVP_CIPHER *cipher = key.len == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
    struct gcm *gcm = mem_new(struct gcm);

    gcm->ctx = EVP_CIPHER_CTX_new();
    openssl_require((key.len == 16 || key.len == 32) && gcm->ctx != NULL &&
                    EVP_CipherInit_ex(gcm->ctx, cipher, NULL, key.data, NULL, seals) == 1);
    return gcm;
}

void gcm_free(struct gcm *gcm)
{
    if (gcm == NULL)
        return;
    EVP_CIPHER_CTX_free(gcm->ctx); /* wipes the key */
    free(gcm);
}

/* Everything but the tag: text is without it. */
static void run(struct gcm *gcm, const struct gcm_message *message, struct span text, uint8_t *out)
{
    int len = 0;

    openssl_require(text.len <= MESSAGE_MAX && message->aad.len <= INT_MAX &&
                    EVP_CipherInit_ex(gcm->ctx, NULL, NULL, NULL, message->nonce, -1) == 1);
    if (message->aad.len > 0)
        openssl_require(
            EVP_CipherUpdate(gcm->ctx, NULL, &len, message->aad.data, (int)message->aad.len) == 1);
    if (text.len > 0)
        openssl_require(EVP_CipherUpdate(gcm->ctx, out, &len, text.data, (int)text.len) == 1 &&
                        (size_t)len == text.len);
}

void gcm_seal(struct gcm *gcm, const struct gcm_message *message, uint8_t *out)
{
    int len;

    run(gcm, message, message->text, out);
    openssl_require(EVP_CipherFinal_ex(gcm->ctx, out + message->text.len, &len) == 1 && len == 0 &&
                    EVP_CIPHER_CTX_ctrl(gcm->ctx, EVP_CTRL_GCM_GET_TAG, GCM_TAG_SIZE,
                                        out + message->text.len) == 1);
}

int gcm_open(struct gcm *gcm, const struct gcm_message *message, uint8_t *out, struct err *err)
{
    struct span text = message->text;
    uint8_t tag[GCM_TAG_SIZE], none[GCM_TAG_SIZE];
    int len;

    if (text.len < GCM_TAG_SIZE)
        return err_set(err, ERR_UNTRUSTED, "sealed bytes end before their tag");
    text.len -= GCM_TAG_SIZE;
    memcpy(tag, text.data + text.len, sizeof(tag));
    run(gcm, message, text, out);
    openssl_require(EVP_CIPHER_CTX_ctrl(gcm->ctx, EVP_CTRL_GCM_SET_TAG, GCM_TAG_SIZE, tag) == 1);
    if (EVP_CipherFinal_ex(gcm->ctx, none, &len) == 1)
        return 0;
    mem_wipe(out, text.len);
    return openssl_fail(err, ERR_UNTRUSTED, "sealed bytes were changed, or are for another key");
}
