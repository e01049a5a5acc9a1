#include "services/grpc-gateway/cvms/order_json.h"

#include "lib/base/text.h"
#include "lib/computation/go_manifest.h"

#define MANIFEST_MAX (64 * MIB)
#define NESTED_MAX   (4 * MIB)

enum shape { SHAPE_TEXT, SHAPE_BOOL, SHAPE_HASH, SHAPE_KEY, SHAPE_TEXTS, SHAPE_OBJECT, SHAPE_LIST };

/* cvms.proto, with the names that the members have in JSON. */
struct member {
    const char *key;
    uint8_t number;
    enum shape shape;
    const struct member *members; /* of an object, or of each of a list; key NULL ends */
};

static const struct member kbs[] = {
    {"url", 1, SHAPE_TEXT},
    {"enabled", 2, SHAPE_BOOL},
    {NULL},
};

static const struct member source[] = {
    {"type", 1, SHAPE_TEXT},
    {"url", 2, SHAPE_TEXT},
    {"kbs_resource_path", 3, SHAPE_TEXT},
    {"encrypted", 4, SHAPE_BOOL},
    {NULL},
};

static const struct member dataset[] = {
    {"hash", 1, SHAPE_HASH},
    {"user_key", 2, SHAPE_KEY},
    {"filename", 3, SHAPE_TEXT},
    {"source", 4, SHAPE_OBJECT, source},
    {"decompress", 5, SHAPE_BOOL},
    {"kbs", 6, SHAPE_OBJECT, kbs},
    {NULL},
};

static const struct member algorithm[] = {
    {"hash", 1, SHAPE_HASH},
    {"user_key", 2, SHAPE_KEY},
    {"source", 3, SHAPE_OBJECT, source},
    {"algo_type", 4, SHAPE_TEXT},
    {"algo_args", 5, SHAPE_TEXTS},
    {"kbs", 6, SHAPE_OBJECT, kbs},
    {NULL},
};

static const struct member consumer[] = {
    {"user_key", 1, SHAPE_KEY},
    {NULL},
};

static const struct member manifest_members[] = {
    {"id", 1, SHAPE_TEXT},
    {"name", 2, SHAPE_TEXT},
    {"description", 3, SHAPE_TEXT},
    {"datasets", 4, SHAPE_LIST, dataset},
    {"algorithm", 5, SHAPE_OBJECT, algorithm},
    {"result_consumers", 6, SHAPE_LIST, consumer},
    {NULL},
};

static void put_varint(struct buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_add_u8(out, (uint8_t)(value | 0x80));
    buf_add_u8(out, (uint8_t)value);
}

static void put_bytes(struct buf *out, uint8_t number, struct span bytes)
{
    buf_add_u8(out, (uint8_t)(number << 3 | 2));
    put_varint(out, bytes.len);
    buf_add_span(out, bytes);
}

static int put_members(struct buf *out, const struct json *object, const struct member *members,
                       struct err *err);

static int put_object(struct buf *out, uint8_t number, const struct json *object,
                      const struct member *members, struct err *err)
{
    OWNED_BUF nested = BUF_OF(NESTED_MAX);

    if (put_members(&nested, object, members, err) < 0 || buf_check(&nested, "a part", err) < 0)
        return -1;
    put_bytes(out, number, buf_span(&nested));
    return 0;
}

static void put_hash(struct buf *out, uint8_t number, const struct json *hash)
{
    OWNED_BUF bytes = BUF_OF(64);

    for (size_t i = 0; i < json_count(hash); i++)
        buf_add_u8(&bytes, (uint8_t)json_int(json_at(hash, i)));
    put_bytes(out, number, buf_span(&bytes));
}

static int put_key(struct buf *out, const struct member *member, const struct json *value,
                   struct err *err)
{
    OWNED_BUF bytes = BUF_OF(NESTED_MAX);

    if (text_decode_base64(span_of_str(json_str(value)), &bytes, err) < 0)
        return err_wrap(err, "%s", member->key);
    put_bytes(out, member->number, buf_span(&bytes));
    return 0;
}

/* The value is of the right kind: go_manifest_write() has seen it. */
static int put(struct buf *out, const struct member *member, const struct json *value,
               struct err *err)
{
    switch (member->shape) {
    case SHAPE_TEXT: put_bytes(out, member->number, span_of_str(json_str(value))); return 0;
    case SHAPE_HASH: put_hash(out, member->number, value); return 0;
    case SHAPE_KEY: return put_key(out, member, value, err);
    case SHAPE_OBJECT: return put_object(out, member->number, value, member->members, err);
    case SHAPE_BOOL:
        buf_add_u8(out, (uint8_t)(member->number << 3));
        buf_add_u8(out, json_bool(value));
        return 0;
    case SHAPE_TEXTS:
        for (size_t i = 0; i < json_count(value); i++)
            put_bytes(out, member->number, span_of_str(json_str(json_at(value, i))));
        return 0;
    case SHAPE_LIST:
        for (size_t i = 0; i < json_count(value); i++)
            if (put_object(out, member->number, json_at(value, i), member->members, err) < 0)
                return -1;
        return 0;
    }
    return 0;
}

static int put_members(struct buf *out, const struct json *object, const struct member *members,
                       struct err *err)
{
    for (const struct member *member = members; member->key != NULL; member++) {
        const struct json *value = json_get(object, member->key);

        if (value == NULL || json_kind_of(value) == JSON_KIND_NULL)
            continue;
        if (put(out, member, value, err) < 0)
            return -1;
    }
    return 0;
}

int order_from_json(const struct json *manifest, struct buf *out, struct err *err)
{
    OWNED_BUF canonical = BUF_OF(MANIFEST_MAX);

    if (go_manifest_write(manifest, &canonical, err) < 0 ||
        put_members(out, manifest, manifest_members, err) < 0)
        return -1;
    return buf_check(out, "the order", err);
}
