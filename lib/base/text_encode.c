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

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int text_decode_hex(struct span text, struct buf *out, struct err *err)
{
    if (text.len % 2 != 0)
        return err_set(err, ERR_INPUT, "hex text has an odd number of digits (%zu)", text.len);
    for (size_t i = 0; i < text.len; i += 2) {
        int high = hex_digit(text.data[i]);
        int low = hex_digit(text.data[i + 1]);

        if (high < 0 || low < 0)
            return err_set(err, ERR_INPUT, "no hex digit at position %zu", high < 0 ? i : i + 1);
        buf_add_u8(out, (uint8_t)(high << 4 | low));
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

static int decode64(struct span text, const char *alphabet, struct buf *out, struct err *err)
{
    uint32_t group = 0;
    size_t have = 0;

    for (size_t i = 0; i < text.len; i++) {
        const char *found = text.data[i] ? strchr(alphabet, text.data[i]) : NULL;

        if (found == NULL)
            return err_set(err, ERR_INPUT, "no base64 character at position %zu", i);
        group = group << 6 | (uint32_t)(found - alphabet);
        if (++have < 4)
            continue;
        buf_add_u8(out, (uint8_t)(group >> 16));
        buf_add_u8(out, (uint8_t)(group >> 8));
        buf_add_u8(out, (uint8_t)group);
        group = 0;
        have = 0;
    }

    if (have == 1 || (have == 2 && (group & 15) != 0) || (have == 3 && (group & 3) != 0))
        return err_set(err, ERR_INPUT, "base64 text ends in the middle of a byte");
    if (have == 2)
        buf_add_u8(out, (uint8_t)(group >> 4));
    if (have == 3) {
        buf_add_u8(out, (uint8_t)(group >> 10));
        buf_add_u8(out, (uint8_t)(group >> 2));
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
