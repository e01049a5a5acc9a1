#include "lib/attest/evidence/eat.h"

#include "lib/cbor/cose_key.h"

#include <stdlib.h>

#define TAG_CWT    61
#define CNF_KEY    1 /* RFC 8747, section 3.2 */
#define NAME_SIZE  128
#define NONCE_SIZE 32

/* Claims of our profile, out of the range for private use. */
enum {
    OUR_TRANSCRIPT = -76001,
    OUR_ITEMS = -76002,
    OUR_LOGS = -76003,
    OUR_ENDORSEMENT = -76004, /* absent when nothing is in it */
};

/* --- reading --------------------------------------------------------------------------------- */

static int take_message(struct span in, struct cose_sign1 *ret, struct err *err)
{
    struct cbor doc;

    if (cbor_parse(in, CBOR_STRICT, &doc, err) < 0)
        return err_wrap(err, "eat");
    if (doc.kind == CBOR_TAG && doc.number == TAG_CWT)
        doc = cbor_untag(doc, TAG_CWT);
    if (cose_sign1_parse(doc.raw, ret, err) < 0)
        return err_wrap(err, "eat");
    if (ret->detached)
        return err_set(err, ERR_INPUT, "eat: the message has no payload");
    return 0;
}

int eat_parse(struct span in, struct eat *ret, struct err *err)
{
    struct eat eat;

    if (in.len > EAT_SIZE_MAX)
        return err_set(err, ERR_INPUT, "eat: %zu bytes, at most %llu", in.len, EAT_SIZE_MAX);
    if (take_message(in, &eat.message, err) < 0)
        return -1;
    if (cbor_parse(eat.message.payload, CBOR_STRICT, &eat.claims, err) < 0)
        return err_wrap(err, "eat: payload at byte %zu",
                        (size_t)(eat.message.payload.data - in.data));
    if (eat.claims.kind != CBOR_MAP)
        return err_set(err, ERR_INPUT, "eat: the payload is no map of claims");
    *ret = eat;
    return 0;
}

bool eat_detect(struct span in)
{
    struct eat eat;
    struct err unused;

    return in.len > 0 && (in.data[0] == 0x84 || in.data[0] == 0xd2 || in.data[0] == 0xd8) &&
           eat_parse(in, &eat, &unused) == 0;
}

bool eat_is_ours(const struct eat *eat)
{
    return cbor_text_is(cbor_find_int(eat->claims, EAT_PROFILE_CLAIM), EAT_PROFILE);
}

int eat_read_key(const struct eat *eat, struct key **ret, struct err *err)
{
    if (cose_key_read(cbor_find_int(cbor_find_int(eat->claims, EAT_CNF), CNF_KEY), ret, err) < 0)
        return err_wrap(err, "eat: cnf");
    return 0;
}

static int take_item(struct cbor item, struct bundle *bundle, struct err *err)
{
    struct cbor type = cbor_at(item, 0), media = cbor_at(item, 1), data = cbor_at(item, 2);

    if (item.kind != CBOR_ARRAY || item.number != 3 || data.kind != CBOR_BYTES)
        return err_set(err, ERR_INPUT, "an item is [type, media type, bytes]");
    for (int i = 0; i < BUNDLE_TYPE_COUNT; i++) {
        if (!cbor_text_is(type, bundle_type_names[i]))
            continue;
        if (!cbor_text_is(media, bundle_media_type((enum bundle_type)i)))
            return err_set(err, ERR_INPUT, "'%s' is of media type '%s'", bundle_type_names[i],
                           bundle_media_type((enum bundle_type)i));
        return bundle_add(bundle, (enum bundle_type)i, cbor_bytes(data), err);
    }
    return err_set(err, ERR_INPUT, "an item of unknown type");
}

static int take_items(const struct eat *eat, struct bundle *bundle, struct err *err)
{
    struct cbor items = cbor_find_int(eat->claims, OUR_ITEMS), item;
    struct cbor_cursor cursor = cbor_begin(items);

    if (items.kind != CBOR_ARRAY || items.number == 0 || items.number > BUNDLE_ITEMS_MAX)
        return err_set(err, ERR_INPUT, "eat: a bundle has 1 to %d items", BUNDLE_ITEMS_MAX);
    while (cbor_next(&cursor, &item))
        if (take_item(item, bundle, err) < 0)
            return err_wrap(err, "eat: item %zu", bundle_count(bundle));
    return 0;
}

/* Three byte strings, which may be empty. */
static int take_three(struct cbor list, struct span ret[static 3])
{
    if (list.kind != CBOR_ARRAY || list.number != 3)
        return -1;
    for (size_t i = 0; i < 3; i++) {
        if (cbor_at(list, i).kind != CBOR_BYTES)
            return -1;
        ret[i] = cbor_bytes(cbor_at(list, i));
    }
    return 0;
}

static int take_logs(const struct eat *eat, struct bundle *bundle, struct err *err)
{
    struct span logs[3];

    if (take_three(cbor_find_int(eat->claims, OUR_LOGS), logs) < 0)
        return err_set(err, ERR_INPUT, "eat: logs are the byte strings [tcg, ima, cel]");
    return bundle_set_logs(bundle, &(struct transcript_logs){logs[0], logs[1], logs[2]}, err);
}

static int take_endorsement(const struct eat *eat, struct bundle *bundle, struct err *err)
{
    struct cbor list = cbor_find_int(eat->claims, OUR_ENDORSEMENT);
    struct span parts[3];

    if (list.kind == CBOR_NONE)
        return 0;
    if (take_three(list, parts) < 0 || parts[0].len + parts[1].len + parts[2].len == 0)
        return err_set(err, ERR_INPUT,
                       "eat: an endorsement is the byte strings [ek, ek_certificate, "
                       "svsm_manifest], and not all of them are empty");
    if (bundle_set_endorsement(bundle, parts[0], parts[1], err) < 0)
        return -1;
    return bundle_set_svsm(bundle, parts[2], err);
}

int eat_read_bundle(const struct eat *eat, struct bundle *ret, struct err *err)
{
    struct span encoded = cbor_bytes(cbor_find_int(eat->claims, OUR_TRANSCRIPT));
    struct span nonce = cbor_bytes(cbor_find_int(eat->claims, EAT_NONCE));
    struct transcript transcript;
    OWNED_BUNDLE bundle;

    bundle_init(&bundle);
    if (transcript_parse(encoded, &transcript, err) < 0 ||
        bundle_set_transcript(&bundle, &transcript, err) < 0 || take_items(eat, &bundle, err) < 0 ||
        take_logs(eat, &bundle, err) < 0 || take_endorsement(eat, &bundle, err) < 0)
        return -1;
    if (!span_equal(nonce, transcript_get(&transcript, TRANSCRIPT_NONCE)))
        return err_set(err, ERR_INPUT, "eat: eat_nonce is not the transcript's nonce");
    *ret = bundle;
    bundle = (struct bundle){0};
    return 0;
}

/* --- writing --------------------------------------------------------------------------------- */

static void add_items(const struct bundle *bundle, struct cbor_map *claims)
{
    cbor_map_key_int(claims, OUR_ITEMS);
    cbor_add_array(&claims->items, bundle_count(bundle));
    for (size_t i = 0; i < bundle_count(bundle); i++) {
        const struct bundle_item *item = bundle_at(bundle, i);

        cbor_add_array(&claims->items, 3);
        cbor_add_text(&claims->items, bundle_type_names[item->type]);
        cbor_add_text(&claims->items, item->media_type);
        cbor_add_bytes(&claims->items, bundle_span(&item->data));
    }
}

static void add_three(struct cbor_map *claims, int64_t claim, const struct span parts[static 3])
{
    cbor_map_key_int(claims, claim);
    cbor_add_array(&claims->items, 3);
    for (size_t i = 0; i < 3; i++)
        cbor_add_bytes(&claims->items, parts[i]);
}

static void add_logs(const struct bundle *bundle, struct cbor_map *claims)
{
    struct transcript_logs logs = bundle_get_logs(bundle);

    add_three(claims, OUR_LOGS, (struct span[]){logs.tcg, logs.ima, logs.cel});
}

static void add_endorsement(const struct bundle *bundle, struct cbor_map *claims)
{
    const struct bundle_endorsement *from = &bundle->endorsement;
    struct span parts[] = {bundle_span(&from->ek), bundle_span(&from->ek_certificate),
                           bundle_span(&from->svsm_manifest)};

    if (parts[0].len + parts[1].len + parts[2].len > 0)
        add_three(claims, OUR_ENDORSEMENT, parts);
}

static int add_claims(const struct bundle *bundle, const struct key *key, int64_t issued,
                      struct cbor_map *claims, struct err *err)
{
    struct span encoded = bundle_span(&bundle->transcript);
    struct transcript transcript;

    if (transcript_parse(encoded, &transcript, err) < 0)
        return -1;
    if (issued != 0) {
        cbor_map_key_int(claims, EAT_IAT);
        cbor_add_int(&claims->items, issued);
    }
    cbor_map_key_int(claims, EAT_CNF);
    cbor_add_map(&claims->items, 1);
    cbor_add_uint(&claims->items, CNF_KEY);
    if (cose_key_write(key, &claims->items, err) < 0)
        return -1;
    cbor_map_key_int(claims, EAT_NONCE);
    cbor_add_bytes(&claims->items, transcript_get(&transcript, TRANSCRIPT_NONCE));
    cbor_map_key_int(claims, EAT_PROFILE_CLAIM);
    cbor_add_text(&claims->items, EAT_PROFILE);
    cbor_map_key_int(claims, OUR_TRANSCRIPT);
    cbor_add_bytes(&claims->items, encoded);
    add_items(bundle, claims);
    add_logs(bundle, claims);
    add_endorsement(bundle, claims);
    return 0;
}

int eat_write(const struct bundle *bundle, const struct key *key, int64_t issued, struct buf *out,
              struct err *err)
{
    OWNED_CBOR_MAP claims = CBOR_MAP_OF(EAT_SIZE_MAX);
    OWNED_BUF payload = BUF_OF(EAT_SIZE_MAX);
    struct cose_content content = {0};

    if (add_claims(bundle, key, issued, &claims, err) < 0 ||
        cbor_map_write(&claims, &payload, err) < 0)
        return err_wrap(err, "eat");
    content.payload = buf_span(&payload);
    return cose_sign1_sign(key, &content, out, err);
}
