#include "lib/json/table_field.h"

#include "lib/base/text.h"

/* One value as JSON; NULL when it is absent. */
typedef struct json *encode_fn(const struct json_field *field, const void *at);

static struct json *encode_str(const struct json_field *field, const void *at)
{
    const char *text = *(char *const *)at;

    (void)field;
    return text == NULL ? NULL : json_new_str(text);
}

static struct json *encode_bool(const struct json_field *field, const void *at)
{
    (void)field;
    return json_new_bool(*(const bool *)at);
}

static struct json *encode_u32(const struct json_field *field, const void *at)
{
    (void)field;
    return json_new_int(*(const uint32_t *)at);
}

static struct json *encode_u64(const struct json_field *field, const void *at)
{
    (void)field;
    return json_new_int((int64_t) * (const uint64_t *)at);
}

static struct json *encode_hex(const struct json_field *field, const void *at)
{
    const struct json_bytes *bytes = at;

    (void)field;
    return bytes->present ? json_new_hex(span_of(bytes->data, bytes->len)) : NULL;
}

static struct json *encode_base64(const struct json_field *field, const void *at)
{
    const struct json_blob *blob = at;

    (void)field;
    return blob->data != NULL ? json_new_base64(span_of(blob->data, blob->len)) : NULL;
}

static struct json *encode_enum(const struct json_field *field, const void *at)
{
    int wanted = *(const int *)at;

    for (int i = 0; field->names[i] != NULL; i++)
        if (i == wanted)
            return json_new_str(field->names[i]);
    return NULL;
}

static struct json *encode_duration(const struct json_field *field, const void *at)
{
    uint64_t ms = *(const uint64_t *)at;
    char text[TEXT_DURATION_SIZE];

    if (ms == 0 && (field->need & JSON_SKIP_EMPTY) != 0)
        return NULL;
    text_format_duration(ms, text);
    return json_new_str(text);
}

static struct json *encode_time(const struct json_field *field, const void *at)
{
    int64_t seconds = *(const int64_t *)at;

    (void)field;
    return seconds != 0 ? json_new_time(seconds) : NULL;
}

static struct json *encode_object(const struct json_field *field, const void *at)
{
    return json_encode(field->table, at);
}

static struct json *encode_list(const struct json_field *field, const void *at)
{
    const struct json_list *list = at;
    struct json *array = json_new_array();

    for (size_t i = 0; i < list->count; i++)
        json_add(array, json_encode(field->table, (char *)list->items + i * field->table->size));
    return array;
}

static struct json *encode_strings(const struct json_field *field, const void *at)
{
    const struct json_strings *strings = at;
    struct json *array = json_new_array();

    (void)field;
    for (size_t i = 0; i < strings->count; i++)
        json_add(array, json_new_str(strings->items[i]));
    return array;
}

static struct json *encode_any(const struct json_field *field, const void *at)
{
    const struct json *any = *(struct json *const *)at;

    (void)field;
    return any == NULL ? NULL : json_new_copy(any);
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

static bool is_empty(const struct json *json)
{
    switch (json_kind_of(json)) {
    case JSON_KIND_NULL: return true;
    case JSON_KIND_BOOL: return !json_bool(json);
    case JSON_KIND_INTEGER: return json_int(json) == 0;
    case JSON_KIND_STRING: return json_str(json)[0] == '\0';
    case JSON_KIND_ARRAY:
    case JSON_KIND_OBJECT: return json_count(json) == 0;
    case JSON_KIND_REAL: break;
    }
    return false;
}

static void encode_field(const struct json_field *field, const void *at, struct json *object)
{
    OWNED_JSON *value = encoders[field->type](field, at);
    bool skip = (field->need & JSON_SKIP_EMPTY) != 0 ? is_empty(value)
                                                     : !value && !(field->need & JSON_NULLABLE);

    if (!skip)
        json_set(object, field->key, GIVE(value));
}

struct json *json_encode(const struct json_table *table, const void *in)
{
    struct json *object = json_new_object();

    for (size_t i = 0; i < table->count; i++)
        encode_field(&table->fields[i], json_field_at(&table->fields[i], in), object);
    return object;
}
