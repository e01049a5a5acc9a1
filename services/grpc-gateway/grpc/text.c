#include "services/grpc-gateway/grpc/text.h"

#include "lib/base/text.h"

#include <string.h>

void grpc_text_encode_message(const char *text, struct buf *out)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c >= ' ' && c <= '~' && c != '%')
            buf_add_u8(out, c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c);

    return at == NULL ? -1 : (int)(at - digits);
}

void grpc_text_decode_message(const char *text, size_t max, struct buf *out)
{
    OWNED_BUF plain = BUF_OF(max);

    for (; *text != '\0' && plain.len < max; text++) {
        int high = text[0] == '%' ? hex_digit(text[1]) : -1;
        int low = high >= 0 ? hex_digit(text[2]) : -1;

        buf_add_u8(&plain, low >= 0 ? (uint8_t)(high << 4 | low) : (uint8_t)text[0]);
        text += low >= 0 ? 2 : 0;
    }
    text_add_printable(out, buf_span(&plain), max);
}

static const struct {
    char unit;
    int64_t ns;
} units[] = {
    {'H', 3600LL * 1000000000},
    {'M', 60LL * 1000000000},
    {'S', 1000000000},
    {'m', 1000000},
    {'u', 1000},
    {'n', 1},
};

int grpc_text_parse_timeout(const char *text, int64_t *ret_ms, struct err *err)
{
    int64_t value = 0;
    size_t digits = 0;

    while (digits < 8 && text[digits] >= '0' && text[digits] <= '9')
        value = value * 10 + (text[digits++] - '0');
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (digits == 0 || text[digits] != units[i].unit || text[digits + 1] != '\0')
            continue;
        /* 99999999 hours fit in 63 bits of milliseconds, not of nanoseconds */
        if (units[i].ns >= 1000000)
            *ret_ms = value * (units[i].ns / 1000000);
        else
            *ret_ms = (value * units[i].ns + 999999) / 1000000;
        return 0;
    }
    return err_set(err, ERR_INPUT, "grpc-timeout '%.20s' is not 1 to 8 digits and one of HMSmun",
                   text);
}

bool grpc_text_is_content_type(const char *text)
{
    static const char type[] = "application/grpc";
    size_t length = sizeof(type) - 1;

    return text != NULL && strncmp(text, type, length) == 0 &&
           (text[length] == '\0' || text[length] == '+' || text[length] == ';');
}
