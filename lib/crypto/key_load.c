#include "lib/crypto/openssl.h"
#include "lib/crypto/pem.h"

int key_load_public_der(struct span spki, struct key **ret, struct err *err)
{
    if (spki.len > PEM_MAX)
        return err_set(err, ERR_INPUT, "public key is over %llu bytes", PEM_MAX);
    if (key_load_spki(spki, ret, err) < 0)
        return err_wrap(err, "public key");
    return 0;
}

int key_load_public_pem(struct span pem, struct key **ret, struct err *err)
{
    OWNED_PEM block = {0};

    if (pem_parse(pem, &block, err) < 0)
        return err_wrap(err, "public key");
    if (strcmp(block.label, "PUBLIC KEY") != 0)
        return err_set(err, ERR_INPUT, "public key: PEM block is '%.40s', expected 'PUBLIC KEY'",
                       block.label);
    return key_load_public_der(buf_span(&block.content), ret, err);
}

static EVP_PKEY *parse_pkcs8(const uint8_t **at, long len)
{
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, at, len);
    EVP_PKEY *pkey = info != NULL ? EVP_PKCS82PKEY(info) : NULL;

    PKCS8_PRIV_KEY_INFO_free(info);
    return pkey;
}

static EVP_PKEY *parse_pkcs1(const uint8_t **at, long len)
{
    return d2i_PrivateKey(EVP_PKEY_RSA, NULL, at, len);
}

static EVP_PKEY *parse_sec1(const uint8_t **at, long len)
{
    return d2i_PrivateKey(EVP_PKEY_EC, NULL, at, len);
}

/* What may stand under a label; the first that fits wins. */
static const struct {
    const char *label;
    EVP_PKEY *(*parse)(const uint8_t **at, long len);
} private_forms[] = {
    {"PRIVATE KEY", parse_pkcs8},
    {"PRIVATE KEY", parse_pkcs1},
    {"EC PRIVATE KEY", parse_sec1},
    {"RSA PRIVATE KEY", parse_pkcs1},
};

static int load_private(const struct pem *block, struct key **ret, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(private_forms); i++) {
        const uint8_t *at = block->content.data;
        EVP_PKEY *pkey = NULL;

        if (strcmp(block->label, private_forms[i].label) == 0)
            pkey = private_forms[i].parse(&at, (long)block->content.len);
        if (pkey == NULL)
            continue;
        if (at != block->content.data + block->content.len) {
            EVP_PKEY_free(pkey);
            return err_set(err, ERR_INPUT, "has bytes after its end");
        }
        return key_adopt(pkey, true, ret, err);
    }
    return openssl_fail(err, ERR_INPUT, "PEM block '%.40s' holds no private key we can read",
                        block->label);
}

int key_load_private_pem(struct span pem, struct key **ret, struct err *err)
{
    OWNED_PEM block = {0};

    if (pem_parse(pem, &block, err) < 0 || load_private(&block, ret, err) < 0)
        return err_wrap(err, "private key");
    return 0;
}
