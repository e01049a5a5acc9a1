#include "lib/crypto/key_seed.h"

#include "lib/crypto/openssl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#define POINT_MAX 97 /* of P-384, uncompressed */

DEFINE_OPENSSL_OWNED(BIGNUM, BN_clear_free)
DEFINE_OPENSSL_OWNED(EC_GROUP, EC_GROUP_free)
DEFINE_OPENSSL_OWNED(EC_POINT, EC_POINT_clear_free)
DEFINE_OPENSSL_OWNED(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
DEFINE_OPENSSL_OWNED(OSSL_PARAM, OSSL_PARAM_free)

int key_from_ed25519_seed(const uint8_t seed[static KEY_ED25519_SEED_SIZE], struct key **ret,
                          struct err *err)
{
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KEY_ED25519_SEED_SIZE);

    if (pkey == NULL)
        return openssl_fail(err, ERR_INTERNAL, "key cannot be made of its seed");
    return key_adopt(pkey, true, ret, err);
}

static const struct curve_row {
    const char *name;
    int nid;
    size_t size;
} curves[KEY_TYPE_COUNT] = {
    [KEY_P256] = {"P-256", NID_X9_62_prime256v1, 32},
    [KEY_P384] = {"P-384", NID_secp384r1, 48},
};

/* The public half, as an uncompressed point. */
static size_t multiply(const EC_GROUP *group, const BIGNUM *number, uint8_t out[static POINT_MAX])
{
    OPENSSL_OWNED(EC_POINT) *point = EC_POINT_new(group);
    size_t len;

    openssl_require(point != NULL && EC_POINT_mul(group, point, number, NULL, NULL, NULL) == 1);
    len = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out, POINT_MAX, NULL);
    openssl_require(len > 0);
    return len;
}

static EVP_PKEY *assemble(const struct curve_row *curve, const BIGNUM *number, struct span point)
{
    OPENSSL_OWNED(OSSL_PARAM_BLD) *build = OSSL_PARAM_BLD_new();
    OPENSSL_OWNED(EVP_PKEY_CTX) *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OPENSSL_OWNED(OSSL_PARAM) *params = NULL;
    EVP_PKEY *pkey = NULL;

    openssl_require(
        build != NULL && ctx != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve->name, 0) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len) ==
            1);
    params = OSSL_PARAM_BLD_to_param(build);
    openssl_require(params != NULL && EVP_PKEY_fromdata_init(ctx) == 1);
    return EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) == 1 ? pkey : NULL;
}

int key_from_scalar(enum key_type curve, struct span scalar, struct key **ret, struct err *err)
{
    const struct curve_row *row = &curves[curve];
    OPENSSL_OWNED(EC_GROUP) *group = NULL;
    OPENSSL_OWNED(BIGNUM) *number = NULL;
    uint8_t point[POINT_MAX];
    EVP_PKEY *pkey;
    size_t len;

    if (row->name == NULL || scalar.len != row->size)
        return err_set(err, ERR_INPUT, "a private number of %zu bytes makes no %s key", scalar.len,
                       key_type_names[curve]);
    group = EC_GROUP_new_by_curve_name(row->nid);
    number = BN_secure_new();
    openssl_require(group != NULL && number != NULL &&
                    BN_bin2bn(scalar.data, (int)scalar.len, number) != NULL);
    if (BN_is_zero(number) || BN_cmp(number, EC_GROUP_get0_order(group)) >= 0)
        return err_set(err, ERR_INPUT, "private number is not within the curve's order");
    len = multiply(group, number, point);
    pkey = assemble(row, number, span_of(point, len));
    if (pkey == NULL)
        return openssl_fail(err, ERR_INTERNAL, "key cannot be made of its private number");
    return key_adopt(pkey, true, ret, err);
}
