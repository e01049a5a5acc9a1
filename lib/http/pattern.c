#include "lib/http/pattern.h"

#include "lib/base/text.h"

#include <stdio.h>

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void percent_encode(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_unreserved(text.data[i]))
            buf_add_u8(out, text.data[i]);
        else
            buf_printf(out, "%%%02X", text.data[i]);
    }
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int percent_decode(struct span text, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.data[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.data[i + 2]) : -1;

            if (low < 0)
                return err_set(err, ERR_MALFORMED, "'%%' at byte %zu without two hex digits", i);
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (c <= ' ' || c > '~') {
            return err_set(err, ERR_MALFORMED, "byte 0x%02x must be percent-encoded", c);
        }
        buf_add_u8(out, c);
    }
    return buf_check(out, "percent-encoded text", err);
}

/* The next segment of a path, without its '/'; moves *at behind it. False at the end. */
static bool next_segment(const char **at, struct span *ret)
{
    size_t length;

    if (**at != '/')
        return false;
    length = strcspn(*at + 1, "/");
    *ret = span_of(*at + 1, length);
    *at += 1 + length;
    return true;
}

static bool is_parameter(struct span segment)
{
    return segment.len > 2 && segment.data[0] == '{' && segment.data[segment.len - 1] == '}';
}

static bool take_parameter(struct span name, struct span raw, struct pattern_match *match)
{
    OWNED_BUF value = BUF_OF(PATTERN_VALUE_MAX);
    struct pattern_param *param = &match->params[match->count];
    struct err err;

    if (match->count == PATTERN_PARAMS_MAX || percent_decode(raw, &value, &err) < 0)
        return false;
    if (value.len == 0 || !text_is_utf8(buf_span(&value)) || memchr(value.data, '\0', value.len) ||
        memchr(value.data, '/', value.len))
        return false;
    if (strcmp(buf_str(&value), ".") == 0 || strcmp(buf_str(&value), "..") == 0)
        return false;

    snprintf(param->name, sizeof(param->name), "%.*s", (int)name.len - 2, name.data + 1);
    memcpy(param->value, value.data, value.len + 1);
    match->count++;
    return true;
}

bool pattern_matches(const char *pattern, const char *path, struct pattern_match *ret)
{
    struct span wanted, given;

    ret->count = 0;
    while (next_segment(&pattern, &wanted)) {
        if (!next_segment(&path, &given))
            return false;
        if (is_parameter(wanted) ? !take_parameter(wanted, given, ret) : !span_equal(wanted, given))
            return false;
    }
    return *pattern == '\0' && *path == '\0';
}

const char *pattern_get(const struct pattern_match *match, const char *name)
{
    for (size_t i = 0; i < match->count; i++)
        if (strcmp(match->params[i].name, name) == 0)
            return match->params[i].value;
    return NULL;
}

void pattern_fill(const char *pattern, const char *const values[], struct buf *out)
{
    struct span segment;

    while (next_segment(&pattern, &segment)) {
        buf_add_u8(out, '/');
        if (is_parameter(segment))
            percent_encode(span_of_str(*values++), out);
        else
            buf_add_span(out, segment);
    }
}
