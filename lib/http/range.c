#include "lib/http/range.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"

/* Decimal digits; false without any. What is too large for 64 bits is cut to the largest. */
static bool take_number(const char **at, uint64_t *ret)
{
    const char *start = *at;
    uint64_t value = 0;

    for (; **at >= '0' && **at <= '9'; (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');

        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    *ret = value;
    return *at > start;
}

/* The forms of one range; false when the text is none. */
static bool read_spec(const char *at, uint64_t size, uint64_t *from, uint64_t *to)
{
    uint64_t first, last;
    bool has_first = take_number(&at, &first);
    bool has_last;

    if (*at++ != '-')
        return false;
    has_last = take_number(&at, &last);
    at += strspn(at, BLANKS);
    if (*at != '\0' || (!has_first && !has_last) || (has_first && has_last && last < first))
        return false;

    if (!has_first) {
        *from = last < size ? size - last : 0;
        *to = last > 0 ? size : *from;
        return true;
    }
    *from = first;
    *to = has_last && last < size ? last + 1 : size;
    return true;
}

enum range_result range_parse(const char *header, uint64_t size, uint64_t *from, uint64_t *to)
{
    uint64_t first, end;

    *from = 0;
    *to = size;
    if (header == NULL || strncasecmp(header, "bytes=", 6) != 0)
        return RANGE_WHOLE;
    header += 6;
    if (!read_spec(header + strspn(header, BLANKS), size, &first, &end))
        return RANGE_WHOLE;
    if (first >= size || first >= end)
        return RANGE_UNSATISFIABLE;
    *from = first;
    *to = end;
    return RANGE_PART;
}

bool etag_is(const char *header, const char *etag)
{
    size_t length = strlen(etag);

    return strlen(header) == length + 2 && header[0] == '"' && header[length + 1] == '"' &&
           strncmp(header + 1, etag, length) == 0;
}

bool etag_list_matches(const char *header, const char *etag)
{
    size_t length = strlen(etag);

    header += strspn(header, BLANKS);
    if (*header == '*')
        return true;
    while (*header != '\0') {
        const char *end;

        if (strncmp(header, "W/", 2) == 0)
            header += 2;
        if (*header != '"' || (end = strchr(header + 1, '"')) == NULL)
            return false;
        if ((size_t)(end - header - 1) == length && strncmp(header + 1, etag, length) == 0)
            return true;
        header = end + 1;
        header += strspn(header, BLANKS ",");
    }
    return false;
}
