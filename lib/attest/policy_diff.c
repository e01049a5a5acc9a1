#include "lib/attest/policy_diff.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SENTENCE_MAX 4096
#define VALUES_SHOWN 4
#define VALUE_SHOWN  200

/* What one policy has to say, and where what only it accepts is gathered. */
struct side {
    const struct json *document;
    const struct json *value; /* of the member, or what its absence stands for; else NULL */
    struct json *only;
};

/* The member under comparison, from the side of `a`. */
struct view {
    const struct policy_member *member;
    const struct side *a, *b;
};

/* --- sentences --- */

static void tell(const struct view *view, const char *format, ...) PRINTF_LIKE(2, 3);
static void tell(const struct view *view, const char *format, ...)
{
    const struct policy_member *member = view->member;
    OWNED(free_str)
    char *name =
        mem_printf("%s%s%s", member->part, member->part[0] != '\0' ? "." : "", member->name);
    struct json *entry = json_new_object();
    char text[SENTENCE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_set_str(entry, "member", name);
    json_set_str(entry, "accepts", text);
    json_add(view->a->only, entry);
}

/* "snp evidence", or "evidence" for what is outside the parts. */
static const char *kind_of(const struct view *view, const char **ret_space)
{
    *ret_space = view->member->part[0] != '\0' ? " " : "";
    return view->member->part;
}

static void add_value(struct buf *out, const struct json *value)
{
    const char *text = json_str(value);

    if (text == NULL)
        buf_printf(out, "%" PRId64, json_int(value));
    else if (text_starts_with(text, "-----BEGIN"))
        buf_add_str(out, "(PEM)");
    else
        text_add_printable(out, span_of_str(text), VALUE_SHOWN);
}

static void list_values(struct buf *out, const struct json *values, const struct json *but)
{
    size_t count = 0;

    for (size_t i = 0; i < policy_values_count(values); i++) {
        const struct json *value = policy_values_at(values, i);

        if (but != NULL && policy_values_have(but, value))
            continue;
        if (count++ >= VALUES_SHOWN)
            continue;
        buf_add_str(out, count > 1 ? " or " : "");
        add_value(out, value);
    }
    if (count > VALUES_SHOWN)
        buf_printf(out, " or %zu more", count - VALUES_SHOWN);
}

/* --- by what a member means --- */

static bool waives_measurement(const struct json *document)
{
    OWNED_JSON *waiver = json_new_str(waiver_names[WAIVE_MEASUREMENT]);

    return policy_values_have(json_get(document, "waive"), waiver);
}

/* Absence lets everything through, unless a reference value must be there. */
static bool takes_any(const struct view *view, const struct side *side)
{
    return side->value == NULL &&
           (view->member->sense != SENSE_REFERENCE || waives_measurement(side->document));
}

static void tell_alternatives(const struct view *view)
{
    OWNED_BUF values = BUF_OF(SENTENCE_MAX);
    const char *space, *kind = kind_of(view, &space);
    const char *words = view->member->words;

    if (takes_any(view, view->b))
        return;
    if (!takes_any(view, view->a)) {
        list_values(&values, view->a->value, view->b->value);
        if (values.len > 0)
            tell(view, "%s%sevidence where %s is %s", kind, space, words, buf_str(&values));
        return;
    }
    list_values(&values, view->b->value, NULL);
    if (values.len == 0)
        tell(view, "%s%sevidence whatever %s is; the other wants reference values and has none",
             kind, space, words);
    else
        tell(view, "%s%sevidence whatever %s is; the other wants %s", kind, space, words,
             buf_str(&values));
}

static void tell_register(const struct view *view, const char *bank, unsigned number)
{
    OWNED_BUF values = BUF_OF(SENTENCE_MAX);
    const struct json *mine, *theirs;
    char index[8];

    snprintf(index, sizeof(index), "%u", number);
    mine = policy_pcr_values(view->a->value, bank, index);
    theirs = policy_pcr_values(view->b->value, bank, index);
    if (theirs == NULL)
        return;
    list_values(&values, mine != NULL ? mine : theirs, mine != NULL ? theirs : NULL);
    if (mine == NULL)
        tell(view, "vtpm evidence whatever PCR %u (%s) is; the other wants %s", number, bank,
             buf_str(&values));
    else if (values.len > 0)
        tell(view, "vtpm evidence where PCR %u (%s) is %s", number, bank, buf_str(&values));
}

static void tell_pcrs(const struct view *view)
{
    static const char *const banks[] = {"sha1", "sha256", "sha384", "sha512"};

    for (size_t i = 0; i < COUNT_OF(banks); i++)
        for (unsigned index = 0; index < 24; index++)
            tell_register(view, banks[i], index);
}

static void tell_permissions(const struct view *view)
{
    OWNED_BUF values = BUF_OF(SENTENCE_MAX);
    const char *space, *kind = kind_of(view, &space);

    list_values(&values, view->a->value, view->b->value);
    if (values.len > 0)
        tell(view, "%s%sevidence with %s: %s", kind, space, view->member->words, buf_str(&values));
}

static void tell_least(const struct view *view)
{
    int64_t mine = json_int(view->a->value), theirs = json_int(view->b->value);
    const char *space, *kind = kind_of(view, &space);

    if (mine < theirs)
        tell(view, "%s%sevidence where %s is %" PRId64 " or more; the other wants %" PRId64, kind,
             space, view->member->words, mine, theirs);
}

static void tell_least_bytes(const struct view *view)
{
    uint8_t mine[JSON_BYTES_MAX] = {0}, theirs[JSON_BYTES_MAX] = {0};
    const char *a = json_str(view->a->value), *b = json_str(view->b->value);
    struct err err;

    if ((a != NULL && text_parse_hex(a, mine, strlen(a) / 2, &err) < 0) ||
        (b != NULL && text_parse_hex(b, theirs, strlen(b) / 2, &err) < 0))
        return;
    for (size_t i = 0; i < sizeof(mine); i++)
        if (mine[i] < theirs[i])
            tell(view, "%s evidence where byte %zu of %s is %u or more; the other wants %u",
                 view->member->part, i, view->member->words, mine[i], theirs[i]);
}

static void tell_most(const struct view *view)
{
    int64_t mine = json_int(view->a->value), theirs = json_int(view->b->value);

    if (mine > theirs)
        tell(view, "evidence with up to %" PRId64 " %s; the other stops at %" PRId64, mine,
             view->member->words, theirs);
}

static uint64_t bits_of(const struct side *side)
{
    uint64_t bits = 0;
    struct err err;

    return side->value != NULL && policy_read_mask(side->value, &bits, &err) == 0 ? bits : 0;
}

static void tell_bits(const struct view *view)
{
    uint64_t missing = bits_of(view->b) & ~bits_of(view->a);

    if (missing != 0)
        tell(view, "%s evidence where %s lack bits of 0x%" PRIx64, view->member->part,
             view->member->words, missing);
}

static void tell_demand(const struct view *view)
{
    if (!json_bool(view->a->value) && json_bool(view->b->value))
        tell(view, "%s evidence that does not show that %s", view->member->part,
             view->member->words);
}

static void tell_permit(const struct view *view)
{
    if (json_bool(view->a->value) && !json_bool(view->b->value))
        tell(view, "%s evidence of %s", view->member->part, view->member->words);
}

static void tell_member(const struct view *view)
{
    const enum policy_form form = view->member->form;

    switch (view->member->sense) {
    case SENSE_ALTERNATIVES:
    case SENSE_REFERENCE:
        if (form == FORM_PCRS)
            tell_pcrs(view);
        else
            tell_alternatives(view);
        return;
    case SENSE_PERMISSIONS: tell_permissions(view); return;
    case SENSE_LEAST:
        if (form == FORM_BYTES)
            tell_least_bytes(view);
        else
            tell_least(view);
        return;
    case SENSE_MOST: tell_most(view); return;
    case SENSE_BITS: tell_bits(view); return;
    case SENSE_DEMAND: tell_demand(view); return;
    case SENSE_PERMIT: tell_permit(view); return;
    }
}

/* --- the whole --- */

/* A kind of evidence that only one of them takes at all. */
static void compare_part(const char *part, struct side *a, struct side *b)
{
    const struct policy_member row = {.part = "", .name = part};
    const struct view view = {&row, a, b};

    if (policy_names_part(a->document, part) && !policy_names_part(b->document, part))
        tell(&view, "%s evidence; the other does not speak of it", part);
}

static void compare_member(const struct policy_member *member, struct side *first,
                           struct side *second)
{
    OWNED_JSON *fallback = policy_member_default(member);

    if (!policy_names_part(first->document, member->part) ||
        !policy_names_part(second->document, member->part))
        return;
    first->value = policy_member_get(first->document, member);
    second->value = policy_member_get(second->document, member);
    first->value = first->value != NULL ? first->value : fallback;
    second->value = second->value != NULL ? second->value : fallback;
    tell_member(&(struct view){member, first, second});
    tell_member(&(struct view){member, second, first});
}

struct json *policy_diff(const struct json *first, const struct json *second)
{
    struct side one = {.document = first, .only = json_new_array()};
    struct side two = {.document = second, .only = json_new_array()};
    struct json *result = json_new_object();

    for (int i = 0; i < KIND_COUNT; i++) {
        compare_part(attest_kind_names[i], &one, &two);
        compare_part(attest_kind_names[i], &two, &one);
    }
    for (const struct policy_member *member = policy_members; member->part != NULL; member++)
        compare_member(member, &one, &two);
    json_set(result, "only_first", one.only);
    json_set(result, "only_second", two.only);
    return result;
}
