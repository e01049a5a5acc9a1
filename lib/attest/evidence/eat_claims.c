/* The claims of a token for people: eat.h. */
#include "lib/attest/evidence/eat.h"
#include "lib/base/text.h"

#include <stdio.h>

#define NODES_MAX 1024 /* values in one token */
#define BYTES_MAX 256  /* of one value */
#define KEY_SIZE  80

static const struct {
    int64_t claim;
    const char *name;
} names[] = {
    {EAT_ISS, "iss"},
    {EAT_SUB, "sub"},
    {EAT_AUD, "aud"},
    {EAT_EXP, "exp"},
    {EAT_NBF, "nbf"},
    {EAT_IAT, "iat"},
    {7, "cti"},
    {EAT_CNF, "cnf"},
    {EAT_NONCE, "eat_nonce"},
    {EAT_UEID, "ueid"},
    {258, "oemid"},
    {259, "hwmodel"},
    {260, "hwversion"},
    {262, "oemboot"},
    {EAT_DBGSTAT, "dbgstat"},
    {264, "location"},
    {EAT_PROFILE_CLAIM, "eat_profile"},
    {EAT_SUBMODS, "submods"},
    {270, "swname"},
    {271, "swversion"},
    {272, "manifests"},
    {273, "measurements"},
    {274, "measres"},
    {275, "intuse"},
};

static void name_of(struct cbor key, bool top, char out[static KEY_SIZE])
{
    OWNED_BUF text = BUF_OF(KEY_SIZE - 1);
    int64_t number;

    if (cbor_int(key, &number)) {
        for (size_t i = 0; top && i < COUNT_OF(names); i++)
            if (names[i].claim == number)
                buf_add_str(&text, names[i].name);
        if (text.len == 0)
            buf_printf(&text, "%lld", (long long)number);
    } else {
        text_add_printable(&text, cbor_text(key), KEY_SIZE / 4 - 4);
    }
    snprintf(out, KEY_SIZE, "%s", buf_str(&text));
}

static struct json *bytes_claim(struct span bytes)
{
    struct json *cut;
    OWNED_BUF size = BUF_OF(64);

    if (bytes.len <= BYTES_MAX)
        return json_new_hex(bytes);
    cut = json_new_object();
    buf_printf(&size, "%zu", bytes.len);
    json_set_str(cut, "bytes", buf_str(&size));
    json_set_hex(cut, "first", span_part(bytes, 0, 32));
    return cut;
}

static struct json *text_claim(struct span text)
{
    OWNED_BUF shown = BUF_OF(8 * BYTES_MAX);

    text_add_printable(&shown, text, BYTES_MAX);
    return json_new_str(buf_str(&shown));
}

static struct json *number_claim(struct cbor item)
{
    OWNED_BUF text = BUF_OF(64);
    int64_t number = 0;

    if (cbor_int(item, &number) && number <= JSON_INTEGER_MAX && number >= -JSON_INTEGER_MAX)
        return json_new_int(number);
    buf_printf(&text, "%s%llu", item.kind == CBOR_NEGATIVE ? "-1 - " : "",
               (unsigned long long)item.number);
    return json_new_str(buf_str(&text));
}

static struct json *item_claim(struct cbor item, bool top, size_t *nodes);

static struct json *list_claim(struct cbor item, size_t *nodes)
{
    struct json *list = json_new_array();
    struct cbor_cursor cursor = cbor_begin(item);
    struct cbor value;

    while (*nodes < NODES_MAX && cbor_next(&cursor, &value))
        json_add(list, item_claim(value, false, nodes));
    return list;
}

static struct json *map_claim(struct cbor item, bool top, size_t *nodes)
{
    struct json *map = json_new_object();
    struct cbor_cursor cursor = cbor_begin(item);
    struct cbor key, value;
    char name[KEY_SIZE];

    while (*nodes < NODES_MAX && cbor_next_pair(&cursor, &key, &value)) {
        name_of(key, top, name);
        json_set(map, name, item_claim(value, false, nodes));
    }
    return map;
}

static struct json *tag_claim(struct cbor item, size_t *nodes)
{
    struct json *map = json_new_object();
    char name[KEY_SIZE];

    snprintf(name, sizeof(name), "tag %llu", (unsigned long long)item.number);
    json_set(map, name, item_claim(cbor_untag(item, item.number), false, nodes));
    return map;
}

/* Depth is bounded by what cbor_parse() takes, breadth by NODES_MAX. */
static struct json *item_claim(struct cbor item, bool top, size_t *nodes)
{
    (*nodes)++;
    switch (item.kind) {
    case CBOR_UINT:
    case CBOR_NEGATIVE: return number_claim(item);
    case CBOR_BYTES: return bytes_claim(cbor_bytes(item));
    case CBOR_TEXT: return text_claim(cbor_text(item));
    case CBOR_ARRAY: return list_claim(item, nodes);
    case CBOR_MAP: return map_claim(item, top, nodes);
    case CBOR_TAG: return tag_claim(item, nodes);
    case CBOR_BOOL: return json_new_bool(item.number != 0);
    case CBOR_FLOAT:
    case CBOR_NULL:
    case CBOR_UNDEFINED:
    case CBOR_NONE: break;
    }
    return json_new_str(NULL);
}

struct json *eat_claims(const struct eat *eat)
{
    size_t nodes = 0;

    return map_claim(eat->claims, true, &nodes);
}
