/* JSON, strictly: one value, UTF-8, no duplicate members, nothing after the end, bounded depth and
 * size.
 *
 * A document is a tree of `struct json` (opaque; jansson lives behind it and nowhere else). Whoever
 * creates a tree frees it with json_free(); values taken out of a tree are borrowed from it. Typed
 * decoding and encoding of whole structs is table.h; RFC 8785 bytes are made by json_canonical().
 */
#ifndef COCOS_JSON_JSON_H
#define COCOS_JSON_JSON_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/span.h"

#define JSON_DEPTH_MAX 32

struct json;

enum json_kind {
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_INTEGER,
    JSON_KIND_REAL,
    JSON_KIND_STRING,
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT
};

/* Parses one document. Errors: MALFORMED with line and column for a syntax error, bad UTF-8, a NUL
 * in a string, or depth over JSON_DEPTH_MAX; INPUT with a pointer for a duplicate member. The
 * caller bounds the size of text. */
MUST_USE int json_parse(struct span text, struct json **ret, struct err *err);

void json_free(struct json *json);
DEFINE_OWNED(json)
#define OWNED_JSON OWNED_OF(json)

/* Compact text, members in the order they were added; appended to out. */
void json_write(const struct json *json, struct buf *out);
/* The same, indented by two blanks, for people and files. */
void json_write_pretty(const struct json *json, struct buf *out);
/* One text as a JSON string, quotes and escapes included. What is not valid UTF-8 is written as
 * text_add_printable() shows it. */
void json_write_str(const char *text, struct buf *out);
/* RFC 8785 (JCS) form, appended to out. Real numbers, integers beyond 2^53 - 1 and trees deeper
 * than JSON_DEPTH_MAX are refused (ERR_INPUT with a pointer): no document of ours has any.
 * TOO_LARGE when out is full. */
#define JSON_INTEGER_MAX ((INT64_C(1) << 53) - 1)
MUST_USE int json_canonical(const struct json *json, struct buf *out, struct err *err);

enum json_kind json_kind_of(const struct json *json);

/* Reading. Each yields NULL, 0 or false when the value is missing or of another kind. */
const struct json *json_get(const struct json *object, const char *key);
const char *json_get_str(const struct json *object, const char *key);
int64_t json_get_int(const struct json *object, const char *key);
bool json_get_bool(const struct json *object, const char *key);
const char *json_str(const struct json *string);
int64_t json_int(const struct json *integer);
bool json_bool(const struct json *boolean);
size_t json_count(const struct json *array_or_object);
const struct json *json_at(const struct json *array, size_t index);
/* The index-th member of an object in document order; its key through ret_key. It walks there from
 * the start; to visit every member of an object that may be large, use json_next(). */
const struct json *json_member(const struct json *object, size_t index, const char **ret_key);
/* The member after *key, in document order, and moves *key to it; the first one when *key is NULL.
 * NULL at the end. const char *key = NULL; while ((value = json_next(object, &key)) != NULL) key
 * must be the pointer that the last call stored, not another text of the same content. */
const struct json *json_next(const struct json *object, const char **key);

/* Building. Setters and json_add() take ownership of the value given, also when it is NULL (which
 * sets null). They abort only when memory is gone. A text that is not valid UTF-8 is written as
 * text_add_printable() shows it, with \xNN for its odd bytes. (jansson owns the plain names
 * json_object, json_array and json_copy: two functions of one name in a program would take each
 * other's place.) */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_str(const char *text); /* NULL: null */
struct json *json_new_int(int64_t value);
struct json *json_new_bool(bool value);
struct json *json_new_hex(struct span bytes);
struct json *json_new_base64(struct span bytes);
struct json *json_new_time(int64_t seconds);         /* RFC 3339 */
struct json *json_new_copy(const struct json *json); /* deep */
/* The member itself, to be changed in place; NULL when there is none. Borrowed. */
struct json *json_edit(struct json *object, const char *key);
void json_set(struct json *object, const char *key, struct json *value);
void json_set_str(struct json *object, const char *key, const char *text);
void json_set_int(struct json *object, const char *key, int64_t value);
void json_set_bool(struct json *object, const char *key, bool value);
void json_set_hex(struct json *object, const char *key, struct span bytes);
void json_set_base64(struct json *object, const char *key, struct span bytes);
void json_set_time(struct json *object, const char *key, int64_t seconds);
void json_add(struct json *array, struct json *value);

#endif
