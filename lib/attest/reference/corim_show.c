#include "lib/attest/reference/corim_show.h"

#include "lib/base/text.h"

#include <inttypes.h>

#define TEXT_SHOWN 1024

static struct json *text_of(struct span text)
{
    OWNED_BUF shown = BUF_OF(4 * TEXT_SHOWN + 8);

    text_add_printable(&shown, text, TEXT_SHOWN);
    return json_new_str(buf_str(&shown));
}

/* Texts as they are, bytes as hex, numbers as decimals, whatever is below tags. */
static struct json *scalar_of(struct cbor item)
{
    int64_t number;

    while (item.kind == CBOR_TAG)
        item = cbor_untag(item, item.number);
    if (item.kind == CBOR_TEXT)
        return text_of(item.inside);
    if (item.kind == CBOR_BYTES)
        return json_new_hex(item.inside);
    return cbor_int(item, &number) ? json_new_int(number) : json_new_str("?");
}

static void set_scalar(struct json *json, const char *key, struct cbor item)
{
    if (item.kind != CBOR_NONE)
        json_set(json, key, scalar_of(item));
}

/* {"alg": 7, "value": hex} for each. */
static struct json *digests_of(struct cbor digests)
{
    struct json *list = json_new_array();
    struct cbor_cursor cursor = cbor_begin(digests);
    struct cbor digest;

    while (cbor_next(&cursor, &digest)) {
        struct json *entry = json_new_object();

        set_scalar(entry, "alg", cbor_at(digest, 0));
        set_scalar(entry, "value", cbor_at(digest, 1));
        json_add(list, entry);
    }
    return list;
}

static struct json *registers_of(struct cbor table)
{
    struct json *json = json_new_object();
    struct cbor_cursor cursor = cbor_begin(table);
    struct cbor key, digests;

    while (cbor_next_pair(&cursor, &key, &digests)) {
        OWNED_JSON *name = scalar_of(key);
        OWNED(free_str) char *number = mem_printf("%" PRId64, json_int(name));

        json_set(json, json_str(name) != NULL ? json_str(name) : number, digests_of(digests));
    }
    return json;
}

static void set_values(struct json *json, struct cbor values)
{
    static const struct {
        int64_t key;
        const char *name;
    } scalars[] = {{VALUE_NAME, "name"}, {VALUE_RAW_MASK, "mask"}, {8, "serial_number"}};
    struct cbor svn = cbor_find_int(values, VALUE_SVN);
    struct cbor raw = cbor_find_int(values, VALUE_RAW);
    struct cbor digests = cbor_find_int(values, VALUE_DIGESTS);
    struct cbor registers = cbor_find_int(values, VALUE_REGISTERS);
    struct cbor version = cbor_find_int(cbor_find_int(values, VALUE_VERSION), 0);
    const size_t had = json_count(json);
    size_t shown;

    set_scalar(json, "version", version);
    set_scalar(json, svn.number == CORIM_TAG_MIN_SVN && svn.kind == CBOR_TAG ? "min_svn" : "svn",
               svn);
    if (digests.kind != CBOR_NONE)
        json_set(json, "digests", digests_of(digests));
    set_scalar(json, "raw",
               raw.number == CORIM_TAG_MASKED ? cbor_at(cbor_untag(raw, raw.number), 0) : raw);
    for (size_t i = 0; i < COUNT_OF(scalars); i++)
        set_scalar(json, scalars[i].name, cbor_find_int(values, scalars[i].key));
    if (registers.kind != CBOR_NONE)
        json_set(json, "registers", registers_of(registers));
    shown = json_count(json) - had;
    if (values.number > shown)
        json_set_int(json, "more", (int64_t)(values.number - shown));
}

static int add_reference(void *to, const struct corim_reference *reference, struct err *err)
{
    struct cbor class = cbor_find_int(reference->environment, ENVIRONMENT_CLASS);
    struct json *json = json_new_object();

    (void)err;
    set_scalar(json, "class", cbor_find_int(class, CLASS_ID));
    set_scalar(json, "vendor", cbor_find_int(class, CLASS_VENDOR));
    set_scalar(json, "model", cbor_find_int(class, CLASS_MODEL));
    set_scalar(json, "instance", cbor_find_int(reference->environment, ENVIRONMENT_INSTANCE));
    set_scalar(json, "key", reference->key);
    set_values(json, reference->values);
    json_add(to, json);
    return 0;
}

static void set_time(struct json *json, const char *key, int64_t time)
{
    if (time != INT64_MIN && time != INT64_MAX)
        json_set_time(json, key, time);
}

struct json *corim_show(const struct corim *corim)
{
    struct json *json = json_new_object(), *references = json_new_array();
    struct err err;

    set_scalar(json, "id", corim->id);
    set_scalar(json, "profile", corim->profile);
    json_set_bool(json, "signed", corim->is_signed);
    if (corim->signer.len > 0)
        json_set(json, "signer", text_of(corim->signer));
    set_time(json, "valid_from", corim->validity.from);
    set_time(json, "valid_until", corim->validity.until);
    set_time(json, "signature_valid_from", corim->signature_validity.from);
    set_time(json, "signature_valid_until", corim->signature_validity.until);
    if (corim->extensions > 0)
        json_set_int(json, "extensions", (int64_t)corim->extensions);
    if (corim_each_reference(corim, add_reference, references, &err) < 0)
        json_set_str(json, "fault", err.text);
    json_set(json, "references", references);
    return json;
}
