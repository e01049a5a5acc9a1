#include "lib/crypto/key.h"

#include "lib/base/text.h"
#include "lib/crypto/ed25519_point.h"
#include "lib/crypto/openssl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define RSA_BITS_DEFAULT 3072
#define RSA_BITS_MIN     2048
#define RSA_BITS_MAX     8192
#define RSA_EXPONENT_MAX 64 /* bits */

const char *const key_type_names[] = {"rsa", "p256", "p384", "ed25519", NULL};

struct key {
    EVP_PKEY *pkey;
    enum key_type type;
    bool private;
    uint8_t *spki;
    size_t spki_len;
    uint8_t identity[SHA256_SIZE];
};

/* All SubjectPublicKeyInfos of a type but RSA begin alike and have one length, as long as the curve
 * is named and the point is not compressed: the only form we take, so that a key has one identity.
 */
#define SPKI_FORM(bytes, point) bytes, sizeof(bytes) - 1, sizeof(bytes) - 1 + (point)
static const struct {
    const char *prefix;
    size_t prefix_len, len;
} forms[KEY_TYPE_COUNT] = {
    [KEY_P256] = {SPKI_FORM("\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a"
                            "\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04",
                            64)},
    [KEY_P384] = {SPKI_FORM("\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b"
                            "\x81\x04\x00\x22\x03\x62\x00\x04",
                            96)},
    [KEY_ED25519] = {SPKI_FORM("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 32)},
};

void key_free(struct key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    OPENSSL_free(key->spki);
    free(key);
}

static int find_type(EVP_PKEY *pkey, struct span spki, enum key_type *ret, struct err *err)
{
    if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA) {
        *ret = KEY_RSA;
        return 0;
    }
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        struct span prefix = span_of(forms[type].prefix, forms[type].prefix_len);

        if (forms[type].prefix != NULL && spki.len == forms[type].len &&
            span_equal(span_part(spki, 0, prefix.len), prefix)) {
            *ret = (enum key_type)type;
            return 0;
        }
    }
    return err_set(err, ERR_INPUT,
                   "is neither RSA nor Ed25519 nor on a named P-256 or P-384 curve");
}

static int check_rsa(EVP_PKEY *pkey, struct err *err)
{
    BIGNUM *modulus = NULL, *exponent = NULL;
    int bits = EVP_PKEY_get_bits(pkey);
    bool sound;

    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
        return err_set(err, ERR_INPUT, "RSA key of %d bits, expected %d to %d", bits, RSA_BITS_MIN,
                       RSA_BITS_MAX);
    openssl_require(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
                    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1);
    sound = BN_is_odd(modulus) && BN_is_odd(exponent) && !BN_is_one(exponent) &&
            BN_num_bits(exponent) <= RSA_EXPONENT_MAX;
    BN_free(modulus);
    BN_free(exponent);
    return sound ? 0 : err_set(err, ERR_INPUT, "RSA key with an unusable modulus or exponent");
}

static int check_curve(EVP_PKEY *pkey, struct err *err)
{
    OPENSSL_OWNED(EVP_PKEY_CTX) *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

    openssl_require(ctx != NULL);
    /* Quick: all but the order of the point, which on these curves, of cofactor one, cannot be
     * wrong. */
    if (EVP_PKEY_public_check_quick(ctx) != 1)
        return openssl_fail(err, ERR_INPUT, "point is not on the curve");
    return 0;
}

static int check_ed25519(struct span spki, struct err *err)
{
    if (!ed25519_point_is_sound(spki.data + spki.len - ED25519_POINT_SIZE))
        return err_set(err, ERR_INPUT, "Ed25519 key is not a point of large order on the curve");
    return 0;
}

static int check_public(const struct key *key, struct err *err)
{
    switch (key->type) {
    case KEY_RSA: return check_rsa(key->pkey, err);
    case KEY_ED25519: return check_ed25519(span_of(key->spki, key->spki_len), err);
    case KEY_P256:
    case KEY_P384:
    case KEY_TYPE_COUNT: break;
    }
    return key->private ? check_curve(key->pkey, err) : 0; /* curve_key() has looked */
}

/* A signature shows that both halves belong together, and costs far less than OpenSSL's own check,
 * which proves the primes of an RSA key again. */
static int check_pair(const struct key *key, struct err *err)
{
    static const uint8_t probe[] = "both halves";
    const char *digest = key->type == KEY_ED25519 ? NULL : "SHA2-256";
    OPENSSL_OWNED(EVP_MD_CTX) *sign = EVP_MD_CTX_new();
    OPENSSL_OWNED(EVP_MD_CTX) *verify = EVP_MD_CTX_new();
    uint8_t signature[RSA_BITS_MAX / 8];
    size_t len = sizeof(signature);

    openssl_require(sign != NULL && verify != NULL);
    if (EVP_DigestSignInit_ex(sign, NULL, digest, NULL, NULL, key->pkey, NULL) != 1 ||
        EVP_DigestSign(sign, signature, &len, probe, sizeof(probe)) != 1 ||
        EVP_DigestVerifyInit_ex(verify, NULL, digest, NULL, NULL, key->pkey, NULL) != 1 ||
        EVP_DigestVerify(verify, signature, len, probe, sizeof(probe)) != 1)
        return openssl_fail(err, ERR_INPUT, "private and public half do not belong together");
    return 0;
}

/* Checks a key that has its handle and SPKI. */
static int finish(struct key *key, bool private, struct err *err)
{
    struct span spki = span_of(key->spki, key->spki_len);

    key->private = private;
    if (find_type(key->pkey, spki, &key->type, err) < 0 || check_public(key, err) < 0)
        return -1;
    if (private && check_pair(key, err) < 0)
        return -1;
    digest_of(DIGEST_SHA256, spki, key->identity);
    return 0;
}

int key_adopt(EVP_PKEY *pkey, bool private, struct key **ret, struct err *err)
{
    OWNED_KEY *key = mem_new(struct key);
    int len;

    key->pkey = pkey;
    len = i2d_PUBKEY(pkey, &key->spki);
    if (len <= 0)
        return openssl_fail(err, ERR_INPUT, "key has no public half");
    key->spki_len = (size_t)len;
    if (finish(key, private, err) < 0)
        return -1;
    *ret = GIVE(key);
    return 0;
}

int key_adopt_public(EVP_PKEY *pkey, struct span spki, struct key **ret, struct err *err)
{
    OWNED_KEY *key = mem_new(struct key);

    key->pkey = pkey;
    key->spki = OPENSSL_memdup(spki.data, spki.len);
    key->spki_len = spki.len;
    openssl_require(key->spki != NULL);
    if (finish(key, false, err) < 0)
        return -1;
    *ret = GIVE(key);
    return 0;
}

EVP_PKEY *key_handle(const struct key *key)
{
    return key->pkey;
}

int key_generate(enum key_type type, unsigned bits, struct key **ret, struct err *err)
{
    EVP_PKEY *pkey = NULL;

    if (bits == 0)
        bits = RSA_BITS_DEFAULT;
    if (type == KEY_RSA && (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX))
        return err_set(err, ERR_INPUT, "RSA key of %u bits, expected %d to %d", bits, RSA_BITS_MIN,
                       RSA_BITS_MAX);

    switch (type) {
    case KEY_RSA: pkey = EVP_RSA_gen(bits); break;
    case KEY_P256: pkey = EVP_EC_gen("P-256"); break;
    case KEY_P384: pkey = EVP_EC_gen("P-384"); break;
    case KEY_ED25519: pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); break;
    case KEY_TYPE_COUNT: break;
    }
    if (pkey == NULL)
        return openssl_fail(err, ERR_INTERNAL, "key cannot be generated");
    return key_adopt(pkey, true, ret, err);
}

enum key_type key_type_of(const struct key *key)
{
    return key->type;
}

bool key_is_private(const struct key *key)
{
    return key->private;
}

void key_write_spki(const struct key *key, struct buf *out)
{
    buf_add(out, key->spki, key->spki_len);
}

void key_write_public_pem(const struct key *key, struct buf *out)
{
    OPENSSL_OWNED(BIO) *bio = BIO_new(BIO_s_mem());

    openssl_require(bio != NULL && PEM_write_bio_PUBKEY(bio, key->pkey) == 1);
    openssl_add_bio(bio, out);
}

int key_write_private_pem(const struct key *key, struct buf *out, struct err *err)
{
    OPENSSL_OWNED(BIO) *bio = BIO_new(BIO_s_secmem());

    openssl_require(bio != NULL);
    if (!key->private)
        return err_set(err, ERR_INPUT, "key has no private half");
    if (PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) != 1)
        return openssl_fail(err, ERR_INTERNAL, "private key cannot be written");
    out->secret = true;
    openssl_add_bio(bio, out);
    return buf_check(out, "private key", err);
}

void key_identity(const struct key *key, uint8_t out[static SHA256_SIZE])
{
    memcpy(out, key->identity, SHA256_SIZE);
}

void key_identity_text(const struct key *key, char out[static KEY_IDENTITY_TEXT_SIZE])
{
    text_hex(key->identity, SHA256_SIZE, out);
}

bool key_equal(const struct key *a, const struct key *b)
{
    return span_equal(span_of(a->spki, a->spki_len), span_of(b->spki, b->spki_len));
}
