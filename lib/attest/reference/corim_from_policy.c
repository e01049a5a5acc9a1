#include "lib/attest/reference/corim_class.h"

#include "lib/base/text.h"
#include "lib/json/pointer.h"

#define REGISTERS_MAX 24
#define BANKS         3
#define VALUE_MAX     (64 * KIB)

/* A document under way. */
struct making {
    const struct json *document;
    struct corim_draft *draft;
    const struct corim_part *part;
    size_t part_count; /* triples of the part so far */
};

static int add_values(struct making *making, const char *key, struct cbor_map *values,
                      struct err *err)
{
    const struct corim_class class = {making->part->uuid, CORIM_CLASS_VENDOR, making->part->model};

    making->part_count++;
    return corim_draft_add(making->draft, &class, key, values, err);
}

/* --- one value --- */

static int add_digest(const char *hex, struct buf *out, struct err *err)
{
    OWNED_BUF bytes = BUF_OF(DIGEST_SIZE_MAX);

    if (text_decode_hex(span_of_str(hex), &bytes, err) < 0)
        return -1;
    if (corim_digest_id(bytes.len) == 0)
        return err_set(err, ERR_UNSUPPORTED,
                       "a digest of %zu bytes: the registry of digests that CoRIM uses has none "
                       "such; leave it out, or keep the policy as JSON",
                       bytes.len);
    cbor_add_array(out, 2);
    cbor_add_int(out, corim_digest_id(bytes.len));
    cbor_add_bytes(out, buf_span(&bytes));
    return 0;
}

static int put_digest(const struct json *value, struct cbor_map *map, struct err *err)
{
    cbor_map_key_int(map, VALUE_DIGESTS);
    cbor_add_array(&map->items, 1);
    return add_digest(json_str(value), &map->items, err);
}

static void put_raw(struct span bytes, struct cbor_map *map)
{
    cbor_map_key_int(map, VALUE_RAW);
    cbor_add_tag(&map->items, CORIM_TAG_BYTES);
    cbor_add_bytes(&map->items, bytes);
}

static int put_bytes(const struct json *value, struct cbor_map *map, struct err *err)
{
    OWNED_BUF bytes = BUF_OF(JSON_BYTES_MAX);

    if (text_decode_hex(span_of_str(json_str(value)), &bytes, err) < 0)
        return -1;
    put_raw(buf_span(&bytes), map);
    return 0;
}

static int put_text(const struct json *value, struct cbor_map *map, struct err *err)
{
    if (json_str(value)[0] == '\0')
        return err_set(err, ERR_INPUT, "an empty text");
    cbor_map_key_int(map, VALUE_NAME);
    cbor_add_text(&map->items, json_str(value));
    return 0;
}

static int put_flag(const struct json *value, struct cbor_map *map, struct err *err)
{
    const uint8_t byte = json_bool(value);

    (void)err;
    put_raw(span_of(&byte, 1), map);
    return 0;
}

static void put_svn(const struct json *value, enum corim_tag tag, struct cbor_map *map)
{
    cbor_map_key_int(map, VALUE_SVN);
    cbor_add_tag(&map->items, tag);
    cbor_add_uint(&map->items, (uint64_t)json_int(value));
}

static int put_number(const struct json *value, struct cbor_map *map, struct err *err)
{
    (void)err;
    put_svn(value, CORIM_TAG_SVN, map);
    return 0;
}

static int put_least(const struct json *value, struct cbor_map *map, struct err *err)
{
    (void)err;
    put_svn(value, CORIM_TAG_MIN_SVN, map);
    return 0;
}

static int put_mask(const struct json *value, struct cbor_map *map, struct err *err)
{
    uint8_t bytes[8];
    uint64_t bits;

    if (policy_read_mask(value, &bits, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(bits >> (56 - 8 * i));
    put_raw(SPAN_OF_ARRAY(bytes), map);
    return 0;
}

static void put_pem(const struct json *value, enum corim_tag tag, struct cbor_map *map)
{
    cbor_map_key_int(map, VALUE_KEYS);
    cbor_add_array(&map->items, 1);
    cbor_add_tag(&map->items, tag);
    cbor_add_text(&map->items, json_str(value));
}

static int put_cert(const struct json *value, struct cbor_map *map, struct err *err)
{
    (void)err;
    put_pem(value, CORIM_TAG_CERT, map);
    return 0;
}

static int put_key(const struct json *value, struct cbor_map *map, struct err *err)
{
    (void)err;
    put_pem(value, CORIM_TAG_KEY, map);
    return 0;
}

static int (*const putters[])(const struct json *value, struct cbor_map *map, struct err *err) = {
    [FORM_DIGEST] = put_digest, [FORM_BYTES] = put_bytes,   [FORM_TEXT] = put_text,
    [FORM_FLAG] = put_flag,     [FORM_NUMBER] = put_number, [FORM_LEAST] = put_least,
    [FORM_MASK] = put_mask,     [FORM_CERT] = put_cert,     [FORM_KEY] = put_key,
};

static int add_member(struct making *making, const struct policy_member *member, struct err *err)
{
    const struct json *value = policy_member_get(making->document, member);

    for (size_t i = 0; i < policy_values_count(value); i++) {
        OWNED_CBOR_MAP map = CBOR_MAP_OF(VALUE_MAX);

        if (putters[member->form](policy_values_at(value, i), &map, err) < 0 ||
            add_values(making, member->name, &map, err) < 0)
            return err_wrap(err, "%s.%s", member->part, member->name);
    }
    return 0;
}

/* --- registers --- */

/* The values of every register of a part, by bank. */
struct registers {
    const char *key;
    const struct json *values[REGISTERS_MAX][BANKS];
};

static int add_register(size_t index, const struct json *value, struct cbor_map *table,
                        struct err *err)
{
    cbor_map_key_int(table, (int64_t)index);
    cbor_add_array(&table->items, 1);
    return add_digest(json_str(value), &table->items, err);
}

static int finish_registers(struct making *making, const char *key, struct cbor_map *table,
                            struct err *err)
{
    OWNED_CBOR_MAP map = CBOR_MAP_OF(VALUE_MAX);

    if (table->count == 0)
        return 0;
    cbor_map_key_int(&map, VALUE_REGISTERS);
    if (cbor_map_write(table, &map.items, err) < 0)
        return -1;
    return add_values(making, key, &map, err);
}

/* Registers of one value stand together, a triple a bank; alternatives each in a triple. */
static int add_bank(struct making *making, const struct registers *registers, size_t bank,
                    struct err *err)
{
    OWNED_CBOR_MAP together = CBOR_MAP_OF(VALUE_MAX);

    for (size_t i = 0; i < REGISTERS_MAX; i++) {
        const struct json *value = registers->values[i][bank];

        if (policy_values_count(value) == 1 &&
            add_register(i, policy_values_at(value, 0), &together, err) < 0)
            return -1;
    }
    if (finish_registers(making, registers->key, &together, err) < 0)
        return -1;
    for (size_t i = 0; i < REGISTERS_MAX; i++) {
        const struct json *value = registers->values[i][bank];

        for (size_t j = 0; policy_values_count(value) > 1 && j < policy_values_count(value); j++) {
            OWNED_CBOR_MAP alone = CBOR_MAP_OF(VALUE_MAX);

            if (add_register(i, policy_values_at(value, j), &alone, err) < 0 ||
                finish_registers(making, registers->key, &alone, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int add_registers(struct making *making, const struct registers *registers, struct err *err)
{
    for (size_t bank = 0; bank < BANKS; bank++)
        if (add_bank(making, registers, bank, err) < 0)
            return err_wrap(err, "%s.%s", making->part->part, registers->key);
    return 0;
}

static int add_rtmrs(struct making *making, struct err *err)
{
    struct registers registers = {.key = CORIM_KEY_RTMRS};

    for (const struct policy_member *member = policy_members; member->part != NULL; member++)
        if (member->form == FORM_REGISTER)
            registers.values[member->index][0] = policy_member_get(making->document, member);
    return add_registers(making, &registers, err);
}

static int add_pcrs(struct making *making, const struct json *pcrs, struct err *err)
{
    struct registers registers = {.key = CORIM_KEY_PCRS};
    const struct json *bank, *values;
    const char *name = NULL;

    if (json_count(json_get(pcrs, "sha1")) > 0)
        return err_set(
            err, ERR_UNSUPPORTED,
            "vtpm.pcrs.sha1: the registry of digests that CoRIM uses has no SHA-1; leave "
            "the bank out, or keep the policy as JSON");
    for (size_t i = 0; i < BANKS; i++) {
        const char *index = NULL;

        name = corim_banks[i].name;
        bank = json_get(pcrs, name);
        while (json_kind_of(bank) == JSON_KIND_OBJECT && (values = json_next(bank, &index)) != NULL)
            if (json_kind_of(values) != JSON_KIND_NULL)
                registers.values[strtoul(index, NULL, 10) % REGISTERS_MAX][i] = values;
    }
    return add_registers(making, &registers, err);
}

/* --- the whole --- */

/* A part that is named and empty still says that this kind of evidence is meant. */
static int add_part_mark(struct making *making, struct err *err)
{
    OWNED_CBOR_MAP map = CBOR_MAP_OF(VALUE_MAX);
    const uint8_t yes = 1;

    if (making->part->part[0] == '\0' || making->part_count > 0 ||
        json_kind_of(json_get(making->document, making->part->part)) != JSON_KIND_OBJECT)
        return 0;
    put_raw(span_of(&yes, 1), &map);
    return add_values(making, CORIM_KEY_PART, &map, err);
}

static int add_part(struct making *making, struct err *err)
{
    for (const struct policy_member *member = policy_members; member->part != NULL; member++) {
        int result = 0;

        if (strcmp(member->part, making->part->part) != 0)
            continue;
        if (member->form == FORM_PCRS)
            result = add_pcrs(making, policy_member_get(making->document, member), err);
        else if (member->form == FORM_REGISTER)
            result = member->index == 0 ? add_rtmrs(making, err) : 0;
        else
            result = add_member(making, member, err);
        if (result < 0)
            return -1;
    }
    return add_part_mark(making, err);
}

int corim_from_policy(const struct json *document, struct corim_period validity, struct buf *out,
                      struct err *err)
{
    OWNED_CORIM_DRAFT draft = CORIM_DRAFT_NEW;
    const struct corim_about about = {CORIM_POLICY_PROFILE, validity};
    OWNED_POLICY *checked = NULL;

    if (policy_decode(document, &checked, err) < 0)
        return -1;
    for (const struct corim_part *part = corim_parts; part->part != NULL; part++) {
        struct making making = {document, &draft, part, 0};

        if (add_part(&making, err) < 0)
            return err_wrap(err, "corim");
    }
    return corim_write(&draft, &about, out, err);
}
