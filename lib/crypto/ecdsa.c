#include "lib/crypto/ecdsa.h"

#include "lib/crypto/sign.h"

#define SCALAR_MAX 48

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

static int check_scalar(struct span scalar, struct span order, const char *name, struct err *err)
{
    if (scalar.len != order.len)
        return err_set(err, ERR_INPUT, "%s has %zu bytes, expected %zu", name, scalar.len,
                       order.len);
    if (span_is_zero(scalar))
        return err_set(err, ERR_UNTRUSTED, "%s of the signature is zero", name);
    if (memcmp(scalar.data, order.data, order.len) >= 0)
        return err_set(err, ERR_UNTRUSTED, "%s of the signature is not below the curve's order",
                       name);
    return 0;
}

int ecdsa_verify(const struct key *key, struct span message, struct span r, struct span s,
                 struct err *err)
{
    uint8_t halves[2 * SCALAR_MAX];
    struct span order;

    if (key_type_of(key) == KEY_P256)
        order = SPAN_OF_ARRAY(order_p256);
    else if (key_type_of(key) == KEY_P384)
        order = SPAN_OF_ARRAY(order_p384);
    else
        return err_set(err, ERR_INPUT, "the key is of type %s, expected p256 or p384",
                       key_type_names[key_type_of(key)]);

    if (check_scalar(r, order, "r", err) < 0 || check_scalar(s, order, "s", err) < 0)
        return -1;
    memcpy(halves, r.data, order.len);
    memcpy(halves + order.len, s.data, order.len);
    return sign_verify(key, message, span_of(halves, 2 * order.len), err);
}
