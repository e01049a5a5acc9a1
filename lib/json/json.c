#include "lib/json/json.h"

#include "lib/base/text.h"

#include <jansson.h>

/* A struct json is a json_t of jansson under another name; only this file and parse.c know. */
static json_t *tree_of(const struct json *json)
{
    return (json_t *)json;
}

static struct json *json_of(json_t *tree)
{
    if (tree == NULL)
        abort();
    return (struct json *)tree;
}

void json_free(struct json *json)
{
    json_decref(tree_of(json));
}

/* --- writing --- */

static int add_to_buf(const char *bytes, size_t len, void *buf)
{
    buf_add(buf, bytes, len);
    return 0;
}

static void write_with(const struct json *json, size_t flags, struct buf *out)
{
    if (json_dump_callback(tree_of(json), add_to_buf, out, flags | JSON_ENCODE_ANY) < 0)
        abort();
}

void json_write(const struct json *json, struct buf *out)
{
    write_with(json, JSON_COMPACT, out);
}

void json_write_pretty(const struct json *json, struct buf *out)
{
    write_with(json, JSON_INDENT(2), out);
}

/* --- reading --- */

enum json_kind json_kind_of(const struct json *json)
{
    static const enum json_kind kinds[] = {
        [JSON_OBJECT] = JSON_KIND_OBJECT,   [JSON_ARRAY] = JSON_KIND_ARRAY,
        [JSON_STRING] = JSON_KIND_STRING,   [JSON_REAL] = JSON_KIND_REAL,
        [JSON_INTEGER] = JSON_KIND_INTEGER, [JSON_TRUE] = JSON_KIND_BOOL,
        [JSON_FALSE] = JSON_KIND_BOOL,      [JSON_NULL] = JSON_KIND_NULL,
    };

    return json == NULL ? JSON_KIND_NULL : kinds[json_typeof(tree_of(json))];
}

const struct json *json_get(const struct json *object, const char *key)
{
    return (const struct json *)json_object_get(tree_of(object), key);
}

const char *json_get_str(const struct json *object, const char *key)
{
    return json_str(json_get(object, key));
}

int64_t json_get_int(const struct json *object, const char *key)
{
    return json_int(json_get(object, key));
}

bool json_get_bool(const struct json *object, const char *key)
{
    return json_bool(json_get(object, key));
}

const char *json_str(const struct json *string)
{
    return json_string_value(tree_of(string));
}

int64_t json_int(const struct json *integer)
{
    return json_integer_value(tree_of(integer));
}

bool json_bool(const struct json *boolean)
{
    return json_is_true(tree_of(boolean));
}

size_t json_count(const struct json *array_or_object)
{
    if (json_is_array(tree_of(array_or_object)))
        return json_array_size(tree_of(array_or_object));
    return json_object_size(tree_of(array_or_object));
}

const struct json *json_at(const struct json *array, size_t index)
{
    return (const struct json *)json_array_get(tree_of(array), index);
}

const struct json *json_next(const struct json *object, const char **key)
{
    json_t *tree = tree_of(object);
    void *at = *key == NULL ? json_object_iter(tree)
                            : json_object_iter_next(tree, json_object_key_to_iter(*key));

    if (at == NULL)
        return NULL;
    *key = json_object_iter_key(at);
    return (const struct json *)json_object_iter_value(at);
}

const struct json *json_member(const struct json *object, size_t index, const char **ret_key)
{
    const struct json *value;
    const char *key = NULL;

    while ((value = json_next(object, &key)) != NULL && index > 0)
        index--;
    if (value != NULL)
        *ret_key = key;
    return value;
}

/* --- building --- */

struct json *json_new_object(void)
{
    return json_of(json_object());
}

struct json *json_new_array(void)
{
    return json_of(json_array());
}

/* The text itself, or how it is shown when it is not UTF-8; then it lives in shown. */
static const char *valid_text(const char *text, struct buf *shown)
{
    struct span bytes = span_of_str(text);

    if (text_is_utf8(bytes))
        return text;
    *shown = BUF_OF(4 * bytes.len);
    text_add_printable(shown, bytes, shown->max);
    return buf_str(shown);
}

struct json *json_new_str(const char *text)
{
    OWNED_BUF shown = BUF_OF(0);

    return json_of(text == NULL ? json_null() : json_string(valid_text(text, &shown)));
}

struct json *json_new_int(int64_t value)
{
    return json_of(json_integer(value));
}

struct json *json_new_bool(bool value)
{
    return json_of(json_boolean(value));
}

struct json *json_new_hex(struct span bytes)
{
    OWNED(free_str) char *text = mem_zeroed(bytes.len + 1, 2);

    text_hex(bytes.data, bytes.len, text);
    return json_new_str(text);
}

struct json *json_new_base64(struct span bytes)
{
    OWNED_BUF text = BUF_OF(bytes.len / 3 * 4 + 4);

    text_encode_base64(bytes, &text);
    return json_new_str(buf_str(&text));
}

struct json *json_new_time(int64_t seconds)
{
    char text[TEXT_TIME_SIZE];

    text_format_time(seconds, text);
    return json_new_str(text);
}

struct json *json_new_copy(const struct json *json)
{
    return json_of(json_deep_copy(tree_of(json)));
}

struct json *json_edit(struct json *object, const char *key)
{
    return (struct json *)json_object_get(tree_of(object), key);
}

void json_set(struct json *object, const char *key, struct json *value)
{
    OWNED_BUF shown = BUF_OF(0);
    json_t *tree = value != NULL ? tree_of(value) : json_null();

    if (json_object_set_new(tree_of(object), valid_text(key, &shown), tree) < 0)
        abort();
}

void json_set_str(struct json *object, const char *key, const char *text)
{
    json_set(object, key, json_new_str(text));
}

void json_set_int(struct json *object, const char *key, int64_t value)
{
    json_set(object, key, json_new_int(value));
}

void json_set_bool(struct json *object, const char *key, bool value)
{
    json_set(object, key, json_new_bool(value));
}

void json_set_hex(struct json *object, const char *key, struct span bytes)
{
    json_set(object, key, json_new_hex(bytes));
}

void json_set_base64(struct json *object, const char *key, struct span bytes)
{
    json_set(object, key, json_new_base64(bytes));
}

void json_set_time(struct json *object, const char *key, int64_t seconds)
{
    json_set(object, key, json_new_time(seconds));
}

void json_add(struct json *array, struct json *value)
{
    json_t *tree = value != NULL ? tree_of(value) : json_null();

    if (json_array_append_new(tree_of(array), tree) < 0)
        abort();
}
