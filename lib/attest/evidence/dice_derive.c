#include "lib/attest/evidence/dice_derive.h"

#include "lib/base/text.h"
#include "lib/crypto/hkdf.h"
#include "lib/crypto/key_seed.h"

#include <stdlib.h>

#define ROOT_LABEL "cocos/dice/1"
#define SEED_SIZE  32

const char *const dice_mode_names[] = {
    [DICE_NOT_CONFIGURED] = "not configured",
    [DICE_NORMAL] = "normal",
    [DICE_DEBUG] = "debug",
    [DICE_RECOVERY] = "recovery",
    [DICE_MODE_COUNT] = NULL,
};

/* Chosen by the profile; their values mean nothing. */
static const uint8_t asym_salt[] = {
    0x63, 0xb6, 0xa0, 0x4d, 0x2c, 0x07, 0x7f, 0xc1, 0x0f, 0x63, 0x9f, 0x21, 0xda, 0x79, 0x38, 0x44,
    0x35, 0x6c, 0xc2, 0xb0, 0xb4, 0x41, 0xb3, 0xa7, 0x71, 0x24, 0x03, 0x5c, 0x03, 0xf8, 0xe1, 0xbe,
    0x60, 0x35, 0xd3, 0x1f, 0x28, 0x28, 0x21, 0xa7, 0x45, 0x0a, 0x02, 0x22, 0x2a, 0xb1, 0xb3, 0xcf,
    0xf1, 0x67, 0x9b, 0x05, 0xab, 0x1c, 0xa5, 0xd1, 0xaf, 0xfb, 0x78, 0x9c, 0xcd, 0x2b, 0x0b, 0x3b};
static const uint8_t id_salt[] = {
    0xdb, 0xdb, 0xae, 0xbc, 0x80, 0x20, 0xda, 0x9f, 0xf0, 0xdd, 0x5a, 0x24, 0xc8, 0x3a, 0xa5, 0xa5,
    0x42, 0x86, 0xdf, 0xc2, 0x63, 0x03, 0x1e, 0x32, 0x9b, 0x4d, 0xa1, 0x48, 0x43, 0x06, 0x59, 0xfe,
    0x62, 0xcd, 0xb5, 0xb7, 0xe1, 0xe0, 0x0f, 0xc6, 0x80, 0x30, 0x67, 0x11, 0xeb, 0x44, 0x4a, 0xf7,
    0x72, 0x09, 0x35, 0x94, 0x96, 0xfc, 0xff, 0x1d, 0xb9, 0x52, 0x0b, 0xa5, 0x1c, 0x7b, 0x29, 0xea};

void dice_cdis_done(struct dice_cdis *cdis)
{
    mem_wipe(cdis, sizeof(*cdis));
}

/* --- secrets --------------------------------------------------------------------------------- */

/* config as it enters the hash. */
static int find_config(const struct dice_input *input, uint8_t out[static DICE_HASH_SIZE],
                       struct err *err)
{
    if (!input->config_is_inline) {
        digest_of(DIGEST_SHA512, input->config, out);
        return 0;
    }
    if (input->config.len != DICE_HASH_SIZE)
        return err_set(err, ERR_INPUT, "dice: an inline configuration of %zu bytes, not %d",
                       input->config.len, DICE_HASH_SIZE);
    memcpy(out, input->config.data, DICE_HASH_SIZE);
    return 0;
}

static void derive(struct span secret, struct span measured, const char *info, uint8_t *out)
{
    uint8_t salt[DICE_HASH_SIZE];
    const struct hkdf hkdf = {DIGEST_SHA512, secret, SPAN_OF_ARRAY(salt), span_of_str(info)};

    digest_of(DIGEST_SHA512, measured, salt);
    hkdf_derive(&hkdf, out, DICE_CDI_SIZE);
    mem_wipe(salt, sizeof(salt));
}

int dice_derive_cdis(const struct dice_cdis *current, const struct dice_input *input,
                     struct dice_cdis *next, struct err *err)
{
    OWNED_BUF all = BUF_OF(4 * DICE_HASH_SIZE + 1);
    uint8_t config[DICE_HASH_SIZE];
    OWNED_DICE_CDIS fresh = {{0}, {0}};
    struct span measured;

    all.secret = true; /* hidden is */
    if (find_config(input, config, err) < 0)
        return -1;
    buf_add(&all, input->code, sizeof(input->code));
    buf_add(&all, config, sizeof(config));
    buf_add(&all, input->authority, sizeof(input->authority));
    buf_add_u8(&all, (uint8_t)input->mode);
    buf_add(&all, input->hidden, sizeof(input->hidden));
    measured = buf_span(&all);

    derive(SPAN_OF_ARRAY(current->attest), measured, "CDI_Attest", fresh.attest);
    /* Sealing forgets code and configuration. */
    derive(SPAN_OF_ARRAY(current->seal), span_part(measured, 2 * DICE_HASH_SIZE, measured.len),
           "CDI_Seal", fresh.seal);
    *next = fresh;
    return 0;
}

/* --- keys ------------------------------------------------------------------------------------ */

/* The generator of RFC 6979, section 3.2, with SHA-512, as the profile's code runs it: two steps a
 * candidate. */
struct generator {
    uint8_t k[SHA512_SIZE], v[SHA512_SIZE];
};

static void mix(struct generator *g, uint8_t mark, struct span seed)
{
    OWNED_BUF block = BUF_OF(SHA512_SIZE + 1 + SEED_SIZE);

    block.secret = true;
    buf_add(&block, g->v, sizeof(g->v));
    buf_add_u8(&block, mark);
    buf_add_span(&block, seed);
    hmac_of(DIGEST_SHA512, SPAN_OF_ARRAY(g->k), buf_span(&block), g->k);
}

static void step(struct generator *g)
{
    hmac_of(DIGEST_SHA512, SPAN_OF_ARRAY(g->k), SPAN_OF_ARRAY(g->v), g->v);
}

static int draw_key(enum key_type type, struct span seed, struct key **ret, struct err *err)
{
    size_t size = type == KEY_P384 ? 48 : 32;
    struct generator g;
    int result;

    memset(g.k, 0, sizeof(g.k));
    memset(g.v, 1, sizeof(g.v));
    mix(&g, 0, seed);
    step(&g);
    mix(&g, 1, seed);
    do {
        step(&g);
        step(&g);
        result = key_from_scalar(type, span_of(g.v, size), ret, err);
        mix(&g, 0, span_of(NULL, 0));
    } while (result < 0 && err->kind == ERR_INPUT);
    mem_wipe(&g, sizeof(g));
    return result;
}

int dice_derive_key(const uint8_t cdi_attest[static DICE_CDI_SIZE], enum key_type type,
                    struct key **ret, struct err *err)
{
    const struct hkdf hkdf = {DIGEST_SHA512, span_of(cdi_attest, DICE_CDI_SIZE),
                              SPAN_OF_ARRAY(asym_salt), span_of_str("Key Pair")};
    uint8_t seed[SEED_SIZE];
    int result;

    if (type == KEY_RSA)
        return err_set(err, ERR_INPUT, "dice: the profile has no RSA keys");
    hkdf_derive(&hkdf, seed, sizeof(seed));
    result = type == KEY_ED25519 ? key_from_ed25519_seed(seed, ret, err)
                                 : draw_key(type, SPAN_OF_ARRAY(seed), ret, err);
    mem_wipe(seed, sizeof(seed));
    return result;
}

/* --- identifiers ----------------------------------------------------------------------------- */

/* The bytes of the key alone, which end its SPKI. */
static int find_bytes(const struct key *key, const struct buf *spki, struct span *ret,
                      struct err *err)
{
    static const size_t sizes[KEY_TYPE_COUNT] = {
        [KEY_ED25519] = 32, [KEY_P256] = 64, [KEY_P384] = 96};
    size_t size = sizes[key_type_of(key)];

    if (size == 0)
        return err_set(err, ERR_INPUT, "dice: the profile has no %s keys",
                       key_type_names[key_type_of(key)]);
    *ret = span_part(buf_span(spki), spki->len - size, size);
    return 0;
}

int dice_derive_id(const struct key *key, uint8_t out[static DICE_ID_SIZE], struct err *err)
{
    OWNED_BUF spki = BUF_OF(8 * KIB);
    struct hkdf hkdf = {
        .alg = DIGEST_SHA512, .salt = SPAN_OF_ARRAY(id_salt), .info = span_of_str("ID")};

    key_write_spki(key, &spki);
    if (find_bytes(key, &spki, &hkdf.secret, err) < 0)
        return -1;
    hkdf_derive(&hkdf, out, DICE_ID_SIZE);
    out[0] &= 0x7f; /* positive as a serial number */
    return 0;
}

int dice_id_text(const struct key *key, char out[static DICE_ID_TEXT], struct err *err)
{
    uint8_t id[DICE_ID_SIZE];

    if (dice_derive_id(key, id, err) < 0)
        return -1;
    text_hex(id, sizeof(id), out);
    return 0;
}

void dice_root_report_data(const struct key *uds, uint8_t out[static SHA512_SIZE])
{
    OWNED_BUF spki = BUF_OF(8 * KIB), all = BUF_OF(16 * KIB);
    struct span label = span_of_str(ROOT_LABEL);

    key_write_spki(uds, &spki);
    buf_add_be32(&all, (uint32_t)label.len);
    buf_add_span(&all, label);
    buf_add_be32(&all, (uint32_t)spki.len);
    buf_add_span(&all, buf_span(&spki));
    digest_of(DIGEST_SHA512, buf_span(&all), out);
}
