#include "lib/cbor/grammar.h"

#include <inttypes.h>

/* One check under way. Embedded documents are read in place, so that every item has its offset in
 * the whole. */
struct walk {
    const uint8_t *start;
    size_t extensions;
};

static int check(struct walk *walk, struct cbor item, const struct cbor_rule *rule,
                 struct err *err);

static size_t offset_of(const struct walk *walk, struct cbor item)
{
    return (size_t)(item.raw.data - walk->start);
}

static int expected(const struct walk *walk, struct cbor item, const struct cbor_rule *rule,
                    struct err *err)
{
    return err_set(err, ERR_INPUT, "byte %zu: expected %s", offset_of(walk, item), rule->what);
}

/* --- which rule an item can be of --- */

/* What an item of a kind of rule begins with; CBOR_NONE where that does not decide. */
static const enum cbor_kind kinds[] = {
    [RULE_ANY] = CBOR_NONE,    [RULE_INT] = CBOR_NONE,       [RULE_UINT] = CBOR_UINT,
    [RULE_BYTES] = CBOR_BYTES, [RULE_TEXT] = CBOR_TEXT,      [RULE_BOOL] = CBOR_BOOL,
    [RULE_TAG] = CBOR_TAG,     [RULE_EMBEDDED] = CBOR_BYTES, [RULE_LIST] = CBOR_ARRAY,
    [RULE_TUPLE] = CBOR_ARRAY, [RULE_MAP] = CBOR_MAP,        [RULE_TABLE] = CBOR_MAP,
    [RULE_CHOICE] = CBOR_NONE,
};

static const struct cbor_rule *choose(struct cbor item, const struct cbor_rule *choice);

static bool begins_like(struct cbor item, const struct cbor_rule *rule)
{
    switch (rule->kind) {
    case RULE_ANY: return true;
    case RULE_INT: return item.kind == CBOR_UINT || item.kind == CBOR_NEGATIVE;
    case RULE_TAG: return item.kind == CBOR_TAG && item.number == rule->tag;
    case RULE_CHOICE: return choose(item, rule) != NULL;
    default: return item.kind == kinds[rule->kind];
    }
}

static const struct cbor_rule *choose(struct cbor item, const struct cbor_rule *choice)
{
    for (size_t i = 0; choice->parts[i] != NULL; i++)
        if (begins_like(item, choice->parts[i]))
            return choice->parts[i];
    return NULL;
}

static bool within(uint64_t value, const struct cbor_rule *rule)
{
    return value >= rule->min && (rule->max == 0 || value <= rule->max);
}

/* --- containers --- */

static int check_embedded(struct walk *walk, struct cbor item, const struct cbor_rule *rule,
                          struct err *err)
{
    struct cbor inner;

    if (cbor_parse(cbor_bytes(item), CBOR_STRICT, &inner, err) < 0)
        return err_wrap(err, "byte %zu: %s", offset_of(walk, item), rule->what);
    return check(walk, inner, rule->inner, err);
}

static int check_list(struct walk *walk, struct cbor item, const struct cbor_rule *rule,
                      struct err *err)
{
    struct cbor_cursor cursor = cbor_begin(item);
    struct cbor each;

    while (cbor_next(&cursor, &each))
        if (check(walk, each, rule->inner, err) < 0)
            return -1;
    return 0;
}

static int check_tuple(struct walk *walk, struct cbor item, const struct cbor_rule *rule,
                       struct err *err)
{
    struct cbor_cursor cursor = cbor_begin(item);
    struct cbor each;
    size_t count = 0;

    while (rule->parts[count] != NULL)
        count++;
    if (item.number > count || item.number < count - rule->optional)
        return err_set(err, ERR_INPUT, "byte %zu: %s has %zu parts, here are %" PRIu64,
                       offset_of(walk, item), rule->what, count, item.number);
    for (size_t i = 0; cbor_next(&cursor, &each); i++)
        if (check(walk, each, rule->parts[i], err) < 0)
            return -1;
    return 0;
}

static const struct cbor_member *find_member(const struct cbor_rule *rule, struct cbor key)
{
    int64_t number;

    if (!cbor_int(key, &number))
        return NULL;
    for (const struct cbor_member *member = rule->members; member->rule != NULL; member++)
        if (member->key == number)
            return member;
    return NULL;
}

static int check_required(struct walk *walk, struct cbor item, const struct cbor_rule *rule,
                          struct err *err)
{
    for (const struct cbor_member *member = rule->members; member->rule != NULL; member++)
        if (member->required && cbor_find_int(item, member->key).kind == CBOR_NONE)
            return err_set(err, ERR_INPUT, "byte %zu: %s has no %s (key %" PRId64 ")",
                           offset_of(walk, item), rule->what, member->name, member->key);
    return 0;
}

static int check_map(struct walk *walk, struct cbor item, const struct cbor_rule *rule,
                     struct err *err)
{
    struct cbor_cursor cursor = cbor_begin(item);
    struct cbor key, value;

    while (cbor_next_pair(&cursor, &key, &value)) {
        const struct cbor_member *member = find_member(rule, key);

        if (member == NULL && rule->open && key.kind == CBOR_NEGATIVE)
            walk->extensions++;
        else if (member == NULL)
            return err_set(err, ERR_INPUT, "byte %zu: a key that %s does not have",
                           offset_of(walk, key), rule->what);
        else if (check(walk, value, member->rule, err) < 0)
            return -1;
    }
    return check_required(walk, item, rule, err);
}

static int check_table(struct walk *walk, struct cbor item, const struct cbor_rule *rule,
                       struct err *err)
{
    struct cbor_cursor cursor = cbor_begin(item);
    struct cbor key, value;

    while (cbor_next_pair(&cursor, &key, &value))
        if (check(walk, key, rule->parts[0], err) < 0 || check(walk, value, rule->inner, err) < 0)
            return -1;
    return 0;
}

/* --- one item --- */

static bool size_fits(struct cbor item, const struct cbor_rule *rule)
{
    switch (rule->kind) {
    case RULE_UINT:
    case RULE_LIST:
    case RULE_MAP:
    case RULE_TABLE: return within(item.number, rule);
    case RULE_BYTES:
    case RULE_TEXT: return within(item.inside.len, rule);
    default: return true;
    }
}

static int check(struct walk *walk, struct cbor item, const struct cbor_rule *rule, struct err *err)
{
    if (!begins_like(item, rule) || !size_fits(item, rule))
        return expected(walk, item, rule, err);
    switch (rule->kind) {
    case RULE_TAG: return check(walk, cbor_untag(item, rule->tag), rule->inner, err);
    case RULE_CHOICE: return check(walk, item, choose(item, rule), err);
    case RULE_EMBEDDED: return check_embedded(walk, item, rule, err);
    case RULE_LIST: return check_list(walk, item, rule, err);
    case RULE_TUPLE: return check_tuple(walk, item, rule, err);
    case RULE_MAP: return check_map(walk, item, rule, err);
    case RULE_TABLE: return check_table(walk, item, rule, err);
    default: return 0;
    }
}

int cbor_check(struct cbor doc, const struct cbor_rule *rule, size_t *ret_extensions,
               struct err *err)
{
    struct walk walk = {.start = doc.raw.data};

    if (check(&walk, doc, rule, err) < 0)
        return -1;
    if (ret_extensions != NULL)
        *ret_extensions = walk.extensions;
    return 0;
}
