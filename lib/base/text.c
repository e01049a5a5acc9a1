#include "lib/base/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

static const struct {
    const char *name;
    uint64_t ms;
} duration_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits from *at on; false when there are none or the value is over max. */
static bool take_digits(const char **at, uint64_t max, uint64_t *ret)
{
    const char *p = *at;
    uint64_t value = 0;

    if (!is_digit(*p))
        return false;
    for (; is_digit(*p); p++) {
        uint64_t digit = (uint64_t)(*p - '0');

        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *at = p;
    *ret = value;
    return true;
}

int text_parse_u64(const char *text, uint64_t max, uint64_t *ret, struct err *err)
{
    const char *at = text;
    uint64_t value;

    if (!is_digit(text[0]) || (text[0] == '0' && text[1] != '\0'))
        return err_set(err, ERR_INPUT, "'%.40s' is not a whole number", text);
    if (!take_digits(&at, max, &value))
        return err_set(err, ERR_INPUT, "'%.40s' is over the limit of %" PRIu64, text, max);
    if (*at != '\0')
        return err_set(err, ERR_INPUT, "'%.40s' is not a whole number", text);
    *ret = value;
    return 0;
}

/* The index of the unit at *at, which must be from `from` on; -1 when there is none. */
static int take_unit(const char **at, size_t from)
{
    size_t length = 0;

    while (isalpha((unsigned char)(*at)[length]))
        length++;
    for (size_t i = from; i < COUNT_OF(duration_units); i++) {
        const char *name = duration_units[i].name;

        if (strlen(name) == length && strncmp(*at, name, length) == 0) {
            *at += length;
            return (int)i;
        }
    }
    return -1;
}

int text_parse_duration(const char *text, uint64_t *ret_ms, struct err *err)
{
    const char *at = text;
    uint64_t total = 0;
    size_t next_unit = 0;

    do {
        uint64_t count;
        int unit;

        if (!take_digits(&at, INT64_MAX, &count) || (unit = take_unit(&at, next_unit)) < 0)
            return err_set(err, ERR_INPUT, "'%.40s' is not a duration like 90s or 1h30m", text);
        if (count > (INT64_MAX - total) / duration_units[unit].ms)
            return err_set(err, ERR_INPUT, "duration '%.40s' is too long", text);
        total += count * duration_units[unit].ms;
        next_unit = (size_t)unit + 1;
    } while (*at != '\0');

    *ret_ms = total;
    return 0;
}

void text_format_duration(uint64_t ms, char out[static TEXT_DURATION_SIZE])
{
    size_t used = 0;

    for (size_t i = 0; i < COUNT_OF(duration_units); i++) {
        uint64_t count = ms / duration_units[i].ms;

        ms %= duration_units[i].ms;
        if (count > 0)
            used += (size_t)snprintf(out + used, TEXT_DURATION_SIZE - used, "%" PRIu64 "%s", count,
                                     duration_units[i].name);
    }
    if (used == 0)
        snprintf(out, TEXT_DURATION_SIZE, "0s");
}

/* Days since 1970-01-01 of a date in the Gregorian calendar, counted from March so that the leap
 * day is the last of its year. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static void date_of_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;

    *day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted + (shifted < 10 ? 3 : -9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

void text_format_time(int64_t seconds, char out[static TEXT_TIME_SIZE])
{
    const int64_t last = 253402300799; /* 9999-12-31T23:59:59Z */
    int64_t year, month, day, rest;

    if (seconds < 0)
        seconds = 0;
    if (seconds > last)
        seconds = last;
    rest = seconds % 86400;
    date_of_days(seconds / 86400, &year, &month, &day);
    snprintf(out, TEXT_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month, (int)day,
             (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
}

/* Exactly width digits between min and max. */
static bool take_number(const char **at, int width, int64_t min, int64_t max, int64_t *ret)
{
    int64_t value = 0;

    for (int i = 0; i < width; i++, (*at)++) {
        if (!is_digit(**at))
            return false;
        value = value * 10 + (**at - '0');
    }
    *ret = value;
    return value >= min && value <= max;
}

static bool take_char(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    int64_t next_year = month == 12 ? year + 1 : year;
    int64_t next_month = month == 12 ? 1 : month + 1;

    return days_of_date(next_year, next_month, 1) - days_of_date(year, month, 1);
}

static bool take_date(const char **at, int64_t *ret_days)
{
    int64_t year, month, day;

    if (!take_number(at, 4, 1970, 9999, &year) || !take_char(at, '-') ||
        !take_number(at, 2, 1, 12, &month) || !take_char(at, '-') ||
        !take_number(at, 2, 1, days_in_month(year, month), &day))
        return false;
    *ret_days = days_of_date(year, month, day);
    return true;
}

static bool take_clock(const char **at, int64_t *ret_seconds)
{
    int64_t hour, minute, second;

    if (!take_number(at, 2, 0, 23, &hour) || !take_char(at, ':') ||
        !take_number(at, 2, 0, 59, &minute) || !take_char(at, ':') ||
        !take_number(at, 2, 0, 60, &second))
        return false;
    if (take_char(at, '.')) {
        if (!is_digit(**at))
            return false;
        while (is_digit(**at))
            (*at)++;
    }
    *ret_seconds = hour * 3600 + minute * 60 + second;
    return true;
}

/* "Z" or "+hh:mm"; how many seconds local time is ahead of UTC. */
static bool take_offset(const char **at, int64_t *ret_seconds)
{
    int64_t sign = **at == '-' ? -1 : 1;
    int64_t hour, minute;

    *ret_seconds = 0;
    if (take_char(at, 'Z') || take_char(at, 'z'))
        return true;
    if (!take_char(at, '+') && !take_char(at, '-'))
        return false;
    if (!take_number(at, 2, 0, 23, &hour) || !take_char(at, ':') ||
        !take_number(at, 2, 0, 59, &minute))
        return false;
    *ret_seconds = sign * (hour * 3600 + minute * 60);
    return true;
}

int text_parse_time(const char *text, int64_t *ret_seconds, struct err *err)
{
    const char *at = text;
    int64_t days, seconds, offset;

    if (!take_date(&at, &days) || !(take_char(&at, 'T') || take_char(&at, 't')) ||
        !take_clock(&at, &seconds) || !take_offset(&at, &offset) || *at != '\0')
        return err_set(err, ERR_INPUT, "'%.40s' is not a time like 2026-11-23T04:05:06Z", text);
    *ret_seconds = days * 86400 + seconds - offset;
    return 0;
}

/* The length of the UTF-8 sequence at the start of text, 0 when it is not one. */
static size_t utf8_sequence(struct span text)
{
    uint8_t first = text.data[0];
    size_t len = first < 0x80   ? 1
                 : first < 0xc2 ? 0
                 : first < 0xe0 ? 2
                 : first < 0xf0 ? 3
                 : first < 0xf5 ? 4
                                : 0;
    if (len == 0 || len > text.len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((text.data[i] & 0xc0) != 0x80)
            return 0;
    if (len > 2) {
        uint8_t second = text.data[1];

        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
            (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
            return 0;
    }
    return len;
}

bool text_is_utf8(struct span text)
{
    size_t at = 0;

    while (at < text.len) {
        size_t len = text.data[at] < 0x80 ? 1 : utf8_sequence(span_part(text, at, text.len));

        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

bool text_is_name(const char *text, size_t max)
{
    size_t len = strlen(text);

    if (len == 0 || len > max || text[0] == '.' || text[0] == '-')
        return false;
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

/* C0 and C1 control characters (U+0080 to U+009F, which steer a terminal too) and DEL. */
static bool is_control(struct span text)
{
    uint8_t first = text.data[0];

    return first < 0x20 || first == 0x7f || (first == 0xc2 && text.len > 1 && text.data[1] < 0xa0);
}

void text_add_printable(struct buf *out, struct span text, size_t max)
{
    size_t start = out->len;

    while (text.len > 0) {
        size_t len = utf8_sequence(text);
        bool plain = len > 0 && !is_control(text);
        size_t width = plain ? len : 4;

        if (out->len - start + width > max) {
            buf_add_str(out, "...");
            return;
        }
        if (plain)
            buf_add(out, text.data, len);
        else
            buf_printf(out, "\\x%02x", text.data[0]);
        text = span_part(text, plain ? len : 1, text.len);
    }
}

bool text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text), tail = strlen(suffix);

    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}
