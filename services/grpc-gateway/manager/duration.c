#include "services/grpc-gateway/manager/duration.h"

#include <stdbool.h>
#include <string.h>

#define DAY_NS   (24ULL * 3600 * 1000000000)
#define NS_MAX   (100 * 365 * DAY_NS) /* a hundred years fit in 64 bits */
#define DIGITS   15
#define MS_IN_NS 1000000ULL

static const struct {
    const char *name;
    uint64_t ns;
} units[] = {
    {"h", 3600ULL * 1000000000}, {"ms", MS_IN_NS}, {"m", 60ULL * 1000000000},
    {"s", 1000000000},           {"us", 1000},     {"ns", 1},
};

/* Moves on over digits and returns how many there were; their value is cut after DIGITS. */
static size_t take_digits(const char **text, uint64_t *ret)
{
    size_t count = 0;

    *ret = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++, count++)
        if (count < DIGITS)
            *ret = *ret * 10 + (uint64_t)(**text - '0');
    return count;
}

static uint64_t take_unit(const char **text)
{
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        size_t length = strlen(units[i].name);

        if (strncmp(*text, units[i].name, length) == 0) {
            *text += length;
            return units[i].ns;
        }
    }
    return 0;
}

/* One number with its unit, added to *sum; false when it is none, or too much. */
static bool take_part(const char **text, uint64_t *sum)
{
    uint64_t whole, fraction = 0, unit, part, scale = 1;
    size_t digits = take_digits(text, &whole), decimals = 0;

    if (digits > DIGITS)
        return false;
    if (**text == '.') {
        (*text)++;
        decimals = take_digits(text, &fraction);
    }
    for (size_t i = 0; i < decimals && i < DIGITS; i++)
        scale *= 10;
    unit = take_unit(text);
    if (digits + decimals == 0 || unit == 0 || whole > NS_MAX / unit)
        return false;
    part = whole * unit + (uint64_t)((__uint128_t)fraction * unit / scale);
    if (part > NS_MAX || *sum > NS_MAX - part)
        return false;
    *sum += part;
    return true;
}

int duration_parse_go(const char *text, uint64_t *ret_ms, struct err *err)
{
    const char *at = text;
    uint64_t ns = 0;

    do {
        if (!take_part(&at, &ns))
            return err_set(err, ERR_INPUT,
                           "'%.40s' is no duration as \"1h30m\", or over a hundred years", text);
    } while (*at != '\0');
    *ret_ms = (ns + MS_IN_NS - 1) / MS_IN_NS;
    return 0;
}
