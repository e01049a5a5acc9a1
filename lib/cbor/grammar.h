/* What a document must look like, as tables: the CDDL (RFC 8610) of a standard, a rule a table.
 *
 *     static const struct cbor_rule digest_value = {.what = "a digest", .kind = RULE_BYTES, .min =
 * 1}; static const struct cbor_rule *const digest_parts[] = {&algorithm, &digest_value, NULL};
 *     static const struct cbor_rule digest = {"a digest", RULE_TUPLE, .parts = digest_parts};
 *
 * Every byte of a document is accounted for: unknown keys, items too many and values out of their
 * bounds are refused, and the error names the offset in the whole document, also inside documents
 * that are embedded in byte strings. Where a standard leaves room for extensions (`open`), keys
 * that are negative numbers are let through unread and counted, so that a caller knows that there
 * is something that he did not understand. */
#ifndef COCOS_CBOR_GRAMMAR_H
#define COCOS_CBOR_GRAMMAR_H

#include "lib/cbor/cbor.h"

enum cbor_rule_kind {
    RULE_ANY,
    RULE_INT,      /* a number of either sign */
    RULE_UINT,     /* between min and max */
    RULE_BYTES,    /* min to max bytes */
    RULE_TEXT,     /* min to max bytes */
    RULE_BOOL,     /**/
    RULE_TAG,      /* `tag` on what `inner` says */
    RULE_EMBEDDED, /* a byte string that holds one document, as `inner` says */
    RULE_LIST,     /* min to max items, each as `inner` says */
    RULE_TUPLE,    /* one item for each of `parts`; the last `optional` of them may be missing */
    RULE_MAP,      /* `members`, at least min pairs */
    RULE_TABLE,    /* keys as `parts[0]` says, values as `inner` says, at least min pairs */
    RULE_CHOICE,   /* the first of `parts` that begins like the item */
};

struct cbor_member;

/* max of 0 stands for no upper bound. */
struct cbor_rule {
    const char *what; /* "a digest": how errors call it */
    enum cbor_rule_kind kind;
    uint64_t tag;
    uint64_t min, max;
    unsigned optional;
    bool open; /* of a map: extensions are let through */
    const struct cbor_rule *inner;
    const struct cbor_rule *const *parts; /* NULL-terminated */
    const struct cbor_member *members;    /* ended by one without a rule */
};

struct cbor_member {
    int64_t key;
    const char *name;
    const struct cbor_rule *rule;
    bool required;
};

/* Checks a document that cbor_parse() gave. *ret_extensions: how many keys were let through
 * unread; may be NULL. Errors: INPUT with the offset. */
MUST_USE int cbor_check(struct cbor doc, const struct cbor_rule *rule, size_t *ret_extensions,
                        struct err *err);

#endif
