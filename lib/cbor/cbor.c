#include "lib/cbor/cbor.h"

#include "lib/base/text.h"

#include <string.h>

/* Major types (RFC 8949, section 3.1). */
enum major {
    MAJOR_UINT,
    MAJOR_NEGATIVE,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_OTHER
};

enum { OTHER_FALSE = 20, OTHER_TRUE = 21, OTHER_NULL = 22, OTHER_UNDEFINED = 23 };

struct head {
    enum major major;
    unsigned info; /* the lower five bits */
    uint64_t value;
};

/* What goes wrong is told as text; the offset is where the reader stands. */
struct check {
    struct reader r;
    enum cbor_rules rules;
    unsigned depth;
    const char *fault; /* NULL: none */
};

/* --- heads ----------------------------------------------------------------------------------- */

static uint64_t read_value(struct reader *r, unsigned info)
{
    switch (info) {
    case 24: return read_u8(r);
    case 25: return read_be16(r);
    case 26: return read_be32(r);
    case 27: return read_be64(r);
    default: return info;
    }
}

static bool is_shortest(unsigned info, uint64_t value)
{
    switch (info) {
    case 24: return value >= 24;
    case 25: return value > UINT8_MAX;
    case 26: return value > UINT16_MAX;
    case 27: return value > UINT32_MAX;
    default: return true;
    }
}

static struct head read_head(struct reader *r)
{
    uint8_t initial = read_u8(r);
    struct head head = {.major = (enum major)(initial >> 5), .info = initial & 0x1f};

    head.value = read_value(r, head.info);
    return head;
}

static enum cbor_kind kind_of_other(const struct head *head)
{
    switch (head->info) {
    case OTHER_FALSE:
    case OTHER_TRUE: return CBOR_BOOL;
    case OTHER_NULL: return CBOR_NULL;
    case OTHER_UNDEFINED: return CBOR_UNDEFINED;
    case 25:
    case 26:
    case 27: return CBOR_FLOAT;
    default: return CBOR_NONE; /* simple values that nobody has assigned */
    }
}

static enum cbor_kind kind_of(const struct head *head)
{
    static const enum cbor_kind kinds[] = {
        [MAJOR_UINT] = CBOR_UINT, [MAJOR_NEGATIVE] = CBOR_NEGATIVE, [MAJOR_BYTES] = CBOR_BYTES,
        [MAJOR_TEXT] = CBOR_TEXT, [MAJOR_ARRAY] = CBOR_ARRAY,       [MAJOR_MAP] = CBOR_MAP,
        [MAJOR_TAG] = CBOR_TAG,
    };

    return head->major == MAJOR_OTHER ? kind_of_other(head) : kinds[head->major];
}

/* --- checking -------------------------------------------------------------------------------- */

static bool check_item(struct check *c);

static bool fail(struct check *c, const char *fault)
{
    if (c->fault == NULL)
        c->fault = fault;
    return false;
}

static bool check_head(struct check *c, const struct head *head)
{
    if (c->r.short_read)
        return fail(c, "the end comes inside an item");
    if (head->info == 31)
        return fail(c, "an item of indefinite length");
    if (head->info >= 28)
        return fail(c, "a head that is not defined");
    if (head->major != MAJOR_OTHER && !is_shortest(head->info, head->value))
        return fail(c, "a head that is not in its shortest form");
    if (kind_of(head) == CBOR_NONE)
        return fail(c, "a simple value that is not assigned");
    if (kind_of(head) == CBOR_FLOAT && c->rules == CBOR_DETERMINISTIC)
        return fail(c, "a floating-point number");
    return true;
}

static bool check_string(struct check *c, const struct head *head)
{
    struct span string = read_span(&c->r, head->value);

    if (c->r.short_read)
        return fail(c, "a string is longer than what is there");
    if (head->major == MAJOR_TEXT && !text_is_utf8(string))
        return fail(c, "a text is not valid UTF-8");
    return true;
}

static int compare(struct span a, struct span b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Keys that ascend are different from each other; others are compared pairwise, and few. */
struct keys {
    bool sorted;
    size_t count;
    struct span items[CBOR_UNSORTED_MAX];
};

static bool check_key(struct check *c, struct keys *keys, struct span key, uint64_t pairs)
{
    if (keys->count > 0 && keys->sorted)
        keys->sorted = compare(keys->items[(keys->count - 1) % CBOR_UNSORTED_MAX], key) < 0;
    if (!keys->sorted) {
        if (c->rules == CBOR_DETERMINISTIC)
            return fail(c, "a key out of order, or twice");
        if (pairs > CBOR_UNSORTED_MAX)
            return fail(c, "a large map that is not sorted");
        for (size_t i = 0; i < keys->count; i++)
            if (span_equal(keys->items[i], key))
                return fail(c, "a key twice in a map");
    }
    keys->items[keys->count++ % CBOR_UNSORTED_MAX] = key;
    return true;
}

static bool check_pairs(struct check *c, uint64_t pairs)
{
    struct keys keys = {.sorted = true};

    for (uint64_t i = 0; i < pairs; i++) {
        size_t start = c->r.at;

        if (!check_item(c) ||
            !check_key(c, &keys, span_part(c->r.in, start, c->r.at - start), pairs) ||
            !check_item(c))
            return false;
    }
    return true;
}

/* A count is never believed: each item of it must be there, which ends the loop early. */
static bool check_items(struct check *c, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        if (!check_item(c))
            return false;
    return true;
}

static bool check_inside(struct check *c, const struct head *head)
{
    switch (head->major) {
    case MAJOR_BYTES:
    case MAJOR_TEXT: return check_string(c, head);
    case MAJOR_ARRAY: return check_items(c, head->value);
    case MAJOR_MAP: return check_pairs(c, head->value);
    case MAJOR_TAG: return check_items(c, 1);
    default: return true;
    }
}

static bool check_item(struct check *c)
{
    struct head head;
    bool ok;

    if (c->depth == CBOR_DEPTH_MAX)
        return fail(c, "items are nested too deeply");
    head = read_head(&c->r);
    c->depth++;
    ok = check_head(c, &head) && check_inside(c, &head);
    c->depth--;
    return ok;
}

/* --- reading what was checked ---------------------------------------------------------------- */

static void skip_item(struct reader *r)
{
    /* Items still to come: a walk without recursion, over bytes that were checked. */
    uint64_t left = 1;

    while (left > 0 && !r->short_read) {
        struct head head = read_head(r);

        left--;
        if (head.major == MAJOR_BYTES || head.major == MAJOR_TEXT)
            read_skip(r, head.value);
        else if (head.major == MAJOR_ARRAY)
            left += head.value;
        else if (head.major == MAJOR_MAP)
            left += 2 * head.value;
        else if (head.major == MAJOR_TAG)
            left++;
    }
}

static struct cbor read_item(struct reader *r)
{
    size_t start = r->at, inside;
    struct cbor item = {0};
    struct reader end = *r;
    struct head head;

    if (reader_at_end(r))
        return item;
    head = read_head(r);
    inside = r->at;
    skip_item(&end);
    *r = end;
    item.kind = kind_of(&head);
    item.number = item.kind == CBOR_BOOL ? head.info == OTHER_TRUE : head.value;
    item.raw = span_part(r->in, start, r->at - start);
    item.inside = span_part(r->in, inside, r->at - inside);
    return item;
}

int cbor_parse(struct span in, enum cbor_rules rules, struct cbor *ret, struct err *err)
{
    struct check c = {.r = reader_of(in), .rules = rules};
    struct reader r = reader_of(in);

    if (!check_item(&c))
        return err_set(err, ERR_INPUT, "cbor: %s, before byte %zu", c.fault, c.r.at);
    if (!reader_at_end(&c.r))
        return err_set(err, ERR_INPUT, "cbor: %zu bytes after the end at byte %zu",
                       reader_rest(&c.r).len, c.r.at);
    *ret = read_item(&r);
    return 0;
}

bool cbor_uint(struct cbor item, uint64_t *ret)
{
    if (item.kind != CBOR_UINT)
        return false;
    *ret = item.number;
    return true;
}

bool cbor_int(struct cbor item, int64_t *ret)
{
    if ((item.kind != CBOR_UINT && item.kind != CBOR_NEGATIVE) || item.number > INT64_MAX)
        return false;
    *ret = item.kind == CBOR_UINT ? (int64_t)item.number : -1 - (int64_t)item.number;
    return true;
}

bool cbor_bool(struct cbor item, bool *ret)
{
    if (item.kind != CBOR_BOOL)
        return false;
    *ret = item.number != 0;
    return true;
}

struct span cbor_bytes(struct cbor item)
{
    return item.kind == CBOR_BYTES ? item.inside : span_of(NULL, 0);
}

struct span cbor_text(struct cbor item)
{
    return item.kind == CBOR_TEXT ? item.inside : span_of(NULL, 0);
}

bool cbor_text_is(struct cbor item, const char *text)
{
    return item.kind == CBOR_TEXT && span_equal(item.inside, span_of_str(text));
}

struct cbor cbor_untag(struct cbor item, uint64_t tag)
{
    struct reader r = reader_of(item.inside);

    if (item.kind != CBOR_TAG || item.number != tag)
        return (struct cbor){0};
    return read_item(&r);
}

struct cbor_cursor cbor_begin(struct cbor container)
{
    bool has_items = container.kind == CBOR_ARRAY || container.kind == CBOR_MAP;

    return (struct cbor_cursor){
        .at = reader_of(has_items ? container.inside : span_of(NULL, 0)),
    };
}

bool cbor_next(struct cbor_cursor *cursor, struct cbor *ret)
{
    if (reader_at_end(&cursor->at))
        return false;
    *ret = read_item(&cursor->at);
    return true;
}

bool cbor_next_pair(struct cbor_cursor *cursor, struct cbor *ret_key, struct cbor *ret_value)
{
    return cbor_next(cursor, ret_key) && cbor_next(cursor, ret_value);
}

struct cbor cbor_at(struct cbor array, size_t index)
{
    struct cbor_cursor cursor = cbor_begin(array);
    struct cbor item = {0};

    if (array.kind != CBOR_ARRAY)
        return item;
    while (cbor_next(&cursor, &item))
        if (index-- == 0)
            return item;
    return (struct cbor){0};
}

struct cbor cbor_find_int(struct cbor map, int64_t key)
{
    struct cbor_cursor cursor = cbor_begin(map);
    struct cbor found, value;
    int64_t number;

    if (map.kind != CBOR_MAP)
        return (struct cbor){0};
    while (cbor_next_pair(&cursor, &found, &value))
        if (cbor_int(found, &number) && number == key)
            return value;
    return (struct cbor){0};
}

struct cbor cbor_find_text(struct cbor map, const char *key)
{
    struct cbor_cursor cursor = cbor_begin(map);
    struct cbor found, value;

    if (map.kind != CBOR_MAP)
        return (struct cbor){0};
    while (cbor_next_pair(&cursor, &found, &value))
        if (cbor_text_is(found, key))
            return value;
    return (struct cbor){0};
}
