#include "lib/attest/reference/snp_id_block.h"

#include "lib/base/reader.h"
#include "lib/crypto/key_parts.h"
#include "lib/crypto/sign.h"

#define BLOCK_VERSION  1u
#define ALGO_NONE      0u
#define ALGO_P384      1u /* ECDSA with SHA-384 */
#define CURVE_P384     2u
#define SCALAR         48u /* of the curve */
#define SCALAR_ROOM    72u /* what the firmware's structures have for one */
#define SIGNATURE_SIZE 512u
#define SPKI_SIZE      120u /* of a P-384 key; its last 96 bytes are the point */

#define POLICY_RESERVED_ONE (1ull << 17)
#define POLICY_UNKNOWN      (~0ull << 26)

/* Where things are in the authentication information. */
enum {
    AUTH_ID_ALGO = 0x000,
    AUTH_AUTHOR_ALGO = 0x004,
    AUTH_BLOCK_SIGNATURE = 0x040,
    AUTH_ID_KEY = 0x240,
    AUTH_KEY_SIGNATURE = 0x680,
    AUTH_AUTHOR_KEY = 0x880,
};

static void put_le(uint8_t *out, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

/* Numbers of the curve are big-endian everywhere but here. */
static void reverse(uint8_t *out, const uint8_t *in)
{
    for (size_t i = 0; i < SCALAR; i++)
        out[i] = in[SCALAR - 1 - i];
}

/* --- the block --- */

void snp_id_block_encode(const struct snp_id_block *block, uint8_t out[static SNP_ID_BLOCK_SIZE])
{
    memcpy(out, block->launch_digest, SHA384_SIZE);
    memcpy(out + 48, block->family_id, SNP_ID_SIZE);
    memcpy(out + 64, block->image_id, SNP_ID_SIZE);
    put_le(out + 80, BLOCK_VERSION, 4);
    put_le(out + 84, block->guest_svn, 4);
    put_le(out + 88, block->policy, 8);
}

int snp_id_block_decode(struct span in, struct snp_id_block *ret, struct err *err)
{
    struct reader r = reader_of(in);
    uint32_t version;

    if (in.len != SNP_ID_BLOCK_SIZE)
        return err_set(err, ERR_INPUT, "id block: %zu bytes, expected %d", in.len,
                       SNP_ID_BLOCK_SIZE);
    read_bytes(&r, ret->launch_digest, SHA384_SIZE);
    read_bytes(&r, ret->family_id, SNP_ID_SIZE);
    read_bytes(&r, ret->image_id, SNP_ID_SIZE);
    version = read_le32(&r);
    ret->guest_svn = read_le32(&r);
    ret->policy = read_le64(&r);
    if (version != BLOCK_VERSION)
        return err_set(err, ERR_INPUT, "id block: byte 80: version %u, expected 1", version);
    if ((ret->policy & POLICY_RESERVED_ONE) == 0 || (ret->policy & POLICY_UNKNOWN) != 0)
        return err_set(err, ERR_INPUT,
                       "id block: byte 88: guest policy 0x%llx: bit 17 must be one, bits 26 to 63 "
                       "zero",
                       (unsigned long long)ret->policy);
    return 0;
}

/* --- keys and signatures as the firmware has them --- */

static int encode_key(const struct key *key, uint8_t out[static SNP_KEY_SIZE], struct err *err)
{
    OWNED_BUF spki = BUF_OF(1024);

    if (key_type_of(key) != KEY_P384)
        return err_set(err, ERR_INPUT, "a %s key: ID and author keys are p384",
                       key_type_names[key_type_of(key)]);
    key_write_spki(key, &spki);
    if (spki.len != SPKI_SIZE)
        return err_set(err, ERR_INTERNAL, "a P-384 key of %zu bytes", spki.len);
    memset(out, 0, SNP_KEY_SIZE);
    put_le(out, CURVE_P384, 4);
    reverse(out + 4, spki.data + SPKI_SIZE - 2 * SCALAR);
    reverse(out + 4 + SCALAR_ROOM, spki.data + SPKI_SIZE - SCALAR);
    return 0;
}

int snp_key_digest(const struct key *key, uint8_t ret[static SHA384_SIZE], struct err *err)
{
    uint8_t encoded[SNP_KEY_SIZE];

    if (encode_key(key, encoded, err) < 0)
        return -1;
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(encoded), ret);
    return 0;
}

static int sign(const struct key *key, struct span bytes, uint8_t out[static SIGNATURE_SIZE],
                struct err *err)
{
    OWNED_BUF signature = BUF_OF(256);

    if (sign_message(key, bytes, &signature, err) < 0)
        return -1;
    memset(out, 0, SIGNATURE_SIZE);
    reverse(out, signature.data);
    reverse(out + SCALAR_ROOM, signature.data + SCALAR);
    return 0;
}

int snp_id_auth_make(struct span block, const struct key *id_key, const struct key *author_key,
                     uint8_t out[static SNP_ID_AUTH_SIZE], struct err *err)
{
    struct snp_id_block checked;

    if (snp_id_block_decode(block, &checked, err) < 0)
        return -1;
    memset(out, 0, SNP_ID_AUTH_SIZE);
    put_le(out + AUTH_ID_ALGO, ALGO_P384, 4);
    if (encode_key(id_key, out + AUTH_ID_KEY, err) < 0 ||
        sign(id_key, block, out + AUTH_BLOCK_SIGNATURE, err) < 0)
        return err_wrap(err, "ID key");
    if (author_key == NULL)
        return 0;
    put_le(out + AUTH_AUTHOR_ALGO, ALGO_P384, 4);
    if (encode_key(author_key, out + AUTH_AUTHOR_KEY, err) < 0 ||
        sign(author_key, span_of(out + AUTH_ID_KEY, SNP_KEY_SIZE), out + AUTH_KEY_SIGNATURE, err) <
            0)
        return err_wrap(err, "author key");
    return 0;
}

/* --- checking --- */

/* Bytes that must be zero, in [from, until). */
static const struct {
    size_t from, until;
} zeros[] = {
    {AUTH_AUTHOR_ALGO + 4, AUTH_BLOCK_SIGNATURE},
    {AUTH_BLOCK_SIGNATURE + SCALAR, AUTH_BLOCK_SIGNATURE + SCALAR_ROOM},
    {AUTH_BLOCK_SIGNATURE + SCALAR_ROOM + SCALAR, AUTH_ID_KEY},
    {AUTH_ID_KEY + 4 + SCALAR, AUTH_ID_KEY + 4 + SCALAR_ROOM},
    {AUTH_ID_KEY + 4 + SCALAR_ROOM + SCALAR, AUTH_KEY_SIGNATURE},
    {AUTH_KEY_SIGNATURE + SCALAR, AUTH_KEY_SIGNATURE + SCALAR_ROOM},
    {AUTH_KEY_SIGNATURE + SCALAR_ROOM + SCALAR, AUTH_AUTHOR_KEY},
    {AUTH_AUTHOR_KEY + 4 + SCALAR, AUTH_AUTHOR_KEY + 4 + SCALAR_ROOM},
    {AUTH_AUTHOR_KEY + 4 + SCALAR_ROOM + SCALAR, SNP_ID_AUTH_SIZE},
};

static int check_zeros(struct span auth, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(zeros); i++)
        for (size_t at = zeros[i].from; at < zeros[i].until; at++)
            if (auth.data[at] != 0)
                return err_set(err, ERR_INPUT, "id auth: byte %zu must be zero", at);
    return 0;
}

static uint32_t le32_at(struct span auth, size_t at)
{
    struct reader r = reader_of(span_part(auth, at, 4));

    return read_le32(&r);
}

static int decode_key(struct span auth, size_t at, struct key **ret, struct err *err)
{
    uint8_t x[SCALAR], y[SCALAR];

    if (le32_at(auth, at) != CURVE_P384)
        return err_set(err, ERR_INPUT, "id auth: byte %zu: curve %u, expected 2 (P-384)", at,
                       le32_at(auth, at));
    reverse(x, auth.data + at + 4);
    reverse(y, auth.data + at + 4 + SCALAR_ROOM);
    if (key_from_point(KEY_P384, SPAN_OF_ARRAY(x), SPAN_OF_ARRAY(y), ret, err) < 0)
        return err_wrap(err, "id auth: byte %zu", at);
    return 0;
}

static int check_signature(struct span auth, size_t at, const struct key *key, struct span bytes,
                           struct err *err)
{
    uint8_t signature[2 * SCALAR];

    reverse(signature, auth.data + at);
    reverse(signature + SCALAR, auth.data + at + SCALAR_ROOM);
    if (sign_verify(key, bytes, SPAN_OF_ARRAY(signature), err) < 0)
        return err_wrap(err, "id auth: byte %zu", at);
    return 0;
}

static int check_author(struct span auth, struct snp_id_digests *ret, struct err *err)
{
    const struct span signed_key = span_part(auth, AUTH_ID_KEY, SNP_KEY_SIZE);
    OWNED_KEY *key = NULL;

    if (decode_key(auth, AUTH_AUTHOR_KEY, &key, err) < 0 ||
        check_signature(auth, AUTH_KEY_SIGNATURE, key, signed_key, err) < 0)
        return -1;
    ret->has_author = true;
    digest_of(DIGEST_SHA384, span_part(auth, AUTH_AUTHOR_KEY, SNP_KEY_SIZE), ret->author_key);
    return 0;
}

int snp_id_auth_check(struct span block, struct span auth, struct snp_id_digests *ret,
                      struct err *err)
{
    struct snp_id_digests digests = {.has_author = false};
    struct snp_id_block checked;
    OWNED_KEY *key = NULL;
    uint32_t author_algo;

    if (snp_id_block_decode(block, &checked, err) < 0)
        return -1;
    if (auth.len != SNP_ID_AUTH_SIZE)
        return err_set(err, ERR_INPUT, "id auth: %zu bytes, expected %d", auth.len,
                       SNP_ID_AUTH_SIZE);
    author_algo = le32_at(auth, AUTH_AUTHOR_ALGO);
    if (le32_at(auth, AUTH_ID_ALGO) != ALGO_P384)
        return err_set(err, ERR_INPUT, "id auth: byte 0: algorithm %u, expected 1",
                       le32_at(auth, AUTH_ID_ALGO));
    if (author_algo != ALGO_NONE && author_algo != ALGO_P384)
        return err_set(err, ERR_INPUT, "id auth: byte 4: algorithm %u, expected 1 or 0",
                       author_algo);
    if (check_zeros(auth, err) < 0 || decode_key(auth, AUTH_ID_KEY, &key, err) < 0 ||
        check_signature(auth, AUTH_BLOCK_SIGNATURE, key, block, err) < 0)
        return -1;
    digest_of(DIGEST_SHA384, span_part(auth, AUTH_ID_KEY, SNP_KEY_SIZE), digests.id_key);
    if (author_algo == ALGO_P384 && check_author(auth, &digests, err) < 0)
        return -1;
    if (author_algo == ALGO_NONE &&
        !span_is_zero(span_part(auth, AUTH_KEY_SIGNATURE, SNP_ID_AUTH_SIZE - AUTH_KEY_SIGNATURE)))
        return err_set(err, ERR_INPUT,
                       "id auth: byte %d: no author is named and something of one is there",
                       AUTH_KEY_SIGNATURE);
    *ret = digests;
    return 0;
}
