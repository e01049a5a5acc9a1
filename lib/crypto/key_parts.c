#include "lib/crypto/key_parts.h"

#define SPKI_MAX 4096

/* AlgorithmIdentifiers, whole (RFC 3279, 5480, 8410). */
static const uint8_t rsa_id[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
static const uint8_t p256_id[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                  0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t p384_id[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                  0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static const uint8_t ed25519_id[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};

enum { DER_INTEGER = 0x02, DER_BIT_STRING = 0x03, DER_SEQUENCE = 0x30 };

static void add_header(struct buf *out, uint8_t tag, size_t len)
{
    buf_add_u8(out, tag);
    if (len >= 0x100) {
        buf_add_u8(out, 0x82);
        buf_add_u8(out, (uint8_t)(len >> 8));
    } else if (len >= 0x80) {
        buf_add_u8(out, 0x81);
    }
    buf_add_u8(out, (uint8_t)len);
}

static struct span strip_zeros(struct span number)
{
    while (number.len > 0 && number.data[0] == 0)
        number = span_part(number, 1, number.len);
    return number;
}

static void add_integer(struct buf *out, struct span number)
{
    struct span digits = strip_zeros(number);
    bool pad = digits.len == 0 || digits.data[0] >= 0x80;

    add_header(out, DER_INTEGER, digits.len + pad);
    if (pad)
        buf_add_u8(out, 0);
    buf_add_span(out, digits);
}

static int load(struct span algorithm, struct span bits, struct key **ret, struct err *err)
{
    OWNED_BUF inner = BUF_OF(SPKI_MAX), spki = BUF_OF(SPKI_MAX);

    buf_add_span(&inner, algorithm);
    add_header(&inner, DER_BIT_STRING, bits.len + 1);
    buf_add_u8(&inner, 0);
    buf_add_span(&inner, bits);
    add_header(&spki, DER_SEQUENCE, inner.len);
    buf_add_span(&spki, buf_span(&inner));
    if (inner.overflow || spki.overflow)
        return err_set(err, ERR_INPUT, "public key: its numbers are too long");
    return key_load_public_der(buf_span(&spki), ret, err);
}

int key_from_rsa(struct span modulus, struct span exponent, struct key **ret, struct err *err)
{
    OWNED_BUF numbers = BUF_OF(SPKI_MAX), sequence = BUF_OF(SPKI_MAX);

    add_integer(&numbers, modulus);
    add_integer(&numbers, exponent);
    if (numbers.overflow)
        return err_set(err, ERR_INPUT, "public key: its numbers are too long");
    add_header(&sequence, DER_SEQUENCE, numbers.len);
    buf_add_span(&sequence, buf_span(&numbers));
    return load(SPAN_OF_ARRAY(rsa_id), buf_span(&sequence), ret, err);
}

/* A coordinate has exactly the size of the field. */
static bool add_coordinate(struct buf *out, struct span number, size_t size)
{
    struct span digits = strip_zeros(number);

    if (digits.len > size)
        return false;
    memset(buf_grow(out, size), 0, size);
    if (digits.len > 0)
        memcpy(out->data + out->len - digits.len, digits.data, digits.len);
    return true;
}

int key_from_point(enum key_type curve, struct span x, struct span y, struct key **ret,
                   struct err *err)
{
    const struct span id = curve == KEY_P256 ? SPAN_OF_ARRAY(p256_id) : SPAN_OF_ARRAY(p384_id);
    const size_t size = curve == KEY_P256 ? 32 : 48;
    OWNED_BUF point = BUF_OF(128);

    if (curve != KEY_P256 && curve != KEY_P384)
        return err_set(err, ERR_INPUT, "public key: not a curve with two coordinates");
    buf_add_u8(&point, 0x04); /* uncompressed */
    if (!add_coordinate(&point, x, size) || !add_coordinate(&point, y, size))
        return err_set(err, ERR_INPUT, "public key: a coordinate is too long for %s",
                       key_type_names[curve]);
    return load(id, buf_span(&point), ret, err);
}

int key_from_ed25519(struct span point, struct key **ret, struct err *err)
{
    return load(SPAN_OF_ARRAY(ed25519_id), point, ret, err);
}
