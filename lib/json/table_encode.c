/* Encoding writes the text at once: a tree in between would cost several times as much. */
#include "lib/json/table_field.h"

#include "lib/base/text.h"

#include <inttypes.h>

/* Appends one value. Nothing appended means that it is absent. */
typedef void encode_fn(const struct json_field *field, const void *at, struct buf *out);

static void encode_str(const struct json_field *field, const void *at, struct buf *out)
{
    const char *text = *(char *const *)at;

    (void)field;
    if (text != NULL)
        json_write_str(text, out);
}

static void encode_bool(const struct json_field *field, const void *at, struct buf *out)
{
    (void)field;
    buf_add_str(out, *(const bool *)at ? "true" : "false");
}

static void encode_u32(const struct json_field *field, const void *at, struct buf *out)
{
    (void)field;
    buf_printf(out, "%" PRIu32, *(const uint32_t *)at);
}

static void encode_u64(const struct json_field *field, const void *at, struct buf *out)
{
    (void)field;
    buf_printf(out, "%" PRIu64, *(const uint64_t *)at);
}

static void encode_hex(const struct json_field *field, const void *at, struct buf *out)
{
    const struct json_bytes *bytes = at;
    char text[2 * JSON_BYTES_MAX + 1];

    (void)field;
    if (!bytes->present)
        return;
    text_hex(bytes->data, bytes->len, text);
    json_write_str(text, out);
}

static void encode_base64(const struct json_field *field, const void *at, struct buf *out)
{
    const struct json_blob *blob = at;

    (void)field;
    if (blob->data == NULL)
        return;
    buf_add_u8(out, '"');
    text_encode_base64(span_of(blob->data, blob->len), out);
    buf_add_u8(out, '"');
}

static void encode_enum(const struct json_field *field, const void *at, struct buf *out)
{
    int wanted = *(const int *)at;

    for (int i = 0; field->names[i] != NULL; i++)
        if (i == wanted)
            json_write_str(field->names[i], out);
}

static void encode_duration(const struct json_field *field, const void *at, struct buf *out)
{
    uint64_t ms = *(const uint64_t *)at;
    char text[TEXT_DURATION_SIZE];

    if (ms == 0 && (field->need & JSON_SKIP_EMPTY) != 0)
        return;
    text_format_duration(ms, text);
    json_write_str(text, out);
}

static void encode_time(const struct json_field *field, const void *at, struct buf *out)
{
    int64_t seconds = *(const int64_t *)at;
    char text[TEXT_TIME_SIZE];

    (void)field;
    if (seconds == 0)
        return;
    text_format_time(seconds, text);
    json_write_str(text, out);
}

static void encode_object(const struct json_field *field, const void *at, struct buf *out)
{
    json_encode_text(field->table, at, out);
}

static void encode_list(const struct json_field *field, const void *at, struct buf *out)
{
    const struct json_list *list = at;

    buf_add_u8(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_add_u8(out, ',');
        json_encode_text(field->table, (char *)list->items + i * field->table->size, out);
    }
    buf_add_u8(out, ']');
}

static void encode_strings(const struct json_field *field, const void *at, struct buf *out)
{
    const struct json_strings *strings = at;

    (void)field;
    buf_add_u8(out, '[');
    for (size_t i = 0; i < strings->count; i++) {
        if (i > 0)
            buf_add_u8(out, ',');
        json_write_str(strings->items[i], out);
    }
    buf_add_u8(out, ']');
}

static void encode_any(const struct json_field *field, const void *at, struct buf *out)
{
    const struct json *any = *(struct json *const *)at;

    (void)field;
    if (any != NULL)
        json_write(any, out);
}

static encode_fn *const encoders[] = {
    [JSON_TYPE_STR] = encode_str,           [JSON_TYPE_TEXT] = encode_str,
    [JSON_TYPE_BOOL] = encode_bool,         [JSON_TYPE_U32] = encode_u32,
    [JSON_TYPE_U64] = encode_u64,           [JSON_TYPE_HEX] = encode_hex,
    [JSON_TYPE_BASE64] = encode_base64,     [JSON_TYPE_ENUM] = encode_enum,
    [JSON_TYPE_DURATION] = encode_duration, [JSON_TYPE_TIME] = encode_time,
    [JSON_TYPE_OBJECT] = encode_object,     [JSON_TYPE_LIST] = encode_list,
    [JSON_TYPE_STR_LIST] = encode_strings,  [JSON_TYPE_ANY] = encode_any,
};

static bool is_empty(struct span value)
{
    static const char *const empty[] = {"", "null", "false", "0", "\"\"", "[]", "{}"};

    for (size_t i = 0; i < COUNT_OF(empty); i++)
        if (span_equal(value, span_of_str(empty[i])))
            return true;
    return false;
}

static void add_key(const char *key, bool first, struct buf *out)
{
    if (!first)
        buf_add_u8(out, ',');
    json_write_str(key, out);
    buf_add_u8(out, ':');
}

/* Appends one member, or nothing and false. */
static bool encode_field(const struct json_field *field, const void *at, bool first,
                         struct buf *out)
{
    bool skip_empty = (field->need & JSON_SKIP_EMPTY) != 0;
    bool nullable = (field->need & JSON_NULLABLE) != 0;
    size_t start = out->len, value;

    add_key(field->key, first, out);
    value = out->len;
    encoders[field->type](field, at, out);

    if (out->len == value && nullable && !skip_empty)
        buf_add_str(out, "null");
    if (out->len == value || (skip_empty && is_empty(span_part(buf_span(out), value, SIZE_MAX)))) {
        buf_cut(out, start);
        return false;
    }
    return true;
}

void json_encode_text(const struct json_table *table, const void *in, struct buf *out)
{
    bool first = true;

    buf_add_u8(out, '{');
    for (size_t i = 0; i < table->count; i++) {
        const struct json_field *field = &table->fields[i];

        if (encode_field(field, json_field_at(field, in), first, out))
            first = false;
    }
    buf_add_u8(out, '}');
}

struct json *json_encode(const struct json_table *table, const void *in)
{
    OWNED_BUF text = BUF_OF(SIZE_MAX / 2);
    struct json *json = NULL;
    struct err err;

    json_encode_text(table, in, &text);
    if (json_parse(buf_span(&text), &json, &err) < 0)
        abort(); /* what was written is JSON */
    return json;
}
