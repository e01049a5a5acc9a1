#include "lib/crypto/ed25519_point.h"

#include "lib/crypto/openssl.h"

#include <openssl/bn.h>

/* p = 2^255 - 19 and d = -121665/121666 (RFC 8032, section 5.1). */
#define P "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"
#define D "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3"

/* The y of all eight points of small order. */
static const char *const small_order[] = {
    "0",
    "1",
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec",
    "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
    "7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
};

DEFINE_OPENSSL_OWNED(BN_CTX, BN_CTX_free)

/* A number of ctx, from hex when it is given. */
static BIGNUM *number(BN_CTX *ctx, const char *hex)
{
    BIGNUM *bn = BN_CTX_get(ctx);

    openssl_require(bn != NULL && (hex == NULL || BN_hex2bn(&bn, hex) > 0));
    return bn;
}

/* x^2 = (y^2 - 1) / (d y^2 + 1) has a root when the product of the two is a square. */
static bool has_x(BN_CTX *ctx, const BIGNUM *y, const BIGNUM *p)
{
    BIGNUM *d = number(ctx, D), *one = number(ctx, "1");
    BIGNUM *u = number(ctx, NULL), *v = number(ctx, NULL);
    BIGNUM *square = number(ctx, NULL), *product = number(ctx, NULL);

    openssl_require(BN_mod_sqr(square, y, p, ctx) && BN_mod_sub(u, square, one, p, ctx) &&
                    BN_mod_mul(v, d, square, p, ctx) && BN_mod_add(v, v, one, p, ctx) &&
                    BN_mod_mul(product, u, v, p, ctx));
    return BN_kronecker(product, p, ctx) == 1;
}

bool ed25519_point_is_sound(const uint8_t point[static ED25519_POINT_SIZE])
{
    OPENSSL_OWNED(BN_CTX) *ctx = BN_CTX_new();
    uint8_t bytes[ED25519_POINT_SIZE];
    bool sound;
    BIGNUM *y, *p;

    openssl_require(ctx != NULL);
    BN_CTX_start(ctx);
    p = number(ctx, P);
    y = number(ctx, NULL);
    memcpy(bytes, point, sizeof(bytes));
    bytes[ED25519_POINT_SIZE - 1] &= 0x7f; /* the sign of x */
    openssl_require(BN_lebin2bn(bytes, sizeof(bytes), y) != NULL);

    sound = BN_cmp(y, p) < 0;
    for (size_t i = 0; i < COUNT_OF(small_order); i++)
        sound = sound && BN_cmp(y, number(ctx, small_order[i])) != 0;
    sound = sound && has_x(ctx, y, p);
    BN_CTX_end(ctx);
    return sound;
}
