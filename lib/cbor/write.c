#include "lib/cbor/write.h"

#include <string.h>

enum { UINT = 0, NEGATIVE = 1, BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5, TAG = 6, OTHER = 7 };

static void add_be64(struct buf *out, uint64_t value)
{
    buf_add_be32(out, (uint32_t)(value >> 32));
    buf_add_be32(out, (uint32_t)value);
}

static void add_head(struct buf *out, unsigned major, uint64_t value)
{
    uint8_t type = (uint8_t)(major << 5);

    if (value < 24) {
        buf_add_u8(out, type | (uint8_t)value);
    } else if (value <= UINT8_MAX) {
        buf_add_u8(out, type | 24);
        buf_add_u8(out, (uint8_t)value);
    } else if (value <= UINT16_MAX) {
        buf_add_u8(out, type | 25);
        buf_add_be16(out, (uint16_t)value);
    } else if (value <= UINT32_MAX) {
        buf_add_u8(out, type | 26);
        buf_add_be32(out, (uint32_t)value);
    } else {
        buf_add_u8(out, type | 27);
        add_be64(out, value);
    }
}

void cbor_add_uint(struct buf *out, uint64_t value)
{
    add_head(out, UINT, value);
}

void cbor_add_int(struct buf *out, int64_t value)
{
    if (value >= 0)
        add_head(out, UINT, (uint64_t)value);
    else
        add_head(out, NEGATIVE, (uint64_t)(-1 - value));
}

void cbor_add_bytes(struct buf *out, struct span bytes)
{
    add_head(out, BYTES, bytes.len);
    buf_add_span(out, bytes);
}

void cbor_add_text(struct buf *out, const char *text)
{
    add_head(out, TEXT, strlen(text));
    buf_add_str(out, text);
}

void cbor_add_bool(struct buf *out, bool value)
{
    add_head(out, OTHER, value ? 21 : 20);
}

void cbor_add_null(struct buf *out)
{
    add_head(out, OTHER, 22);
}

void cbor_add_array(struct buf *out, size_t count)
{
    add_head(out, ARRAY, count);
}

void cbor_add_map(struct buf *out, size_t count)
{
    add_head(out, MAP, count);
}

void cbor_add_tag(struct buf *out, uint64_t tag)
{
    add_head(out, TAG, tag);
}

/* --- maps ------------------------------------------------------------------------------------ */

void cbor_map_done(struct cbor_map *map)
{
    buf_done(&map->items);
}

/* A pair ends where the next one begins. */
static bool begin_pair(struct cbor_map *map)
{
    if (map->count == CBOR_MAP_PAIRS_MAX) {
        map->overflow = true;
        return false;
    }
    map->pairs[map->count].key = map->items.len;
    return true;
}

void cbor_map_key_int(struct cbor_map *map, int64_t key)
{
    if (!begin_pair(map))
        return;
    cbor_add_int(&map->items, key);
    map->pairs[map->count++].value = map->items.len;
}

void cbor_map_key_text(struct cbor_map *map, const char *key)
{
    if (!begin_pair(map))
        return;
    cbor_add_text(&map->items, key);
    map->pairs[map->count++].value = map->items.len;
}

struct pair {
    struct span key, whole;
};

static struct pair pair_at(const struct cbor_map *map, size_t index)
{
    size_t start = map->pairs[index].key;
    size_t end = index + 1 < map->count ? map->pairs[index + 1].key : map->items.len;
    struct span items = buf_span(&map->items);

    return (struct pair){
        .key = span_part(items, start, map->pairs[index].value - start),
        .whole = span_part(items, start, end - start),
    };
}

static int compare(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    size_t shorter = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = memcmp(a->key.data, b->key.data, shorter);

    return order != 0 ? order : (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

int cbor_map_write(struct cbor_map *map, struct buf *out, struct err *err)
{
    struct pair pairs[CBOR_MAP_PAIRS_MAX];

    if (map->overflow)
        return err_set(err, ERR_TOO_LARGE, "cbor: more than %d pairs in a map", CBOR_MAP_PAIRS_MAX);
    if (buf_check(&map->items, "cbor map", err) < 0)
        return -1;
    for (size_t i = 0; i < map->count; i++)
        pairs[i] = pair_at(map, i);
    qsort(pairs, map->count, sizeof(pairs[0]), compare);

    add_head(out, MAP, map->count);
    for (size_t i = 0; i < map->count; i++) {
        if (i > 0 && compare(&pairs[i - 1], &pairs[i]) == 0)
            return err_set(err, ERR_INTERNAL, "cbor: a key twice in a map");
        buf_add_span(out, pairs[i].whole);
    }
    return buf_check(out, "cbor", err);
}
