#include "lib/attest/evidence/claim_bits.h"

#include <inttypes.h>
#include <stdio.h>

void claim_set_word(struct json *json, const char *key, uint64_t value)
{
    char text[19];

    snprintf(text, sizeof(text), "0x%" PRIx64, value);
    json_set_str(json, key, text);
}

struct json *claim_bits(uint64_t raw, const struct claim_bit *names, size_t count)
{
    struct json *json = json_new_object();

    claim_set_word(json, "raw", raw);
    for (size_t i = 0; i < count; i++)
        json_set_bool(json, names[i].name, (raw & names[i].bit) != 0);
    return json;
}
