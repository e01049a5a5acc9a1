#include "lib/attest/reference/corim_write.h"

#include "lib/base/text.h"

#define SMALL_MAP 1024

void corim_draft_done(struct corim_draft *draft)
{
    buf_done(&draft->triples);
}

/* --- triples --- */

static int write_environment(const struct corim_class *class, struct buf *out, struct err *err)
{
    OWNED_CBOR_MAP inner = CBOR_MAP_OF(SMALL_MAP), outer = CBOR_MAP_OF(SMALL_MAP);

    cbor_map_key_int(&inner, CLASS_ID);
    cbor_add_tag(&inner.items, CORIM_TAG_UUID);
    cbor_add_bytes(&inner.items, span_of(class->uuid, CORIM_UUID_SIZE));
    cbor_map_key_int(&inner, CLASS_VENDOR);
    cbor_add_text(&inner.items, class->vendor);
    cbor_map_key_int(&inner, CLASS_MODEL);
    cbor_add_text(&inner.items, class->model);
    cbor_map_key_int(&outer, ENVIRONMENT_CLASS);
    if (cbor_map_write(&inner, &outer.items, err) < 0)
        return -1;
    return cbor_map_write(&outer, out, err);
}

int corim_draft_add(struct corim_draft *draft, const struct corim_class *class, const char *key,
                    struct cbor_map *values, struct err *err)
{
    OWNED_CBOR_MAP measurement = CBOR_MAP_OF(CORIM_MAX);

    cbor_map_key_int(&measurement, MEASUREMENT_KEY);
    cbor_add_text(&measurement.items, key);
    cbor_map_key_int(&measurement, MEASUREMENT_VALUES);
    if (cbor_map_write(values, &measurement.items, err) < 0)
        return -1;
    cbor_add_array(&draft->triples, 2);
    if (write_environment(class, &draft->triples, err) < 0)
        return -1;
    cbor_add_array(&draft->triples, 1);
    if (cbor_map_write(&measurement, &draft->triples, err) < 0)
        return -1;
    draft->count++;
    return buf_check(&draft->triples, "corim", err);
}

/* --- the document --- */

static void make_id(const struct corim_draft *draft, char what, uint8_t uuid[CORIM_UUID_SIZE])
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);
    uint8_t all[SHA256_SIZE];

    digest_add(digest, span_of(&what, 1));
    digest_add(digest, buf_span(&draft->triples));
    digest_finish(digest, all);
    memcpy(uuid, all, CORIM_UUID_SIZE);
    uuid[6] = (uuid[6] & 0x0f) | 0x80; /* version 8 */
    uuid[8] = (uuid[8] & 0x3f) | 0x80; /* variant of RFC 9562 */
}

static void add_uuid(struct cbor_map *map, int64_t key, const uint8_t uuid[CORIM_UUID_SIZE])
{
    cbor_map_key_int(map, key);
    cbor_add_bytes(&map->items, span_of(uuid, CORIM_UUID_SIZE));
}

static int write_comid(const struct corim_draft *draft, struct buf *out, struct err *err)
{
    OWNED_CBOR_MAP identity = CBOR_MAP_OF(SMALL_MAP), triples = CBOR_MAP_OF(CORIM_MAX);
    OWNED_CBOR_MAP comid = CBOR_MAP_OF(CORIM_MAX);
    uint8_t uuid[CORIM_UUID_SIZE];

    make_id(draft, 't', uuid);
    add_uuid(&identity, 0, uuid);
    cbor_map_key_int(&triples, TRIPLES_REFERENCE);
    cbor_add_array(&triples.items, draft->count);
    buf_add_span(&triples.items, buf_span(&draft->triples));

    cbor_map_key_int(&comid, COMID_IDENTITY);
    if (cbor_map_write(&identity, &comid.items, err) < 0)
        return -1;
    cbor_map_key_int(&comid, COMID_TRIPLES);
    if (cbor_map_write(&triples, &comid.items, err) < 0)
        return -1;
    return cbor_map_write(&comid, out, err);
}

static int add_period(struct cbor_map *map, int64_t key, struct corim_period period,
                      struct err *err)
{
    OWNED_CBOR_MAP validity = CBOR_MAP_OF(SMALL_MAP);

    if (period.until == INT64_MAX)
        return 0;
    if (period.from != INT64_MIN) {
        cbor_map_key_int(&validity, 0);
        cbor_add_tag(&validity.items, CORIM_TAG_TIME);
        cbor_add_int(&validity.items, period.from);
    }
    cbor_map_key_int(&validity, 1);
    cbor_add_tag(&validity.items, CORIM_TAG_TIME);
    cbor_add_int(&validity.items, period.until);
    cbor_map_key_int(map, key);
    return cbor_map_write(&validity, &map->items, err);
}

int corim_write(const struct corim_draft *draft, const struct corim_about *about, struct buf *out,
                struct err *err)
{
    OWNED_CBOR_MAP map = CBOR_MAP_OF(CORIM_MAX);
    OWNED_BUF comid = BUF_OF(CORIM_MAX);
    uint8_t uuid[CORIM_UUID_SIZE];

    if (draft->count == 0)
        return err_set(err, ERR_INPUT, "corim: it would say nothing");
    if (write_comid(draft, &comid, err) < 0)
        return -1;
    make_id(draft, 'r', uuid);
    add_uuid(&map, CORIM_ID, uuid);
    cbor_map_key_int(&map, CORIM_TAGS);
    cbor_add_array(&map.items, 1);
    cbor_add_tag(&map.items, CORIM_TAG_COMID);
    cbor_add_bytes(&map.items, buf_span(&comid));
    if (about->profile != NULL) {
        cbor_map_key_int(&map, CORIM_PROFILE);
        cbor_add_tag(&map.items, CORIM_TAG_URI);
        cbor_add_text(&map.items, about->profile);
    }
    if (add_period(&map, CORIM_VALIDITY, about->validity, err) < 0)
        return -1;
    cbor_add_tag(out, CORIM_TAG_CORIM);
    if (cbor_map_write(&map, out, err) < 0)
        return -1;
    return buf_check(out, "corim", err);
}

/* --- signing --- */

static int write_meta(const struct corim_signer *signer, struct buf *out, struct err *err)
{
    OWNED_CBOR_MAP who = CBOR_MAP_OF(SMALL_MAP), meta = CBOR_MAP_OF(2 * SMALL_MAP);

    cbor_map_key_int(&who, 0);
    cbor_add_text(&who.items, signer->name);
    cbor_map_key_int(&meta, 0);
    if (cbor_map_write(&who, &meta.items, err) < 0 ||
        add_period(&meta, 1, signer->validity, err) < 0)
        return -1;
    return cbor_map_write(&meta, out, err);
}

static int check_signable(struct span document, const struct key *key, struct err *err)
{
    struct corim corim;

    if (corim_parse(document, &corim, err) < 0)
        return -1;
    if (corim.is_signed)
        return err_set(err, ERR_INPUT, "corim: it is signed already");
    if (key_type_of(key) != KEY_P256 && key_type_of(key) != KEY_P384)
        return err_set(err, ERR_INPUT, "corim: a %s key; ES256 wants p256, ES384 wants p384",
                       key_type_names[key_type_of(key)]);
    return 0;
}

int corim_sign(struct span document, const struct key *key, const struct corim_signer *signer,
               struct buf *out, struct err *err)
{
    OWNED_CBOR_MAP headers = CBOR_MAP_OF(4 * SMALL_MAP);
    OWNED_BUF meta = BUF_OF(2 * SMALL_MAP);
    uint8_t identity[SHA256_SIZE];

    if (check_signable(document, key, err) < 0 || write_meta(signer, &meta, err) < 0)
        return -1;
    key_identity(key, identity);
    cbor_map_key_int(&headers, COSE_CONTENT_TYPE);
    cbor_add_text(&headers.items, CORIM_CONTENT_TYPE);
    cbor_map_key_int(&headers, COSE_KID);
    cbor_add_bytes(&headers.items, SPAN_OF_ARRAY(identity));
    cbor_map_key_int(&headers, CORIM_HEADER_META);
    cbor_add_bytes(&headers.items, buf_span(&meta));
    return cose_sign1_sign(
        key, &(struct cose_content){.protected_map = &headers, .payload = document}, out, err);
}
