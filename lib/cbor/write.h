/* Writing CBOR in its one deterministic form (RFC 8949, section 4.2.1).
 *
 * Items are appended to a buf, whose ceiling is checked once at the end (buf_check()). Heads are
 * the shortest there are; the pairs of a map are gathered in a cbor_map and sorted when it is
 * written:
 *
 *     OWNED_CBOR_MAP claims = CBOR_MAP_OF(4 * KIB);
 *
 *     cbor_map_key_int(&claims, 1);
 *     cbor_add_text(&claims.items, issuer);
 *     cbor_map_key_int(&claims, 6);
 *     cbor_add_int(&claims.items, now);
 *     if (cbor_map_write(&claims, out, err) < 0)
 *         return -1; */
#ifndef COCOS_CBOR_WRITE_H
#define COCOS_CBOR_WRITE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

void cbor_add_uint(struct buf *out, uint64_t value);
void cbor_add_int(struct buf *out, int64_t value);
void cbor_add_bytes(struct buf *out, struct span bytes);
void cbor_add_text(struct buf *out, const char *text); /* valid UTF-8, as the caller knows */
void cbor_add_bool(struct buf *out, bool value);
void cbor_add_null(struct buf *out);
void cbor_add_array(struct buf *out, size_t count); /* the items follow */
void cbor_add_map(struct buf *out, size_t count);   /* the pairs follow, in order */
void cbor_add_tag(struct buf *out, uint64_t tag);   /* the item follows */

#define CBOR_MAP_PAIRS_MAX 64

struct cbor_map {
    struct buf items; /* key, value, key, value, as they were added */
    size_t count;
    bool overflow;
    struct {
        size_t key, value; /* where they begin */
    } pairs[CBOR_MAP_PAIRS_MAX];
};

#define CBOR_MAP_OF(ceiling) ((struct cbor_map){.items = BUF_OF(ceiling)})

void cbor_map_done(struct cbor_map *map);
#define OWNED_CBOR_MAP __attribute__((cleanup(cbor_map_done))) struct cbor_map

/* Begins a pair with its key; the caller adds exactly one item to map->items after it. */
void cbor_map_key_int(struct cbor_map *map, int64_t key);
void cbor_map_key_text(struct cbor_map *map, const char *key);

/* Appends the map, sorted. Errors: TOO_LARGE, INTERNAL (a key twice, which is the caller's
 * mistake). */
MUST_USE int cbor_map_write(struct cbor_map *map, struct buf *out, struct err *err);

#endif
