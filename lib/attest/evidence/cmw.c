#include "lib/attest/evidence/cmw.h"

#include "lib/base/text.h"
#include "lib/cbor/cbor.h"
#include "lib/crypto/der.h"
#include "lib/crypto/x509.h"
#include "lib/json/json.h"

#include <stdio.h>

#define COLLECTION_TYPE "__cmwc_t" /* a member of a collection that is no wrapper */
#define INDICATORS      0xf
#define TAG_FIRST       0x63740101u /* RFC 9277, section 4.3 */
#define TAG_RADIX       255u
#define FORMAT_MAX      65024u

static const char *const extensions[] = {"1.3.6.1.5.5.7.1.35", "2.23.133.5.4.9"};

/* One pass over a wrapper: the first checks, the second visits. */
struct walk {
    cmw_visit *visit; /* NULL in the first */
    void *with;
    size_t records;
    unsigned depth;
};

static int take_record(struct walk *w, const struct cmw_record *record, struct err *err)
{
    if (++w->records > CMW_RECORDS_MAX)
        return err_set(err, ERR_INPUT, "cmw: more than %d messages", CMW_RECORDS_MAX);
    if (record->indicator == 0 || (record->indicator & ~(uint64_t)INDICATORS) != 0)
        return err_set(err, ERR_INPUT, "cmw: message %zu has an unknown indicator", w->records - 1);
    if (w->visit != NULL)
        w->visit(record, w->with);
    return 0;
}

static int set_type(struct cmw_record *record, struct span type, struct err *err)
{
    if (type.len == 0 || type.len >= CMW_TYPE_SIZE || !text_is_utf8(type) ||
        memchr(type.data, 0, type.len) != NULL)
        return err_set(err, ERR_INPUT, "cmw: a type is empty, too long or no text");
    memcpy(record->type, type.data, type.len);
    return 0;
}

static int enter(struct walk *w, bool has_members, struct err *err)
{
    if (!has_members)
        return err_set(err, ERR_INPUT, "cmw: an empty collection");
    if (++w->depth > CMW_DEPTH_MAX)
        return err_set(err, ERR_INPUT, "cmw: collections are nested too deeply");
    return 0;
}

/* --- JSON ------------------------------------------------------------------------------------ */

static int json_record(struct walk *w, const struct json *array, struct err *err)
{
    struct cmw_record record = {.indicator = CMW_EVIDENCE};
    const struct json *type = json_at(array, 0), *indicator = json_at(array, 2);
    const char *value = json_str(json_at(array, 1));
    OWNED_BUF bytes = BUF_OF(CMW_SIZE_MAX);

    if (json_count(array) < 2 || json_count(array) > 3 || value == NULL)
        return err_set(err, ERR_INPUT, "cmw: a record is [type, value, indicator]");
    if (json_kind_of(type) == JSON_KIND_INTEGER && json_int(type) >= 0)
        record.format = (uint64_t)json_int(type);
    else if (set_type(&record, span_of_str(json_str(type)), err) < 0)
        return -1;
    if (indicator != NULL)
        record.indicator = json_int(indicator) > 0 ? (uint64_t)json_int(indicator) : 0;
    if (text_decode_base64url(span_of_str(value), &bytes, err) < 0 ||
        buf_check(&bytes, "cmw: a value", err) < 0)
        return err_wrap(err, "cmw: value %zu", w->records);
    record.value = buf_span(&bytes);
    return take_record(w, &record, err);
}

static int json_wrapper(struct walk *w, const struct json *json, struct err *err);

static int json_collection(struct walk *w, const struct json *object, struct err *err)
{
    const struct json *member;
    const char *key = NULL;

    if (enter(w, json_count(object) > 0, err) < 0)
        return -1;
    while ((member = json_next(object, &key)) != NULL) {
        if (strcmp(key, COLLECTION_TYPE) == 0 && json_str(member) != NULL)
            continue;
        if (json_wrapper(w, member, err) < 0)
            return -1;
    }
    w->depth--;
    return 0;
}

static int json_wrapper(struct walk *w, const struct json *json, struct err *err)
{
    if (json_kind_of(json) == JSON_KIND_ARRAY)
        return json_record(w, json, err);
    if (json_kind_of(json) == JSON_KIND_OBJECT)
        return json_collection(w, json, err);
    return err_set(err, ERR_INPUT, "cmw: neither a record nor a collection");
}

static int walk_json(struct span in, cmw_visit *visit, void *with, struct err *err)
{
    struct walk check = {0}, walk = {.visit = visit, .with = with};
    OWNED_JSON *json = NULL;

    if (json_parse(in, &json, err) < 0)
        return err_wrap(err, "cmw");
    if (json_wrapper(&check, json, err) < 0)
        return -1;
    return visit != NULL ? json_wrapper(&walk, json, err) : 0;
}

/* --- CBOR ------------------------------------------------------------------------------------ */

static int cbor_record(struct walk *w, struct cbor array, struct err *err)
{
    struct cmw_record record = {.indicator = CMW_EVIDENCE};
    struct cbor type = cbor_at(array, 0), value = cbor_at(array, 1), indicator = cbor_at(array, 2);

    if (array.number < 2 || array.number > 3 || value.kind != CBOR_BYTES)
        return err_set(err, ERR_INPUT, "cmw: a record is [type, value, indicator]");
    if (type.kind == CBOR_UINT)
        record.format = type.number;
    else if (set_type(&record, cbor_text(type), err) < 0)
        return -1;
    if (indicator.kind != CBOR_NONE && !cbor_uint(indicator, &record.indicator))
        record.indicator = 0;
    record.value = cbor_bytes(value);
    return take_record(w, &record, err);
}

/* The number of a content format has no byte of zero within the tag's last two. */
static int cbor_tagged(struct walk *w, struct cbor tag, struct err *err)
{
    struct cbor value = cbor_untag(tag, tag.number);
    uint64_t offset = tag.number - TAG_FIRST;
    uint64_t format = offset / 256 * TAG_RADIX + offset % 256;
    struct cmw_record record = {.format = format, .indicator = CMW_EVIDENCE};

    if (tag.number < TAG_FIRST || offset % 256 >= TAG_RADIX || format > FORMAT_MAX ||
        value.kind != CBOR_BYTES)
        return err_set(err, ERR_INPUT, "cmw: tag %llu is no content format around bytes",
                       (unsigned long long)tag.number);
    record.value = cbor_bytes(value);
    return take_record(w, &record, err);
}

static int cbor_wrapper(struct walk *w, struct cbor item, struct err *err);

static int cbor_collection(struct walk *w, struct cbor map, struct err *err)
{
    struct cbor_cursor cursor = cbor_begin(map);
    struct cbor key, value;

    if (enter(w, map.number > 0, err) < 0)
        return -1;
    while (cbor_next_pair(&cursor, &key, &value)) {
        if (cbor_text_is(key, COLLECTION_TYPE) && value.kind == CBOR_TEXT)
            continue;
        if (cbor_wrapper(w, value, err) < 0)
            return -1;
    }
    w->depth--;
    return 0;
}

static int cbor_wrapper(struct walk *w, struct cbor item, struct err *err)
{
    if (item.kind == CBOR_ARRAY)
        return cbor_record(w, item, err);
    if (item.kind == CBOR_TAG)
        return cbor_tagged(w, item, err);
    if (item.kind == CBOR_MAP)
        return cbor_collection(w, item, err);
    return err_set(err, ERR_INPUT, "cmw: neither a record nor a collection");
}

static int walk_cbor(struct span in, cmw_visit *visit, void *with, struct err *err)
{
    struct walk check = {0}, walk = {.visit = visit, .with = with};
    struct cbor doc;

    if (cbor_parse(in, CBOR_STRICT, &doc, err) < 0)
        return err_wrap(err, "cmw");
    if (cbor_wrapper(&check, doc, err) < 0)
        return -1;
    return visit != NULL ? cbor_wrapper(&walk, doc, err) : 0;
}

/* --- X.509 ----------------------------------------------------------------------------------- */

/* CHOICE {UTF8String of JSON, OCTET STRING of CBOR}. */
static int walk_extension(struct span content, cmw_visit *visit, void *with, struct err *err)
{
    struct der d = der_of(content);
    unsigned tag;
    struct span inner = der_any(&d, &tag);

    if (der_end(&d) && tag == DER_UTF8_STRING)
        return walk_json(inner, visit, with, err);
    if (der_end(&d) && tag == DER_OCTET_STRING)
        return walk_cbor(inner, visit, with, err);
    return err_set(err, ERR_INPUT, "cmw: the extension is neither a text nor bytes");
}

static int walk_certificate(struct span in, cmw_visit *visit, void *with, struct err *err)
{
    OWNED_X509 *certificate = NULL;
    struct span content;

    if (x509_parse(in, &certificate, err) < 0)
        return err_wrap(err, "cmw");
    for (size_t i = 0; i < COUNT_OF(extensions); i++)
        if (x509_extension(certificate, extensions[i], &content))
            return walk_extension(content, visit, with, err);
    return err_set(err, ERR_INPUT, "cmw: the certificate has no such extension");
}

int cmw_walk(struct span in, cmw_visit *visit, void *with, struct err *err)
{
    uint8_t first = in.len > 0 ? in.data[0] : 0;

    if (in.len > CMW_SIZE_MAX)
        return err_set(err, ERR_INPUT, "cmw: %zu bytes, at most %llu", in.len, CMW_SIZE_MAX);
    if (first == '[' || first == '{')
        return walk_json(in, visit, with, err);
    if (first == DER_SEQUENCE || first == '-')
        return walk_certificate(in, visit, with, err);
    return walk_cbor(in, visit, with, err);
}
