#include "lib/attest/policy_narrow.h"

#include "lib/base/text.h"

/* One member of the two documents. */
struct pair {
    struct json *document;
    const struct policy_member *member;
    const struct json *mine, *theirs; /* mine: NULL when absent */
    const char *whose;
};

static int contradicts(const struct pair *pair, const char *what, struct err *err)
{
    OWNED_BUF text = BUF_OF(256);

    if (json_str(policy_values_at(pair->theirs, 0)) != NULL)
        text_add_printable(&text, span_of_str(json_str(policy_values_at(pair->theirs, 0))), 128);
    return err_set(err, ERR_USAGE,
                   "%s is none that the policy accepts: %s has %s, and %s%s%s is not among the "
                   "policy's",
                   pair->member->words, pair->whose, buf_str(&text), pair->member->part,
                   pair->member->part[0] != '\0' ? "." : "", what);
}

/* --- by what a member means --- */

static struct json *in_both(const struct json *mine, const struct json *theirs)
{
    struct json *both = json_new_array();

    for (size_t i = 0; i < policy_values_count(theirs); i++) {
        const struct json *value = policy_values_at(theirs, i);

        if (mine == NULL || policy_values_have(mine, value))
            json_add(both, json_new_copy(value));
    }
    return both;
}

static int narrow_alternatives(const struct pair *pair, struct err *err)
{
    OWNED_JSON *both = in_both(pair->mine, pair->theirs);

    if (json_count(both) == 0)
        return contradicts(pair, pair->member->name, err);
    if (pair->member->many)
        policy_member_set(pair->document, pair->member, GIVE(both));
    else
        policy_member_set(pair->document, pair->member, json_new_copy(json_at(both, 0)));
    return 0;
}

static int narrow_register(const struct pair *pair, struct json *bank, const char *index,
                           const struct json *theirs, struct err *err)
{
    const struct json *old = json_get(bank, index);
    const struct json *mine = policy_values_count(old) > 0 ? old : NULL;
    OWNED_JSON *both = in_both(mine, theirs);

    if (policy_values_count(theirs) == 0)
        return 0;
    if (json_count(both) == 0)
        return err_set(err, ERR_USAGE,
                       "PCR %s of %s is none that the policy accepts: vtpm.pcrs has another", index,
                       pair->whose);
    json_set(bank, index, GIVE(both));
    return 0;
}

static int narrow_pcrs(const struct pair *pair, struct err *err)
{
    OWNED_JSON *pcrs = pair->mine != NULL ? json_new_copy(pair->mine) : json_new_object();
    const struct json *registers, *values;
    const char *name = NULL;

    while ((registers = json_next(pair->theirs, &name)) != NULL) {
        const char *index = NULL;

        if (json_kind_of(json_get(pcrs, name)) != JSON_KIND_OBJECT)
            json_set(pcrs, name, json_new_object());
        while ((values = json_next(registers, &index)) != NULL)
            if (narrow_register(pair, json_edit(pcrs, name), index, values, err) < 0)
                return -1;
    }
    policy_member_set(pair->document, pair->member, GIVE(pcrs));
    return 0;
}

static int narrow_bits(const struct pair *pair, struct err *err)
{
    uint64_t mine = 0, theirs;
    OWNED(free_str) char *text = NULL;

    if (policy_read_mask(pair->theirs, &theirs, err) < 0 ||
        (pair->mine != NULL && policy_read_mask(pair->mine, &mine, err) < 0))
        return -1;
    text = mem_printf("0x%llx", (unsigned long long)(mine | theirs));
    policy_member_set(pair->document, pair->member, json_new_str(text));
    return 0;
}

/* Bytes of which each has its own minimum. */
static int narrow_least_bytes(const struct pair *pair, struct err *err)
{
    OWNED_BUF mine = BUF_OF(JSON_BYTES_MAX), theirs = BUF_OF(JSON_BYTES_MAX);

    if (text_decode_hex(span_of_str(json_str(pair->mine)), &mine, err) < 0 ||
        text_decode_hex(span_of_str(json_str(pair->theirs)), &theirs, err) < 0)
        return -1;
    for (size_t i = 0; i < mine.len && i < theirs.len; i++)
        if (theirs.data[i] > mine.data[i])
            mine.data[i] = theirs.data[i];
    policy_member_set(pair->document, pair->member, json_new_hex(buf_span(&mine)));
    return 0;
}

static void narrow_number(const struct pair *pair, bool more_is_stricter)
{
    int64_t mine = json_int(pair->mine), theirs = json_int(pair->theirs);

    if (pair->mine == NULL || (more_is_stricter ? theirs > mine : theirs < mine))
        policy_member_set(pair->document, pair->member, json_new_int(theirs));
}

static int narrow_member(const struct pair *pair, struct err *err)
{
    switch (pair->member->sense) {
    case SENSE_ALTERNATIVES:
    case SENSE_REFERENCE:
        return pair->member->form == FORM_PCRS ? narrow_pcrs(pair, err)
                                               : narrow_alternatives(pair, err);
    case SENSE_BITS: return narrow_bits(pair, err);
    case SENSE_LEAST:
        if (pair->member->form == FORM_BYTES && pair->mine != NULL)
            return narrow_least_bytes(pair, err);
        if (pair->member->form == FORM_BYTES)
            policy_member_set(pair->document, pair->member, json_new_copy(pair->theirs));
        else
            narrow_number(pair, true);
        return 0;
    case SENSE_MOST: narrow_number(pair, false); return 0;
    case SENSE_DEMAND:
        if (json_bool(pair->theirs))
            policy_member_set(pair->document, pair->member, json_new_bool(true));
        return 0;
    default: return 0; /* what the other permits is his */
    }
}

int policy_narrow(struct json *document, const struct json *other, const char *whose,
                  struct err *err)
{
    OWNED_JSON *before = json_new_copy(document); /* a part that is added now is no part of it */
    bool any = false;

    for (const struct policy_member *member = policy_members; member->part != NULL; member++) {
        OWNED_JSON *fallback = policy_member_default(member);
        struct pair pair = {document, member, policy_member_get(document, member),
                            policy_member_get(other, member), whose};

        if (pair.mine == NULL)
            pair.mine = fallback;
        if (pair.theirs == NULL || !policy_names_part(before, member->part))
            continue;
        any = true;
        if (narrow_member(&pair, err) < 0)
            return -1;
    }
    if (!any)
        return err_set(err, ERR_USAGE,
                       "the policy accepts no evidence that %s says anything about; name its part "
                       "in the policy ({} will do)",
                       whose);
    return 0;
}
