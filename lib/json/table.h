/* One table per struct: it decodes, checks bounds, encodes and frees.
 *
 *     struct vm_spec { char *name; uint32_t cpus; enum platform platform; };
 *
 *     static const struct json_field vm_spec_fields[] = {
 *         JSON_FIELD_STR(vm_spec, name, 1, 63, 0),
 *         JSON_FIELD_U32(vm_spec, cpus, 1, 64, JSON_REQUIRED),
 *         JSON_FIELD_ENUM(vm_spec, platform, platform_names, 0),
 *     };
 *     const struct json_table vm_spec_table = JSON_TABLE("vm spec", vm_spec, vm_spec_fields);
 *
 * Unknown and duplicate members, wrong types and values out of bounds are ERR_INPUT with the JSON
 * pointer of the member. A member that is absent (or null, where JSON_NULLABLE says so) leaves the
 * struct as the caller initialised it, so defaults are what the struct holds before json_decode()
 * (texts and lists among them in memory of their own, as decoding would make them); the structs of
 * a list start as zeros. Strings and lists that decode makes are owned by the struct and released
 * by json_release(). */
#ifndef COCOS_JSON_TABLE_H
#define COCOS_JSON_TABLE_H

#include "lib/json/json.h"

#include <stddef.h>

enum json_type {
    JSON_TYPE_STR,      /* char *, owned; min and max bound its bytes; control characters refused */
    JSON_TYPE_TEXT,     /* the same, line breaks and tabs allowed (PEM, descriptions) */
    JSON_TYPE_BOOL,     /* bool */
    JSON_TYPE_U32,      /* uint32_t between min and max */
    JSON_TYPE_U64,      /* uint64_t between min and max (at most 2^53 - 1) */
    JSON_TYPE_HEX,      /* struct json_bytes: max bytes exactly, lower-case hex */
    JSON_TYPE_BASE64,   /* struct json_blob: min to max bytes of standard base64 */
    JSON_TYPE_ENUM,     /* enum as int: index into names */
    JSON_TYPE_DURATION, /* uint64_t milliseconds between min and max, "10m" */
    JSON_TYPE_TIME,     /* int64_t seconds since 1970, RFC 3339; 0 is absence */
    JSON_TYPE_OBJECT,   /* an embedded struct with its own table */
    JSON_TYPE_LIST,     /* struct json_list of structs with a table, min to max items */
    JSON_TYPE_STR_LIST, /* struct json_strings, at most max items of at most item_max bytes each */
    JSON_TYPE_ANY,      /* struct json *, owned: whatever stands there */
};

enum json_need {
    JSON_REQUIRED = 1,  /* decoding fails when it is absent; null will do where it is nullable */
    JSON_NULLABLE = 2,  /* null is read like absence; absence is written as null, else not at all */
    JSON_SKIP_EMPTY = 4 /* not written when NULL, zero, false or empty */
};

/* A fixed-size digest or identifier that may be absent. */
#define JSON_BYTES_MAX 64
struct json_bytes {
    bool present;
    uint8_t len;
    uint8_t data[JSON_BYTES_MAX];
};

/* Bytes of variable length, owned. */
struct json_blob {
    uint8_t *data;
    size_t len;
};

/* A list of structs, owned; item i is at (char *)items + i * table->size. */
struct json_list {
    void *items;
    size_t count;
};

struct json_strings {
    char **items;
    size_t count;
};

struct json_table;

struct json_field {
    const char *key;
    enum json_type type;
    unsigned need;
    size_t offset;
    uint64_t min, max;
    size_t item_max;                /* STR_LIST: bytes of one item */
    const struct json_table *table; /* OBJECT and LIST */
    const char *const *names;       /* ENUM: NULL-terminated */
};

struct json_table {
    const char *what; /* "manifest": how errors call the whole */
    size_t size;
    const struct json_field *fields;
    size_t count;
};

/* clang-format off */
#define JSON_TABLE(what, type, fields) {what, sizeof(struct type), fields, COUNT_OF(fields)}

#define JSON_FIELD(type_, kind, member, need_, min_, max_)                                         \
    .key = #member, .type = kind, .need = (need_), .offset = offsetof(struct type_, member),       \
    .min = (min_), .max = (max_)
#define JSON_FIELD_STR(type, member, min, max, need)                                               \
    {JSON_FIELD(type, JSON_TYPE_STR, member, need, min, max)}
#define JSON_FIELD_TEXT(type, member, min, max, need)                                              \
    {JSON_FIELD(type, JSON_TYPE_TEXT, member, need, min, max)}
#define JSON_FIELD_BOOL(type, member, need)                                                        \
    {JSON_FIELD(type, JSON_TYPE_BOOL, member, need, 0, 1)}
#define JSON_FIELD_U32(type, member, min, max, need)                                               \
    {JSON_FIELD(type, JSON_TYPE_U32, member, need, min, max)}
#define JSON_FIELD_U64(type, member, min, max, need)                                               \
    {JSON_FIELD(type, JSON_TYPE_U64, member, need, min, max)}
#define JSON_FIELD_HEX(type, member, bytes, need)                                                  \
    {JSON_FIELD(type, JSON_TYPE_HEX, member, need, bytes, bytes)}
#define JSON_FIELD_BASE64(type, member, min, max, need)                                            \
    {JSON_FIELD(type, JSON_TYPE_BASE64, member, need, min, max)}
#define JSON_FIELD_ENUM(type, member, names_, need)                                                \
    {JSON_FIELD(type, JSON_TYPE_ENUM, member, need, 0, 0), .names = (names_)}
#define JSON_FIELD_DURATION(type, member, min, max, need)                                          \
    {JSON_FIELD(type, JSON_TYPE_DURATION, member, need, min, max)}
#define JSON_FIELD_TIME(type, member, need)                                                        \
    {JSON_FIELD(type, JSON_TYPE_TIME, member, need, 0, 0)}
#define JSON_FIELD_OBJECT(type, member, table_, need)                                              \
    {JSON_FIELD(type, JSON_TYPE_OBJECT, member, need, 0, 0), .table = (table_)}
#define JSON_FIELD_LIST(type, member, table_, min, max, need)                                      \
    {JSON_FIELD(type, JSON_TYPE_LIST, member, need, min, max), .table = (table_)}
#define JSON_FIELD_STR_LIST(type, member, max, item_max_, need)                                    \
    {JSON_FIELD(type, JSON_TYPE_STR_LIST, member, need, 0, max), .item_max = (item_max_)}
#define JSON_FIELD_ANY(type, member, need)                                                         \
    {JSON_FIELD(type, JSON_TYPE_ANY, member, need, 0, 0)}
/* clang-format on */

/* Fills out, which the caller initialised (zeros or defaults). On failure what was decoded so far
 * is released again and out is zeroed. Errors: INPUT with a pointer. */
MUST_USE int json_decode(const struct json *json, const struct json_table *table, void *out,
                         struct err *err);

/* Parses and decodes in one go. */
MUST_USE int json_decode_text(struct span text, const struct json_table *table, void *out,
                              struct err *err);

/* A copy of an object with only the members that the table, and the tables it embeds, know: for
 * documents that grow with releases, of which a reader takes what it understands and decodes that
 * strictly. What is no object gives an empty one. */
struct json *json_pick(const struct json *object, const struct json_table *table);

/* Appends an object with every field of the table that holds something, as compact text. */
void json_encode_text(const struct json_table *table, const void *in, struct buf *out);

/* The same as a tree: for who wants to look into it or write it in another form. */
struct json *json_encode(const struct json_table *table, const void *in);

/* Releases what decoding made (strings, lists, trees) and zeroes the struct. Accepts a half-filled
 * one. */
void json_release(const struct json_table *table, void *in);

#endif
