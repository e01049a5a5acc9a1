#include "lib/json/table_field.h"

#include "lib/base/text.h"
#include "lib/json/pointer.h"

#include <inttypes.h>

/* Reads one value to its place in the struct; errors are about the value, callers add where it is.
 */
typedef int decode_fn(const struct json *json, const struct json_field *field, void *to,
                      struct err *err);

static const char *const kind_names[] = {
    [JSON_KIND_NULL] = "null",          [JSON_KIND_BOOL] = "true or false",
    [JSON_KIND_REAL] = "a real number", [JSON_KIND_INTEGER] = "a whole number",
    [JSON_KIND_STRING] = "a text",      [JSON_KIND_ARRAY] = "a list",
    [JSON_KIND_OBJECT] = "an object",
};

static int expect(const struct json *json, enum json_kind wanted, struct err *err)
{
    enum json_kind kind = json_kind_of(json);

    if (kind != wanted)
        return err_set(err, ERR_INPUT, "expected %s, got %s", kind_names[wanted], kind_names[kind]);
    return 0;
}

static int check_bounds(uint64_t value, uint64_t min, uint64_t max, const char *of, struct err *err)
{
    if (value >= min && value <= max)
        return 0;
    if (min == max)
        return err_set(err, ERR_INPUT, "%" PRIu64 "%s, expected %" PRIu64, value, of, min);
    return err_set(err, ERR_INPUT, "%" PRIu64 "%s, expected %" PRIu64 " to %" PRIu64, value, of,
                   min, max);
}

/* C0 and C1 control characters and DEL; in a text, line breaks and tabs are none. */
static bool has_control(const char *text, bool lines)
{
    for (const uint8_t *c = (const uint8_t *)text; *c != '\0'; c++) {
        bool line = lines && (*c == '\n' || *c == '\r' || *c == '\t');

        if ((*c < 0x20 && !line) || *c == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0))
            return true;
    }
    return false;
}

static int check_text(const struct json *json, uint64_t min, uint64_t max, bool lines,
                      struct err *err)
{
    if (expect(json, JSON_KIND_STRING, err) < 0)
        return -1;
    if (check_bounds(strlen(json_str(json)), min, max, " bytes", err) < 0)
        return -1;
    if (has_control(json_str(json), lines))
        return err_set(err, ERR_INPUT, "has a control character");
    return 0;
}

static int decode_str(const struct json *json, const struct json_field *field, void *to,
                      struct err *err)
{
    bool lines = field->type == JSON_TYPE_TEXT;

    if (check_text(json, field->min, field->max, lines, err) < 0)
        return -1;
    *(char **)to = mem_strdup(json_str(json));
    return 0;
}

static int decode_bool(const struct json *json, const struct json_field *field, void *to,
                       struct err *err)
{
    (void)field;
    if (expect(json, JSON_KIND_BOOL, err) < 0)
        return -1;
    *(bool *)to = json_bool(json);
    return 0;
}

static int decode_number(const struct json *json, const struct json_field *field, uint64_t ceiling,
                         uint64_t *ret, struct err *err)
{
    uint64_t max = field->max < ceiling ? field->max : ceiling;

    if (expect(json, JSON_KIND_INTEGER, err) < 0)
        return -1;
    if (json_int(json) < 0)
        return err_set(err, ERR_INPUT, "%" PRId64 ", expected %" PRIu64 " to %" PRIu64,
                       json_int(json), field->min, max);
    *ret = (uint64_t)json_int(json);
    return check_bounds(*ret, field->min, max, "", err);
}

static int decode_u32(const struct json *json, const struct json_field *field, void *to,
                      struct err *err)
{
    uint64_t value;

    if (decode_number(json, field, UINT32_MAX, &value, err) < 0)
        return -1;
    *(uint32_t *)to = (uint32_t)value;
    return 0;
}

static int decode_u64(const struct json *json, const struct json_field *field, void *to,
                      struct err *err)
{
    uint64_t value;

    if (decode_number(json, field, JSON_INTEGER_MAX, &value, err) < 0)
        return -1;
    *(uint64_t *)to = value;
    return 0;
}

static int decode_hex(const struct json *json, const struct json_field *field, void *to,
                      struct err *err)
{
    struct json_bytes bytes = {.present = true, .len = (uint8_t)field->max};

    if (expect(json, JSON_KIND_STRING, err) < 0)
        return -1;
    if (strpbrk(json_str(json), "ABCDEF") != NULL)
        return err_set(err, ERR_INPUT, "hex digits are lower-case here");
    if (text_parse_hex(json_str(json), bytes.data, bytes.len, err) < 0)
        return -1;
    *(struct json_bytes *)to = bytes;
    return 0;
}

static int decode_base64(const struct json *json, const struct json_field *field, void *to,
                         struct err *err)
{
    struct json_blob *blob = to;
    OWNED_BUF bytes = BUF_OF(0);
    struct span text;

    if (expect(json, JSON_KIND_STRING, err) < 0)
        return -1;
    text = span_of_str(json_str(json));
    bytes.max = text.len;
    if (text.len / 4 > field->max / 3 + 1)
        return err_set(err, ERR_INPUT, "over %" PRIu64 " bytes", field->max);
    if (text_decode_base64(text, &bytes, err) < 0 ||
        check_bounds(bytes.len, field->min, field->max, " bytes", err) < 0)
        return -1;
    blob->len = bytes.len;
    blob->data = (uint8_t *)buf_take(&bytes);
    return 0;
}

static int decode_enum(const struct json *json, const struct json_field *field, void *to,
                       struct err *err)
{
    OWNED_BUF known = BUF_OF(ERR_TEXT_MAX / 2);
    OWNED_BUF shown = BUF_OF(64);

    if (expect(json, JSON_KIND_STRING, err) < 0)
        return -1;
    for (int i = 0; field->names[i] != NULL; i++) {
        if (strcmp(field->names[i], json_str(json)) == 0) {
            *(int *)to = i;
            return 0;
        }
        buf_printf(&known, "%s%s", i > 0 ? ", " : "", field->names[i]);
    }
    text_add_printable(&shown, span_of_str(json_str(json)), 40);
    return err_set(err, ERR_INPUT, "'%s' is none of: %s", buf_str(&shown), buf_str(&known));
}

static int decode_duration(const struct json *json, const struct json_field *field, void *to,
                           struct err *err)
{
    uint64_t ms;

    if (check_text(json, 1, TEXT_DURATION_SIZE, false, err) < 0 ||
        text_parse_duration(json_str(json), &ms, err) < 0)
        return -1;
    if (ms < field->min || ms > field->max) {
        char min[TEXT_DURATION_SIZE], max[TEXT_DURATION_SIZE];

        text_format_duration(field->min, min);
        text_format_duration(field->max, max);
        return err_set(err, ERR_INPUT, "'%s', expected %s to %s", json_str(json), min, max);
    }
    *(uint64_t *)to = ms;
    return 0;
}

static int decode_time(const struct json *json, const struct json_field *field, void *to,
                       struct err *err)
{
    (void)field;
    if (check_text(json, 1, TEXT_TIME_SIZE, false, err) < 0)
        return -1;
    return text_parse_time(json_str(json), to, err);
}

static int decode_strings(const struct json *json, const struct json_field *field, void *to,
                          struct err *err)
{
    struct json_strings *strings = to;

    if (expect(json, JSON_KIND_ARRAY, err) < 0 ||
        check_bounds(json_count(json), field->min, field->max, " items", err) < 0)
        return -1;
    strings->items = mem_zeroed(json_count(json), sizeof(char *));
    for (size_t i = 0; i < json_count(json); i++) {
        if (check_text(json_at(json, i), 0, field->item_max, false, err) < 0)
            return json_wrap_index(err, i);
        strings->items[strings->count++] = mem_strdup(json_str(json_at(json, i)));
    }
    return 0;
}

static int decode_any(const struct json *json, const struct json_field *field, void *to,
                      struct err *err)
{
    (void)field;
    (void)err;
    *(struct json **)to = json_new_copy(json);
    return 0;
}

static int decode_members(const struct json *json, const struct json_table *table, void *out,
                          struct err *err);

static int decode_object(const struct json *json, const struct json_field *field, void *to,
                         struct err *err)
{
    return decode_members(json, field->table, to, err);
}

static int decode_list(const struct json *json, const struct json_field *field, void *to,
                       struct err *err)
{
    size_t size = field->table->size;
    struct json_list *list = to;

    if (expect(json, JSON_KIND_ARRAY, err) < 0 ||
        check_bounds(json_count(json), field->min, field->max, " items", err) < 0)
        return -1;
    list->items = mem_zeroed(json_count(json), size);
    list->count = json_count(json);
    for (size_t i = 0; i < list->count; i++) {
        void *item = (char *)list->items + i * size;

        if (decode_members(json_at(json, i), field->table, item, err) < 0)
            return json_wrap_index(err, i);
    }
    return 0;
}

static decode_fn *const decoders[] = {
    [JSON_TYPE_STR] = decode_str,           [JSON_TYPE_TEXT] = decode_str,
    [JSON_TYPE_BOOL] = decode_bool,         [JSON_TYPE_U32] = decode_u32,
    [JSON_TYPE_U64] = decode_u64,           [JSON_TYPE_HEX] = decode_hex,
    [JSON_TYPE_BASE64] = decode_base64,     [JSON_TYPE_ENUM] = decode_enum,
    [JSON_TYPE_DURATION] = decode_duration, [JSON_TYPE_TIME] = decode_time,
    [JSON_TYPE_OBJECT] = decode_object,     [JSON_TYPE_LIST] = decode_list,
    [JSON_TYPE_STR_LIST] = decode_strings,  [JSON_TYPE_ANY] = decode_any,
};

static const struct json_field *find_field(const struct json_table *table, const char *key)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->fields[i].key, key) == 0)
            return &table->fields[i];
    return NULL;
}

static int decode_member(const struct json *json, const struct json_field *field, void *out,
                         struct err *err)
{
    void *to = json_field_at(field, out);

    if (json_kind_of(json) == JSON_KIND_NULL && (field->need & JSON_NULLABLE) != 0)
        return 0;
    if (field->type != JSON_TYPE_OBJECT) /* an embedded struct keeps its defaults */
        json_field_release(field, to);
    return decoders[field->type](json, field, to, err);
}

static int check_required(const struct json *json, const struct json_table *table, struct err *err)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct json_field *field = &table->fields[i];

        if ((field->need & JSON_REQUIRED) != 0 && json_get(json, field->key) == NULL) {
            err_set(err, ERR_INPUT, "is missing");
            return json_wrap_key(err, field->key);
        }
    }
    return 0;
}

static int decode_members(const struct json *json, const struct json_table *table, void *out,
                          struct err *err)
{
    const struct json *value;
    const char *key = NULL;

    if (expect(json, JSON_KIND_OBJECT, err) < 0)
        return -1;
    while ((value = json_next(json, &key)) != NULL) {
        const struct json_field *field = find_field(table, key);

        if (field == NULL)
            err_set(err, ERR_INPUT, "is not a member of %s", table->what);
        if (field == NULL || decode_member(value, field, out, err) < 0)
            return json_wrap_key(err, key);
    }
    return check_required(json, table, err);
}

int json_decode(const struct json *json, const struct json_table *table, void *out, struct err *err)
{
    if (decode_members(json, table, out, err) == 0)
        return 0;
    json_release(table, out);
    if (err->pointer[0] != '\0')
        return err_wrap(err, "%s: %s", table->what, err->pointer);
    return err_wrap(err, "%s", table->what);
}

int json_decode_text(struct span text, const struct json_table *table, void *out, struct err *err)
{
    OWNED_JSON *json = NULL;

    if (json_parse(text, &json, err) < 0) {
        json_release(table, out);
        return err_wrap(err, "%s", table->what);
    }
    return json_decode(json, table, out, err);
}
