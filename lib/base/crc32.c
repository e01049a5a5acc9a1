#include "lib/base/crc32.h"

/* The CRC of each value of four bits. */
static const uint32_t nibbles[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

#define STEPS   8   /* of four bits, in a word of 32 */
#define LONG_IN 256 /* from here on the tables for whole words are worth making */

static uint32_t step(uint32_t crc)
{
    return crc >> 4 ^ nibbles[crc & 15];
}

/* Whole words: the steps that follow one another for a word do not wait for each other. Tables are
 * made from the one above, which takes as long as a few dozen bytes. Returns how many were taken.
 */
static size_t add_words(uint32_t *crc, struct span bytes)
{
    uint32_t tables[STEPS][16], value = *crc;
    size_t at = 0;

    for (size_t i = 0; i < 16; i++) {
        tables[STEPS - 1][i] = nibbles[i];
        for (size_t k = STEPS - 1; k > 0; k--)
            tables[k - 1][i] = step(tables[k][i]);
    }
    for (; bytes.len - at >= 4; at += 4) {
        const uint8_t *in = bytes.data + at;
        uint32_t sum = 0;

        value ^= in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
        for (size_t k = 0; k < STEPS; k++)
            sum ^= tables[k][value >> (4 * k) & 15];
        value = sum;
    }
    *crc = value;
    return at;
}

uint32_t crc32_add(uint32_t crc, struct span bytes)
{
    size_t at = 0;

    crc = ~crc;
    if (bytes.len >= LONG_IN)
        at = add_words(&crc, bytes);
    for (; at < bytes.len; at++)
        crc = step(step(crc ^ bytes.data[at]));
    return ~crc;
}
