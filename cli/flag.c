/* Flags: finding their rows, and turning what was typed into a value. */
#include "cli/command.h"

#include "lib/base/text.h"

#include <inttypes.h>

/* --- one value --- */

static int store_number(const struct flag *flag, const char *value, void *at, struct err *err)
{
    uint64_t number;

    if (text_parse_u64(value, UINT64_MAX, &number, err) < 0 || number < flag->min ||
        number > flag->max)
        return err_set(err, ERR_USAGE,
                       "expected a whole number from %" PRIu64 " to %" PRIu64 ", got '%.40s'",
                       flag->min, flag->max, value);
    *(uint64_t *)at = number;
    return 0;
}

static int store_duration(const struct flag *flag, const char *value, void *at, struct err *err)
{
    char low[TEXT_DURATION_SIZE], high[TEXT_DURATION_SIZE];
    uint64_t ms;

    if (text_parse_duration(value, &ms, err) < 0 || ms < flag->min || ms > flag->max) {
        text_format_duration(flag->min, low);
        text_format_duration(flag->max, high);
        return err_set(err, ERR_USAGE,
                       "expected a duration from %s to %s like 90s or 1h30m, got '%.40s'", low,
                       high, value);
    }
    *(uint64_t *)at = ms;
    return 0;
}

static int store_choice(const struct flag *flag, const char *value, void *at, struct err *err)
{
    OWNED_BUF known = BUF_OF(1 * KIB);

    for (const char *const *choice = flag->choices; *choice != NULL; choice++) {
        if (strcmp(*choice, value) == 0) {
            *(const char **)at = *choice;
            return 0;
        }
        buf_printf(&known, "%s%s", known.len > 0 ? ", " : "", *choice);
    }
    return err_set(err, ERR_USAGE, "expected one of %s, got '%.40s'", buf_str(&known), value);
}

static void store_item(struct flag_list *list, const char *value)
{
    list->items = mem_resize(list->items, list->count + 1, sizeof(list->items[0]));
    list->items[list->count++] = value;
}

int flag_store(const struct flag *flag, const char *value, void *at, struct err *err)
{
    switch (flag->type) {
    case FLAG_BOOL: *(bool *)at = true; return 0;
    case FLAG_TEXT: *(const char **)at = value; return 0;
    case FLAG_LIST: store_item(at, value); return 0;
    case FLAG_U64: return store_number(flag, value, at, err);
    case FLAG_DURATION: return store_duration(flag, value, at, err);
    case FLAG_CHOICE: return store_choice(flag, value, at, err);
    case FLAG_LATER: return err_set(err, ERR_UNSUPPORTED, "not available yet");
    }
    return 0;
}

/* --- the flags of a command --- */

const struct flag *command_flag(const struct command *command, size_t *set, size_t *at,
                                size_t *ret_base)
{
    for (; *set <= FLAG_SETS_MAX; (*set)++, *at = 0) {
        struct flag_set own = {.flags = common_flags};

        if (*set < FLAG_SETS_MAX)
            own = command != NULL ? command->flags[*set] : (struct flag_set){0};
        if (own.flags != NULL && own.flags[*at].name != NULL) {
            *ret_base = own.base;
            return &own.flags[(*at)++];
        }
    }
    return NULL;
}

const struct flag *flag_find(const struct command *command, struct span name, size_t *base)
{
    const struct flag *flag;
    size_t set = 0, at = 0;

    while ((flag = command_flag(command, &set, &at, base)) != NULL)
        if (span_equal(span_of_str(flag->name), name))
            return flag;
    return NULL;
}

const struct flag *flag_find_letter(const struct command *command, char letter, size_t *base)
{
    const struct flag *flag;
    size_t set = 0, at = 0;

    while ((flag = command_flag(command, &set, &at, base)) != NULL)
        if (flag->letter == letter)
            return flag;
    return NULL;
}
