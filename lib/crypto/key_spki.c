#include "lib/crypto/curve.h"
#include "lib/crypto/der.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#define OID_RSA     "1.2.840.113549.1.1.1"
#define OID_EC      "1.2.840.10045.2.1"
#define OID_P256    "1.2.840.10045.3.1.7"
#define OID_P384    "1.3.132.0.34"
#define OID_ED25519 "1.3.101.112"

DEFINE_OPENSSL_OWNED(BIGNUM, BN_free)
DEFINE_OPENSSL_OWNED(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
DEFINE_OPENSSL_OWNED(OSSL_PARAM, OSSL_PARAM_free)

/* The parts of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). */
struct spki {
    struct span algorithm;  /* OID */
    struct span parameters; /* the whole element; empty when absent */
    struct span bits;
};

static bool split(struct span der, struct spki *spki)
{
    struct der outer = der_of(der);
    struct der info = der_of(der_take(&outer, DER_SEQUENCE));
    struct der algorithm = der_of(der_take(&info, DER_SEQUENCE));

    spki->bits = der_bits(&info);
    spki->algorithm = der_take(&algorithm, DER_OID);
    spki->parameters = span_part(algorithm.in, algorithm.at, algorithm.in.len);
    return der_end(&outer) && der_end(&info) && !algorithm.bad;
}

/* OpenSSL's own decoders look for whoever might understand the bytes, which takes twenty times as
 * long as the check of a signature by a small key; numbers are taken at once. */
static EVP_PKEY *from_rsa(const struct spki *spki)
{
    OPENSSL_OWNED(OSSL_PARAM_BLD) *builder = OSSL_PARAM_BLD_new();
    struct der outer = der_of(spki->bits);
    struct der numbers = der_of(der_take(&outer, DER_SEQUENCE));
    struct span modulus = der_unsigned(&numbers), exponent = der_unsigned(&numbers);
    OPENSSL_OWNED(EVP_PKEY_CTX) *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OPENSSL_OWNED(OSSL_PARAM) *params = NULL;
    OPENSSL_OWNED(BIGNUM) *n = NULL, *e = NULL;
    EVP_PKEY *pkey = NULL;

    if (!der_end(&outer) || !der_end(&numbers) ||
        !span_equal(spki->parameters, span_of("\x05\x00", 2)))
        return NULL;
    n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
    e = BN_bin2bn(exponent.data, (int)exponent.len, NULL);
    openssl_require(builder != NULL && n != NULL && e != NULL &&
                    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
                    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1);
    params = OSSL_PARAM_BLD_to_param(builder);
    openssl_require(ctx != NULL && params != NULL && EVP_PKEY_fromdata_init(ctx) == 1);
    return EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1 ? pkey : NULL;
}

static EVP_PKEY *from_curve(const struct spki *spki)
{
    struct der parameters = der_of(spki->parameters);
    struct span curve = der_take(&parameters, DER_OID);

    if (!der_end(&parameters))
        return NULL;
    if (der_oid_is(curve, OID_P256))
        return curve_key(KEY_P256, spki->bits);
    return der_oid_is(curve, OID_P384) ? curve_key(KEY_P384, spki->bits) : NULL;
}

int key_load_spki(struct span der, struct key **ret, struct err *err)
{
    EVP_PKEY *pkey = NULL;
    struct spki spki;

    if (!split(der, &spki))
        return err_set(err, ERR_INPUT, "is no SubjectPublicKeyInfo in DER");
    if (der_oid_is(spki.algorithm, OID_RSA))
        pkey = from_rsa(&spki);
    else if (der_oid_is(spki.algorithm, OID_EC))
        pkey = from_curve(&spki);
    else if (der_oid_is(spki.algorithm, OID_ED25519) && spki.parameters.len == 0)
        pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, spki.bits.data, spki.bits.len);
    if (pkey == NULL)
        return openssl_fail(err, ERR_INPUT,
                            "is neither RSA nor Ed25519 nor on a named P-256 or P-384 curve");
    return key_adopt_public(pkey, der, ret, err);
}
