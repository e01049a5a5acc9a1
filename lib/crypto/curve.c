#include "lib/crypto/curve.h"

#include <openssl/core_names.h>

#include <pthread.h>

#define UNCOMPRESSED 0x04

static struct {
    const char *name; /* OpenSSL's; NULL where a type of key is on no curve of this kind */
    size_t point_size;
    EVP_PKEY *parameters; /* a key without its point */
} curves[KEY_TYPE_COUNT] = {
    [KEY_P256] = {"P-256", 1 + 2 * 32, NULL},
    [KEY_P384] = {"P-384", 1 + 2 * 48, NULL},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void set_up(void)
{
    for (size_t i = 0; i < COUNT_OF(curves); i++) {
        OPENSSL_OWNED(EVP_PKEY_CTX) *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)curves[i].name, 0),
            OSSL_PARAM_construct_end()};

        if (curves[i].name != NULL)
            openssl_require(ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
                            EVP_PKEY_fromdata(ctx, &curves[i].parameters, EVP_PKEY_KEY_PARAMETERS,
                                              params) == 1);
    }
}

EVP_PKEY *curve_key(enum key_type curve, struct span point)
{
    OPENSSL_OWNED(EVP_PKEY) *pkey = NULL;

    if (curves[curve].name == NULL || point.len != curves[curve].point_size ||
        point.data[0] != UNCOMPRESSED)
        return NULL;
    openssl_require(pthread_once(&once, set_up) == 0);
    pkey = EVP_PKEY_dup(curves[curve].parameters);
    openssl_require(pkey != NULL);
    return EVP_PKEY_set1_encoded_public_key(pkey, point.data, point.len) == 1 ? GIVE(pkey) : NULL;
}
