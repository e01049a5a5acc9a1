#include "lib/crypto/hpke.h"

#include "lib/crypto/gcm.h"
#include "lib/crypto/hkdf.h"
#include "lib/crypto/key_parts.h"
#include "lib/crypto/openssl.h"
#include "lib/crypto/secret.h"

#define HASH       DIGEST_SHA256
#define HASH_SIZE  SHA256_SIZE
#define SHARED_MAX 32 /* the x of a point on P-256 */
#define KEY_MAX    32
#define KEM_ID     0x0010
#define KDF_ID     0x0001
#define MODE_BASE  0x00

/* RFC 9180, 7.3. */
static const struct {
    uint16_t id;
    size_t key_size;
} aeads[HPKE_AEAD_COUNT] = {
    [HPKE_AES_128_GCM] = {0x0001, 16},
    [HPKE_AES_256_GCM] = {0x0002, 32},
};

struct hpke {
    enum hpke_aead aead;
    struct gcm *gcm;
    uint8_t base_nonce[GCM_NONCE_SIZE];
    uint8_t exporter[HASH_SIZE];
    uint64_t sequence;
};

/* --- labels: RFC 9180, 4 --------------------------------------------------------------------- */

/* "KEM" and its id, or "HPKE" and all three. */
struct suite {
    uint8_t bytes[10];
    size_t len;
};

static void add_id(struct suite *suite, uint16_t id)
{
    suite->bytes[suite->len++] = (uint8_t)(id >> 8);
    suite->bytes[suite->len++] = (uint8_t)id;
}

static struct suite kem_suite(void)
{
    struct suite suite = {"KEM", 3};

    add_id(&suite, KEM_ID);
    return suite;
}

static struct suite hpke_suite(enum hpke_aead aead)
{
    struct suite suite = {"HPKE", 4};

    add_id(&suite, KEM_ID);
    add_id(&suite, KDF_ID);
    add_id(&suite, aeads[aead].id);
    return suite;
}

static void add_label(struct buf *out, const struct suite *suite, const char *label)
{
    buf_add_str(out, "HPKE-v1");
    buf_add(out, suite->bytes, suite->len);
    buf_add_str(out, label);
}

static void extract(const struct suite *suite, struct span salt, const char *label,
                    struct span secret, uint8_t out[static HASH_SIZE])
{
    OWNED_BUF labeled = BUF_OF(HKDF_INFO_MAX);

    labeled.secret = true;
    add_label(&labeled, suite, label);
    buf_add_span(&labeled, secret);
    openssl_require(!labeled.overflow);
    hmac_of(HASH, salt, buf_span(&labeled), out);
}

static void expand(const struct suite *suite, const uint8_t key[static HASH_SIZE],
                   const char *label, struct span info, struct secret out)
{
    OWNED_BUF labeled = BUF_OF(HKDF_INFO_MAX);

    buf_add_be16(&labeled, (uint16_t)out.len);
    add_label(&labeled, suite, label);
    buf_add_span(&labeled, info);
    openssl_require(!labeled.overflow);
    hkdf_expand(HASH, span_of(key, HASH_SIZE), buf_span(&labeled), out.data, out.len);
}

/* --- the KEM: RFC 9180, 4.1 ------------------------------------------------------------------ */

static int write_point(const struct key *key, uint8_t out[static HPKE_ENC_SIZE], struct err *err)
{
    unsigned char *bytes = NULL;
    size_t len;

    if (key_type_of(key) != KEY_P256)
        return err_set(err, ERR_INPUT, "sealing takes a key of type p256, not %s",
                       key_type_names[key_type_of(key)]);
    len = EVP_PKEY_get1_encoded_public_key(key_handle(key), &bytes);
    openssl_require(len == HPKE_ENC_SIZE);
    memcpy(out, bytes, HPKE_ENC_SIZE);
    OPENSSL_free(bytes);
    return 0;
}

static int read_point(struct span enc, struct key **ret, struct err *err)
{
    if (enc.len != HPKE_ENC_SIZE || enc.data[0] != 0x04)
        return err_set(err, ERR_INPUT, "sealed: no uncompressed point on P-256");
    return key_from_point(KEY_P256, span_part(enc, 1, 32), span_part(enc, 33, 32), ret, err);
}

static int agree(const struct key *own, const struct key *other, uint8_t out[static SHARED_MAX],
                 struct err *err)
{
    OPENSSL_OWNED(EVP_PKEY_CTX) *ctx = EVP_PKEY_CTX_new(key_handle(own), NULL);
    size_t len = SHARED_MAX;

    openssl_require(ctx != NULL);
    if (EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, key_handle(other)) != 1 ||
        EVP_PKEY_derive(ctx, out, &len) != 1 || len != SHARED_MAX)
        return openssl_fail(err, ERR_INPUT, "keys do not agree");
    return 0;
}

/* own and other are the ends of the agreement; the points are told in the order of the RFC. */
static int share(const struct key *own, const struct key *other, const uint8_t *enc,
                 const uint8_t *recipient, uint8_t out[static HASH_SIZE], struct err *err)
{
    const struct suite suite = kem_suite();
    uint8_t dh[SHARED_MAX], secret[HASH_SIZE], context[2 * HPKE_ENC_SIZE];

    if (agree(own, other, dh, err) < 0)
        return -1;
    memcpy(context, enc, HPKE_ENC_SIZE);
    memcpy(context + HPKE_ENC_SIZE, recipient, HPKE_ENC_SIZE);
    extract(&suite, span_of(NULL, 0), "eae_prk", SPAN_OF_ARRAY(dh), secret);
    expand(&suite, secret, "shared_secret", SPAN_OF_ARRAY(context),
           (struct secret){out, HASH_SIZE});
    mem_wipe(dh, sizeof(dh));
    mem_wipe(secret, sizeof(secret));
    return 0;
}

/* --- the key schedule: RFC 9180, 5.1 --------------------------------------------------------- */

static struct hpke *schedule(enum hpke_aead aead, bool seals,
                             const uint8_t shared[static HASH_SIZE], struct span info)
{
    const struct suite suite = hpke_suite(aead);
    uint8_t context[1 + 2 * HASH_SIZE] = {MODE_BASE}, secret[HASH_SIZE], key[KEY_MAX];
    const struct span nothing = span_of(NULL, 0), told = SPAN_OF_ARRAY(context);
    struct hpke *hpke = mem_new(struct hpke);

    extract(&suite, nothing, "psk_id_hash", nothing, context + 1);
    extract(&suite, nothing, "info_hash", info, context + 1 + HASH_SIZE);
    extract(&suite, span_of(shared, HASH_SIZE), "secret", nothing, secret);
    expand(&suite, secret, "key", told, (struct secret){key, aeads[aead].key_size});
    expand(&suite, secret, "base_nonce", told, (struct secret){hpke->base_nonce, GCM_NONCE_SIZE});
    expand(&suite, secret, "exp", told, (struct secret){hpke->exporter, HASH_SIZE});
    hpke->aead = aead;
    hpke->gcm = gcm_new(span_of(key, aeads[aead].key_size), seals);
    mem_wipe(secret, sizeof(secret));
    mem_wipe(key, sizeof(key));
    return hpke;
}

static int check_info(struct span info, struct err *err)
{
    if (info.len > HPKE_INFO_MAX)
        return err_set(err, ERR_INPUT, "info of %zu bytes, at most %d", info.len, HPKE_INFO_MAX);
    return 0;
}

/* --- the face -------------------------------------------------------------------------------- */

int hpke_seal_begin_with(enum hpke_aead aead, const struct key *recipient, struct span info,
                         const struct key *ephemeral, struct hpke **ret, struct err *err)
{
    uint8_t enc[HPKE_ENC_SIZE], point[HPKE_ENC_SIZE], shared[HASH_SIZE];

    if (check_info(info, err) < 0 || write_point(recipient, point, err) < 0 ||
        write_point(ephemeral, enc, err) < 0 ||
        share(ephemeral, recipient, enc, point, shared, err) < 0)
        return -1;
    *ret = schedule(aead, true, shared, info);
    mem_wipe(shared, sizeof(shared));
    return 0;
}

int hpke_seal_begin(enum hpke_aead aead, const struct key *recipient, struct span info,
                    uint8_t enc[static HPKE_ENC_SIZE], struct hpke **ret, struct err *err)
{
    OWNED_KEY *ephemeral = NULL;

    if (key_generate(KEY_P256, 0, &ephemeral, err) < 0 ||
        hpke_seal_begin_with(aead, recipient, info, ephemeral, ret, err) < 0)
        return -1;
    return write_point(ephemeral, enc, err);
}

int hpke_open_begin(enum hpke_aead aead, const struct key *own, struct span enc, struct span info,
                    struct hpke **ret, struct err *err)
{
    uint8_t point[HPKE_ENC_SIZE], shared[HASH_SIZE];
    OWNED_KEY *sender = NULL;

    if (!key_is_private(own))
        return err_set(err, ERR_INPUT, "opening takes a private key");
    if (check_info(info, err) < 0 || write_point(own, point, err) < 0 ||
        read_point(enc, &sender, err) < 0 || share(own, sender, enc.data, point, shared, err) < 0)
        return -1;
    *ret = schedule(aead, false, shared, info);
    mem_wipe(shared, sizeof(shared));
    return 0;
}

void hpke_free(struct hpke *hpke)
{
    if (hpke == NULL)
        return;
    gcm_free(hpke->gcm);
    mem_wipe(hpke, sizeof(*hpke));
    free(hpke);
}

/* RFC 9180, 5.2: the sequence, big-endian, over the end of the base. */
static void make_nonce(const struct hpke *hpke, uint8_t out[static GCM_NONCE_SIZE])
{
    memcpy(out, hpke->base_nonce, GCM_NONCE_SIZE);
    for (int i = 0; i < 8; i++)
        out[GCM_NONCE_SIZE - 1 - i] ^= (uint8_t)(hpke->sequence >> 8 * i);
}

int hpke_seal(struct hpke *hpke, struct span aad, struct span plain, struct buf *out,
              struct err *err)
{
    uint8_t nonce[GCM_NONCE_SIZE];
    uint8_t *to = buf_grow(out, plain.len + HPKE_TAG_SIZE);

    if (to == NULL)
        return buf_check(out, "what is sealed", err);
    make_nonce(hpke, nonce);
    gcm_seal(hpke->gcm, &(struct gcm_message){nonce, aad, plain}, to);
    openssl_require(++hpke->sequence != 0);
    return 0;
}

int hpke_open(struct hpke *hpke, struct span aad, struct span sealed, struct buf *out,
              struct err *err)
{
    uint8_t nonce[GCM_NONCE_SIZE];
    size_t plain = sealed.len > HPKE_TAG_SIZE ? sealed.len - HPKE_TAG_SIZE : 0, before = out->len;
    uint8_t *to = buf_grow(out, plain);

    if (to == NULL && plain > 0)
        return buf_check(out, "what is opened", err);
    make_nonce(hpke, nonce);
    if (gcm_open(hpke->gcm, &(struct gcm_message){nonce, aad, sealed}, to, err) < 0) {
        buf_cut(out, before);
        return -1;
    }
    openssl_require(++hpke->sequence != 0);
    return 0;
}

void hpke_export(const struct hpke *hpke, struct span purpose, uint8_t *out, size_t len)
{
    const struct suite suite = hpke_suite(hpke->aead);

    expand(&suite, hpke->exporter, "sec", purpose, (struct secret){out, len});
}
