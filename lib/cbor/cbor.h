/* CBOR (RFC 8949), strictly.
 *
 * A document is checked once, whole, and then read in place: nothing is allocated or copied, items
 * are small values that borrow from the bytes. Accepted is only what has one meaning: definite
 * lengths, heads of the shortest form, valid UTF-8, no key twice in a map, bounded depth, nothing
 * after the end. Where a document must have one form only (it is hashed, or was made by us),
 * CBOR_DETERMINISTIC demands the rest of section 4.2.1.
 *
 *     struct cbor doc;
 *     if (cbor_parse(bytes, CBOR_STRICT, &doc, err) < 0)
 *         return -1;
 *     if (!cbor_int(cbor_find_int(doc, 4), &expiry)) ...
 *
 * Reading functions take and give items by value. What is missing, or of another kind, is an item
 * of kind CBOR_NONE, which every function takes as such, so that a path through a document needs
 * one check at its end. */
#ifndef COCOS_CBOR_CBOR_H
#define COCOS_CBOR_CBOR_H

#include "lib/base/err.h"
#include "lib/base/reader.h"

#define CBOR_DEPTH_MAX    32
#define CBOR_UNSORTED_MAX 256 /* keys of a map that is not sorted */

enum cbor_kind {
    CBOR_NONE,
    CBOR_UINT,
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_TAG,
    CBOR_BOOL,
    CBOR_NULL,
    CBOR_UNDEFINED,
    CBOR_FLOAT,
};

enum cbor_rules {
    CBOR_STRICT,
    CBOR_DETERMINISTIC, /* also: keys sorted by their bytes, no floating-point numbers */
};

struct cbor {
    enum cbor_kind kind;
    uint64_t number;    /* the value; of a negative n: -1 - n; a count of items or pairs; a tag */
    struct span raw;    /* the whole item as it is encoded; borrowed */
    struct span inside; /* the bytes or text, or the encoded items */
};

/* Checks a document and gives its item. Errors: INPUT with the offset. */
MUST_USE int cbor_parse(struct span in, enum cbor_rules rules, struct cbor *ret, struct err *err);

/* Values. False, or empty, when the item is of another kind (or the number does not fit). */
bool cbor_int(struct cbor item, int64_t *ret);
bool cbor_uint(struct cbor item, uint64_t *ret);
bool cbor_bool(struct cbor item, bool *ret);
struct span cbor_bytes(struct cbor item);
struct span cbor_text(struct cbor item);
bool cbor_text_is(struct cbor item, const char *text);

/* The item that a tag is on, if it is this tag. */
struct cbor cbor_untag(struct cbor item, uint64_t tag);

/* Items of an array and of a map. */
struct cbor cbor_at(struct cbor array, size_t index);
struct cbor cbor_find_int(struct cbor map, int64_t key);
struct cbor cbor_find_text(struct cbor map, const char *key);

/* Walks an array (cbor_next) or a map (cbor_next_pair): false at the end, and at once for any other
 * kind. */
struct cbor_cursor {
    struct reader at;
};
struct cbor_cursor cbor_begin(struct cbor container);
bool cbor_next(struct cbor_cursor *cursor, struct cbor *ret);
bool cbor_next_pair(struct cbor_cursor *cursor, struct cbor *ret_key, struct cbor *ret_value);

#endif
