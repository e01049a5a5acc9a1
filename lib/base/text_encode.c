/* Hex and base64. */
#include "lib/base/text.h"

static const char base64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void text_hex(const void *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[from[i] >> 4];
        out[2 * i + 1] = digits[from[i] & 15];
    }
    out[2 * len] = '\0';
}

/* Without branches, which on digits nobody could foretell. */
static int hex_digit(uint8_t c)
{
    unsigned decimal = c - (unsigned)'0', letter = (c | 0x20U) - 'a';
    int value = letter < 6 ? (int)letter + 10 : -1;

    return decimal < 10 ? (int)decimal : value;
}

int text_decode_hex(struct span text, struct buf *out, struct err *err)
{
    size_t before = out->len;
    uint8_t *to;

    if (text.len % 2 != 0)
        return err_set(err, ERR_INPUT, "hex text has an odd number of digits (%zu)", text.len);
    to = buf_grow(out, text.len / 2);
    for (size_t i = 0; to != NULL && i < text.len; i += 2) {
        int high = hex_digit(text.data[i]);
        int low = hex_digit(text.data[i + 1]);

        if (high < 0 || low < 0) {
            buf_cut(out, before);
            return err_set(err, ERR_INPUT, "no hex digit at position %zu", high < 0 ? i : i + 1);
        }
        *to++ = (uint8_t)(high << 4 | low);
    }
    return buf_check(out, "hex text", err);
}

int text_parse_hex(const char *text, void *out, size_t len, struct err *err)
{
    OWNED_BUF bytes = BUF_OF(len);
    size_t digits = strlen(text);

    if (digits != 2 * len)
        return err_set(err, ERR_INPUT, "expected %zu hex digits, got %zu", 2 * len, digits);
    if (text_decode_hex(span_of_str(text), &bytes, err) < 0)
        return -1;
    if (len > 0)
        memcpy(out, bytes.data, len);
    return 0;
}

static void encode64(struct span bytes, const char *alphabet, bool pad, struct buf *out)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t have = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t group = (uint32_t)bytes.data[i] << 16;

        if (have > 1)
            group |= (uint32_t)bytes.data[i + 1] << 8;
        if (have > 2)
            group |= bytes.data[i + 2];
        for (size_t k = 0; k < 4; k++) {
            if (k <= have)
                buf_add_u8(out, (uint8_t)alphabet[group >> (18 - 6 * k) & 63]);
            else if (pad)
                buf_add_u8(out, '=');
        }
    }
}

void text_encode_base64(struct span bytes, struct buf *out)
{
    encode64(bytes, base64_std, true, out);
}

void text_encode_base64url(struct span bytes, struct buf *out)
{
    encode64(bytes, base64_url, false, out);
}

/* What the characters from '0' to 'z' stand for in both alphabets. */
static const int8_t values64['z' - '0' + 1] = {
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1, /* 0 */
    -1, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, /* A */
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1, /* P */
    -1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, /* a */
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,                     /* p */
};

/* The value of a character; -1 when the alphabet does not have it. */
static int digit64(uint8_t c, const char *alphabet)
{
    int value = c >= '0' && c <= 'z' ? values64[c - '0'] : -1;

    if (value >= 0)
        return value;
    if (c == (uint8_t)alphabet[62])
        return 62;
    return c == (uint8_t)alphabet[63] ? 63 : -1;
}

/* Four characters are three bytes; two or three at the end one or two. */
static int decode64(struct span text, const char *alphabet, struct buf *out, struct err *err)
{
    size_t rest = text.len % 4, before = out->len;
    uint8_t *to = buf_grow(out, text.len / 4 * 3 + (rest > 0 ? rest - 1 : 0));
    uint32_t bits = 0; /* those of the last characters */

    for (size_t i = 0; to != NULL && i < text.len; i++) {
        int digit = digit64(text.data[i], alphabet);

        if (digit < 0) {
            buf_cut(out, before);
            return err_set(err, ERR_INPUT, "no base64 character at position %zu", i);
        }
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 > 0)
            *to++ = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    if (rest == 1 || (rest == 2 && (bits & 15) != 0) || (rest == 3 && (bits & 3) != 0)) {
        buf_cut(out, before);
        return err_set(err, ERR_INPUT, "base64 text ends in the middle of a byte");
    }
    return buf_check(out, "base64 text", err);
}

int text_decode_base64(struct span text, struct buf *out, struct err *err)
{
    size_t len = text.len;

    if (len % 4 != 0)
        return err_set(err, ERR_INPUT, "base64 text of %zu characters lacks padding", len);
    for (int pad = 0; pad < 2 && len > 0 && text.data[len - 1] == '='; pad++)
        len--;
    return decode64(span_part(text, 0, len), base64_std, out, err);
}

int text_decode_base64url(struct span text, struct buf *out, struct err *err)
{
    return decode64(text, base64_url, out, err);
}
