/* Words of flags as claims: JSON numbers end at 2^53, and nobody knows bits by heart. */
#ifndef COCOS_ATTEST_CLAIM_BITS_H
#define COCOS_ATTEST_CLAIM_BITS_H

#include "lib/json/json.h"

struct claim_bit {
    uint64_t bit;
    const char *name;
};

/* {"raw": "0x30000", "smt_allowed": true, ...}; a fresh tree for the caller. */
struct json *claim_bits(uint64_t raw, const struct claim_bit *names, size_t count);

/* Sets the member to "0x30000". */
void claim_set_word(struct json *json, const char *key, uint64_t value);

#endif
