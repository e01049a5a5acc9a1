/* DICE certificates in CBOR: dice_layer.h. */
#include "lib/attest/evidence/dice_parts.h"
#include "lib/base/text.h"
#include "lib/cbor/cose_key.h"

/* Claims: RFC 8392, and the profile's own. */
enum { CLAIM_ISS = 1, CLAIM_SUB = 2, CLAIM_EXP = 4, CLAIM_NBF = 5 };
#define CLAIM_VALUE(value) (-4670545 - (int64_t)(value)) /* of enum dice_value */
#define CLAIM_MODE         (-4670551)
#define CLAIM_KEY          (-4670552)
#define CLAIM_KEY_USAGE    (-4670553)
#define CLAIM_PROFILE      (-4670554)

#define NAME_MAX_LEN    256
#define USAGE_CERT_SIGN 0x20 /* bit 5 of the first byte */
#define USAGE_SIGN      0x01

static bool take_values(struct cbor claims, struct dice_layer *layer)
{
    bool any = false;

    for (int i = 0; i < DICE_VALUE_COUNT; i++) {
        struct cbor value = cbor_find_int(claims, CLAIM_VALUE(i));

        layer->value[i] = cbor_bytes(value);
        any = any || value.kind != CBOR_NONE;
    }
    return any;
}

/* A mode of one byte; values without a meaning are told as they are. */
static int take_measured(struct cbor claims, struct dice_layer *layer, struct err *err)
{
    struct cbor mode = cbor_find_int(claims, CLAIM_MODE);
    struct span bytes = cbor_bytes(mode);

    layer->measured = take_values(claims, layer) || mode.kind != CBOR_NONE;
    layer->profile = cbor_text(cbor_find_int(claims, CLAIM_PROFILE));
    if (!layer->measured)
        return 0;
    if (bytes.len == 1)
        layer->mode = bytes.data[0];
    return dice_check_measured(layer, bytes.len == 1, err);
}

static int take_key(struct cbor claims, struct dice_layer *layer, struct err *err)
{
    struct span bytes = cbor_bytes(cbor_find_int(claims, CLAIM_KEY));
    struct span usage = cbor_bytes(cbor_find_int(claims, CLAIM_KEY_USAGE));
    struct cbor map;

    if (bytes.len == 0)
        return err_set(err, ERR_INPUT, "dice: the certificate has no subjectPublicKey");
    if (cbor_parse(bytes, CBOR_STRICT, &map, err) < 0 || cose_key_read(map, &layer->key, err) < 0)
        return err_wrap(err, "dice: subjectPublicKey");
    layer->issues = usage.len > 0 && (usage.data[0] & USAGE_CERT_SIGN) != 0;
    return 0;
}

static int take_claims(struct cbor claims, struct dice_layer *layer, struct err *err)
{
    if (claims.kind != CBOR_MAP)
        return err_set(err, ERR_INPUT, "dice: the certificate's payload is no map");
    layer->issuer = cbor_text(cbor_find_int(claims, CLAIM_ISS));
    layer->subject = cbor_text(cbor_find_int(claims, CLAIM_SUB));
    if (layer->issuer.len == 0 || layer->subject.len == 0 || layer->issuer.len > NAME_MAX_LEN ||
        layer->subject.len > NAME_MAX_LEN)
        return err_set(err, ERR_INPUT, "dice: the certificate does not name issuer and subject");
    layer->has_not_after = cbor_int(cbor_find_int(claims, CLAIM_EXP), &layer->not_after);
    layer->has_not_before = cbor_int(cbor_find_int(claims, CLAIM_NBF), &layer->not_before);
    if (take_key(claims, layer, err) < 0)
        return -1;
    return take_measured(claims, layer, err);
}

int dice_layer_parse_cbor(struct span in, struct dice_layer *ret, struct err *err)
{
    OWNED_DICE_LAYER layer = {0};
    struct cbor claims;

    if (in.len > DICE_CERT_MAX)
        return err_set(err, ERR_INPUT, "dice: a certificate of %zu bytes, at most %llu", in.len,
                       DICE_CERT_MAX);
    if (cose_sign1_parse(in, &layer.message, err) < 0)
        return -1;
    if (layer.message.detached)
        return err_set(err, ERR_INPUT, "dice: the certificate has no payload");
    if (cbor_parse(layer.message.payload, CBOR_STRICT, &claims, err) < 0)
        return err_wrap(err, "dice: payload");
    if (take_claims(claims, &layer, err) < 0)
        return -1;
    *ret = layer;
    layer = (struct dice_layer){0};
    return 0;
}

/* --- writing --------------------------------------------------------------------------------- */

static void add_bytes(struct cbor_map *map, int64_t claim, struct span bytes)
{
    cbor_map_key_int(map, claim);
    cbor_add_bytes(&map->items, bytes);
}

static void add_input(struct cbor_map *map, const struct dice_input *input)
{
    uint8_t hash[DICE_HASH_SIZE], mode = (uint8_t)input->mode;

    add_bytes(map, CLAIM_VALUE(DICE_CODE_HASH), SPAN_OF_ARRAY(input->code));
    if (!input->config_is_inline) {
        digest_of(DIGEST_SHA512, input->config, hash);
        add_bytes(map, CLAIM_VALUE(DICE_CONFIG_HASH), SPAN_OF_ARRAY(hash));
    }
    add_bytes(map, CLAIM_VALUE(DICE_CONFIG_DESCRIPTOR), input->config);
    add_bytes(map, CLAIM_VALUE(DICE_AUTHORITY_HASH), SPAN_OF_ARRAY(input->authority));
    add_bytes(map, CLAIM_MODE, span_of(&mode, 1));
}

static int add_name(struct cbor_map *map, int64_t claim, const struct key *key, struct err *err)
{
    char id[DICE_ID_TEXT];

    if (dice_id_text(key, id, err) < 0)
        return -1;
    cbor_map_key_int(map, claim);
    cbor_add_text(&map->items, id);
    return 0;
}

int dice_layer_write(const struct dice_certificate *certificate, struct buf *out, struct err *err)
{
    const uint8_t usage = certificate->issues ? USAGE_CERT_SIGN : USAGE_SIGN;
    OWNED_BUF key = BUF_OF(1 * KIB), payload = BUF_OF(DICE_CERT_MAX),
              message = BUF_OF(DICE_CERT_MAX);
    OWNED_CBOR_MAP claims = CBOR_MAP_OF(DICE_CERT_MAX);
    struct cose_content content = {0};

    if (add_name(&claims, CLAIM_ISS, certificate->issuer, err) < 0 ||
        add_name(&claims, CLAIM_SUB, certificate->subject, err) < 0 ||
        cose_key_write(certificate->subject, &key, err) < 0)
        return -1;
    add_bytes(&claims, CLAIM_KEY, buf_span(&key));
    add_bytes(&claims, CLAIM_KEY_USAGE, span_of(&usage, 1));
    if (certificate->input != NULL)
        add_input(&claims, certificate->input);
    if (certificate->profile != NULL) {
        cbor_map_key_int(&claims, CLAIM_PROFILE);
        cbor_add_text(&claims.items, certificate->profile);
    }
    if (cbor_map_write(&claims, &payload, err) < 0)
        return -1;
    content.payload = buf_span(&payload);
    if (cose_sign1_sign(certificate->issuer, &content, &message, err) < 0)
        return -1;
    buf_add_span(out, span_part(buf_span(&message), 1, message.len)); /* the profile has no tag */
    return buf_check(out, "the certificate", err);
}
