#include "lib/crypto/ecdsa.h"

#include "lib/crypto/der.h"

/* FIPS 186-4, D.1.2.3 and D.1.2.4. */
static const uint8_t order_p256[] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};
static const uint8_t order_p384[] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
};

/* Big-endian numbers of one length. */
static bool is_below(struct span a, struct span b)
{
    for (size_t i = 0; i < a.len; i++)
        if (a.data[i] != b.data[i])
            return a.data[i] < b.data[i];
    return false;
}

static int check_scalar(struct span scalar, struct span order, const char *name, struct err *err)
{
    if (span_is_zero(scalar))
        return err_set(err, ERR_UNTRUSTED, "%s of the signature is zero", name);
    if (!is_below(scalar, order))
        return err_set(err, ERR_UNTRUSTED, "%s of the signature is not below the curve's order",
                       name);
    return 0;
}

int ecdsa_check_range(enum key_type curve, struct span signature, struct err *err)
{
    struct span order = curve == KEY_P384 ? SPAN_OF_ARRAY(order_p384) : SPAN_OF_ARRAY(order_p256);

    if (signature.len != 2 * order.len)
        return err_set(err, ERR_UNTRUSTED, "signature has %zu bytes, not %zu", signature.len,
                       2 * order.len);
    if (check_scalar(span_part(signature, 0, order.len), order, "r", err) < 0)
        return -1;
    return check_scalar(span_part(signature, order.len, order.len), order, "s", err);
}

int ecdsa_from_der(enum key_type curve, struct span der, uint8_t out[static ECDSA_SIGNATURE_MAX],
                   size_t *ret_len, struct err *err)
{
    size_t half = curve == KEY_P384 ? sizeof(order_p384) : sizeof(order_p256);
    struct der outer = der_of(der);
    struct der d = der_of(der_take(&outer, DER_SEQUENCE));
    struct span r = der_unsigned(&d), s = der_unsigned(&d);
    const struct span numbers[2] = {r, s};

    if (!der_end(&outer) || !der_end(&d) || r.len > half || s.len > half)
        return err_set(err, ERR_UNTRUSTED, "its signature is not r and s in DER");
    memset(out, 0, 2 * half);
    for (size_t i = 0; i < 2; i++)
        if (numbers[i].len > 0)
            memcpy(out + (i + 1) * half - numbers[i].len, numbers[i].data, numbers[i].len);
    *ret_len = 2 * half;
    return 0;
}
