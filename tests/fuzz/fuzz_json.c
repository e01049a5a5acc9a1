/* JSON: parsing, all ways of writing, and a table with every type of field. What was written must
 * read back as the same. The quick way against jansson's. */
#include "lib/json/json.h"
#include "lib/json/parse_plain.h"
#include "lib/json/table.h"
#include "tests/unit/json/plant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* Its text again, read back and written once more. */
static void rewrite(const struct json *json, void (*write)(const struct json *, struct buf *))
{
    OWNED_BUF first = BUF_OF(16 * MIB);
    OWNED_BUF second = BUF_OF(16 * MIB);
    OWNED_JSON *again = NULL;
    struct err err;

    write(json, &first);
    require(json_parse(buf_span(&first), &again, &err) == 0);
    write(again, &second);
    require(span_equal(buf_span(&first), buf_span(&second)));
}

static void canonise(const struct json *json)
{
    OWNED_BUF first = BUF_OF(16 * MIB);
    OWNED_BUF second = BUF_OF(16 * MIB);
    OWNED_JSON *again = NULL;
    struct err err;

    if (json_canonical(json, &first, &err) < 0)
        return;
    require(json_parse(buf_span(&first), &again, &err) == 0);
    require(json_canonical(again, &second, &err) == 0);
    require(span_equal(buf_span(&first), buf_span(&second)));
}

static void decode(const struct json *json)
{
    struct plant plant = {.leaves = 2}, again = {.leaves = 2};
    OWNED_JSON *encoded = NULL;
    struct err err;

    if (json_decode(json, &plant_table, &plant, &err) < 0) {
        require(err.kind == ERR_INPUT && span_is_zero(span_of(&plant, sizeof(plant))));
        return;
    }
    if (plant.pot.litres == 0)
        plant.pot.litres = 1; /* absent, which is none of the values that may be written */
    encoded = json_encode(&plant_table, &plant);
    require(json_decode(encoded, &plant_table, &again, &err) == 0);
    json_release(&plant_table, &plant);
    json_release(&plant_table, &again);
}

/* The quick way takes nothing that jansson refuses, and makes the same of it. */
static void compare(struct span text)
{
    json_t *quick = json_parse_plain(text);
    json_t *slow;

    if (quick == NULL)
        return;
    slow = json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
                      NULL);
    require(slow != NULL && json_equal(quick, slow));
    json_decref(quick);
    json_decref(slow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_JSON *json = NULL;
    struct err err;

    compare(span_of(data, size));
    if (json_parse(span_of(data, size), &json, &err) < 0)
        return 0;
    rewrite(json, json_write);
    rewrite(json, json_write_pretty);
    canonise(json);
    decode(json);
    return 0;
}
