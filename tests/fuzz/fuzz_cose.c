/* COSE_Sign1: parsed, and verified with a key that signed none of it. */
#include "lib/cbor/cose.h"
#include "lib/crypto/key_parts.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The generator of P-256, so a key whose private half is 1. */
static const uint8_t x[32] = {0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
                              0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
                              0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96};
static const uint8_t y[32] = {0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb,
                              0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31,
                              0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct key *key;
    struct cose_sign1 message;
    struct err err;

    if (key == NULL && key_from_point(KEY_P256, SPAN_OF_ARRAY(x), SPAN_OF_ARRAY(y), &key, &err) < 0)
        abort();
    if (cose_sign1_parse(span_of(data, size), &message, &err) < 0)
        return 0;
    (void)cose_sign1_header(&message, COSE_KID);
    (void)!cose_sign1_verify(&message, key, NULL, &err);
    return 0;
}
