/* RFC 8785, JSON Canonicalization Scheme. */
#include "lib/json/json.h"

#include "lib/json/pointer.h"

#include <inttypes.h>

static int add_value(const struct json *json, size_t depth, struct buf *out, struct err *err);

/* Where a byte of UTF-8 sorts when texts are compared as UTF-16 (section 3.2.3). Only the
 * characters beyond U+FFFF move: as surrogates, D800 to DFFF, they come before U+E000 to U+FFFF,
 * whose first bytes are EE and EF. */
static uint8_t utf16_rank(char byte)
{
    uint8_t c = (uint8_t)byte;

    return c == 0xee || c == 0xef ? (uint8_t)(c + 0x10) : c;
}

static int compare_keys(const void *left, const void *right)
{
    const char *a = *(const char *const *)left;
    const char *b = *(const char *const *)right;

    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (int)utf16_rank(*a) - (int)utf16_rank(*b);
}

static int add_object(const struct json *json, size_t depth, struct buf *out, struct err *err)
{
    size_t count = json_count(json), used = 0;
    OWNED(free_str) char *memory = mem_zeroed(count, sizeof(char *));
    const char **keys = (const char **)(void *)memory;
    const char *key = NULL;

    while (json_next(json, &key) != NULL)
        keys[used++] = key;
    qsort(keys, count, sizeof(keys[0]), compare_keys);

    buf_add_u8(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_u8(out, ',');
        json_write_str(keys[i], out);
        buf_add_u8(out, ':');
        if (add_value(json_get(json, keys[i]), depth + 1, out, err) < 0)
            return json_wrap_key(err, keys[i]);
    }
    buf_add_u8(out, '}');
    return 0;
}

static int add_array(const struct json *json, size_t depth, struct buf *out, struct err *err)
{
    size_t count = json_count(json);

    buf_add_u8(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_u8(out, ',');
        if (add_value(json_at(json, i), depth + 1, out, err) < 0)
            return json_wrap_index(err, i);
    }
    buf_add_u8(out, ']');
    return 0;
}

static int add_integer(int64_t value, struct buf *out, struct err *err)
{
    if (value > JSON_INTEGER_MAX || value < -JSON_INTEGER_MAX)
        return err_set(err, ERR_INPUT, "%" PRId64 " is beyond 2^53 - 1", value);
    buf_printf(out, "%" PRId64, value);
    return 0;
}

static int add_value(const struct json *json, size_t depth, struct buf *out, struct err *err)
{
    if (depth > JSON_DEPTH_MAX)
        return err_set(err, ERR_INPUT, "nested deeper than %d levels", JSON_DEPTH_MAX);
    switch (json_kind_of(json)) {
    case JSON_KIND_NULL: buf_add_str(out, "null"); return 0;
    case JSON_KIND_BOOL: buf_add_str(out, json_bool(json) ? "true" : "false"); return 0;
    case JSON_KIND_INTEGER: return add_integer(json_int(json), out, err);
    case JSON_KIND_STRING: json_write_str(json_str(json), out); return 0;
    case JSON_KIND_ARRAY: return add_array(json, depth, out, err);
    case JSON_KIND_OBJECT: return add_object(json, depth, out, err);
    case JSON_KIND_REAL: break;
    }
    return err_set(err, ERR_INPUT, "a number with a fraction or an exponent");
}

int json_canonical(const struct json *json, struct buf *out, struct err *err)
{
    if (add_value(json, 0, out, err) < 0)
        return -1;
    return buf_check(out, "canonical JSON", err);
}
