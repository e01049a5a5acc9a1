#include "lib/computation/go_manifest.h"

#include "lib/base/text.h"

#include <inttypes.h>

#define HASH_SIZE 32

enum shape { SHAPE_TEXT, SHAPE_BOOL, SHAPE_HASH, SHAPE_TEXTS, SHAPE_OBJECT, SHAPE_OBJECTS };

struct member {
    const char *key;
    enum shape shape;
    const struct member *members; /* of an object; key NULL ends */
};

static const struct member kbs_members[] = {
    {"url", SHAPE_TEXT},
    {"enabled", SHAPE_BOOL},
    {NULL},
};

static const struct member source_members[] = {
    {"type", SHAPE_TEXT},
    {"url", SHAPE_TEXT},
    {"kbs_resource_path", SHAPE_TEXT},
    {"encrypted", SHAPE_BOOL},
    {NULL},
};

static const struct member dataset_members[] = {
    {"hash", SHAPE_HASH},
    {"user_key", SHAPE_TEXT},
    {"filename", SHAPE_TEXT},
    {"source", SHAPE_OBJECT, source_members},
    {"decompress", SHAPE_BOOL},
    {"kbs", SHAPE_OBJECT, kbs_members},
    {NULL},
};

static const struct member algorithm_members[] = {
    {"hash", SHAPE_HASH},
    {"user_key", SHAPE_TEXT},
    {"source", SHAPE_OBJECT, source_members},
    {"algo_type", SHAPE_TEXT},
    {"algo_args", SHAPE_TEXTS},
    {"kbs", SHAPE_OBJECT, kbs_members},
    {NULL},
};

static const struct member consumer_members[] = {
    {"user_key", SHAPE_TEXT},
    {NULL},
};

static const struct member manifest_members[] = {
    {"id", SHAPE_TEXT},
    {"name", SHAPE_TEXT},
    {"description", SHAPE_TEXT},
    {"datasets", SHAPE_OBJECTS, dataset_members},
    {"algorithm", SHAPE_OBJECT, algorithm_members},
    {"result_consumers", SHAPE_OBJECTS, consumer_members},
    {NULL},
};

static bool has_hash(const struct json *object)
{
    const struct json *hash = json_get(object, "hash");

    return hash != NULL && json_kind_of(hash) == JSON_KIND_ARRAY;
}

bool go_manifest_is(const struct json *document)
{
    return has_hash(json_get(document, "algorithm")) ||
           has_hash(json_at(json_get(document, "datasets"), 0));
}

static const struct {
    char character;
    const char *written;
} escapes[] = {
    {'"', "\\\""}, {'\\', "\\\\"},   {'\n', "\\n"},    {'\r', "\\r"},
    {'\t', "\\t"}, {'<', "\\u003c"}, {'>', "\\u003e"}, {'&', "\\u0026"},
};

static void write_character(uint8_t c, struct buf *out)
{
    for (size_t i = 0; i < COUNT_OF(escapes); i++)
        if (escapes[i].character == (char)c) {
            buf_add_str(out, escapes[i].written);
            return;
        }
    if (c < 0x20)
        buf_printf(out, "\\u%04x", c);
    else
        buf_add_u8(out, c);
}

static void write_text(const char *text, struct buf *out)
{
    buf_add_u8(out, '"');
    for (; *text != '\0'; text++) {
        /* U+2028 and U+2029 end lines in JavaScript, so they are escaped too. */
        if (text_starts_with(text, "\xe2\x80\xa8") || text_starts_with(text, "\xe2\x80\xa9")) {
            buf_printf(out, "\\u202%c", (uint8_t)text[2] == 0xa8 ? '8' : '9');
            text += 2;
        } else {
            write_character((uint8_t)*text, out);
        }
    }
    buf_add_u8(out, '"');
}

static int write_hash(const struct json *hash, struct buf *out, struct err *err)
{
    if (json_count(hash) != HASH_SIZE)
        return err_set(err, ERR_INPUT, "a hash has %d numbers, not %zu", HASH_SIZE,
                       json_count(hash));
    for (size_t i = 0; i < HASH_SIZE; i++) {
        const struct json *byte = json_at(hash, i);

        if (json_kind_of(byte) != JSON_KIND_INTEGER || json_int(byte) < 0 || json_int(byte) > 255)
            return err_set(err, ERR_INPUT, "a hash has numbers from 0 to 255");
        buf_printf(out, "%c%" PRId64, i == 0 ? '[' : ',', json_int(byte));
    }
    buf_add_u8(out, ']');
    return 0;
}

static int write_object(const struct json *object, const struct member *members, struct buf *out,
                        struct err *err);

static int write_items(const struct json *array, const struct member *members, struct buf *out,
                       struct err *err)
{
    buf_add_u8(out, '[');
    for (size_t i = 0; i < json_count(array); i++) {
        const struct json *item = json_at(array, i);

        buf_add_str(out, i > 0 ? "," : "");
        if (members != NULL && write_object(item, members, out, err) < 0)
            return -1;
        if (members == NULL) {
            if (json_str(item) == NULL)
                return err_set(err, ERR_INPUT, "expected a text in a list of texts");
            write_text(json_str(item), out);
        }
    }
    buf_add_u8(out, ']');
    return 0;
}

static int write_value(const struct json *value, const struct member *member, struct buf *out,
                       struct err *err)
{
    switch (member->shape) {
    case SHAPE_TEXT: write_text(json_str(value), out); return 0;
    case SHAPE_BOOL: buf_add_str(out, "true"); return 0;
    case SHAPE_HASH: return write_hash(value, out, err);
    case SHAPE_OBJECT: return write_object(value, member->members, out, err);
    case SHAPE_TEXTS:
    case SHAPE_OBJECTS: return write_items(value, member->members, out, err);
    }
    return 0;
}

/* 1 when the member is written, 0 when it is empty and left out, -1 when it is of the wrong kind.
 */
static int is_written(const struct json *value, enum shape shape)
{
    static const enum json_kind kinds[] = {
        [SHAPE_TEXT] = JSON_KIND_STRING,   [SHAPE_BOOL] = JSON_KIND_BOOL,
        [SHAPE_HASH] = JSON_KIND_ARRAY,    [SHAPE_TEXTS] = JSON_KIND_ARRAY,
        [SHAPE_OBJECT] = JSON_KIND_OBJECT, [SHAPE_OBJECTS] = JSON_KIND_ARRAY,
    };

    if (value == NULL || json_kind_of(value) == JSON_KIND_NULL)
        return 0;
    if (json_kind_of(value) != kinds[shape])
        return -1;
    if (shape == SHAPE_TEXT)
        return json_str(value)[0] != '\0';
    if (shape == SHAPE_BOOL)
        return json_bool(value);
    return shape == SHAPE_OBJECT || json_count(value) > 0;
}

static int write_object(const struct json *object, const struct member *members, struct buf *out,
                        struct err *err)
{
    bool first = true;

    if (json_kind_of(object) != JSON_KIND_OBJECT)
        return err_set(err, ERR_INPUT, "expected an object in a list of objects");
    buf_add_u8(out, '{');
    for (const struct member *member = members; member->key != NULL; member++) {
        const struct json *value = json_get(object, member->key);
        int written = is_written(value, member->shape);

        if (written < 0 || (written == 0 && member->shape == SHAPE_HASH))
            return err_set(err, ERR_INPUT, "the member '%s' is missing or of the wrong type",
                           member->key);
        if (written == 0)
            continue;
        buf_printf(out, "%s\"%s\":", first ? "" : ",", member->key);
        if (write_value(value, member, out, err) < 0)
            return err_wrap(err, "%s", member->key);
        first = false;
    }
    buf_add_u8(out, '}');
    return 0;
}

int go_manifest_write(const struct json *document, struct buf *out, struct err *err)
{
    if (write_object(document, manifest_members, out, err) < 0)
        return -1;
    return buf_check(out, "the canonical form", err);
}
