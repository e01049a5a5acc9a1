/* A struct with one field of every type, and its tables, for the tests of the table. */
#ifndef COCOS_TESTS_PLANT_H
#define COCOS_TESTS_PLANT_H

#include "lib/json/table.h"

enum colour { COLOUR_NONE, COLOUR_RED, COLOUR_GREEN };

struct pot {
    uint32_t litres;
    char *label;
};

struct plant {
    char *name;
    char *story;
    bool alive;
    uint32_t leaves;
    uint64_t seeds;
    struct json_bytes digest;
    struct json_blob pollen;
    int colour;
    uint64_t watered;
    int64_t sown_at;
    struct pot pot;
    struct json_list pots;
    struct json_strings tags;
    struct json *more;
};

static const char *const colour_names[] = {"none", "red", "green", NULL};

static const struct json_field pot_fields[] = {
    JSON_FIELD_U32(pot, litres, 1, 100, JSON_REQUIRED),
    JSON_FIELD_STR(pot, label, 0, 8, JSON_NULLABLE),
};
static const struct json_table pot_table = JSON_TABLE("pot", pot, pot_fields);

static const struct json_field plant_fields[] = {
    JSON_FIELD_STR(plant, name, 1, 8, JSON_REQUIRED),
    JSON_FIELD_TEXT(plant, story, 0, 64, 0),
    JSON_FIELD_BOOL(plant, alive, JSON_SKIP_EMPTY),
    JSON_FIELD_U32(plant, leaves, 2, UINT32_MAX, JSON_SKIP_EMPTY),
    JSON_FIELD_U64(plant, seeds, 0, UINT64_MAX, JSON_SKIP_EMPTY),
    JSON_FIELD_HEX(plant, digest, 4, JSON_NULLABLE),
    JSON_FIELD_BASE64(plant, pollen, 1, 4, 0),
    JSON_FIELD_ENUM(plant, colour, colour_names, 0),
    JSON_FIELD_DURATION(plant, watered, 1000, 60000, JSON_SKIP_EMPTY),
    JSON_FIELD_TIME(plant, sown_at, JSON_NULLABLE),
    JSON_FIELD_OBJECT(plant, pot, &pot_table, JSON_SKIP_EMPTY),
    JSON_FIELD_LIST(plant, pots, &pot_table, 1, 3, JSON_SKIP_EMPTY),
    JSON_FIELD_STR_LIST(plant, tags, 2, 4, JSON_SKIP_EMPTY),
    JSON_FIELD_ANY(plant, more, 0),
};
static const struct json_table plant_table = JSON_TABLE("plant", plant, plant_fields);

#define FULL_PLANT                                                                                 \
    "{\"name\":\"rose\",\"story\":\"a\\n\\tb\",\"alive\":true,\"leaves\":4294967295,"              \
    "\"seeds\":9007199254740991,\"digest\":\"00ff10ab\",\"pollen\":\"aGVs\",\"colour\":\"green\"," \
    "\"watered\":\"1m\",\"sown_at\":\"2026-11-23T04:05:06Z\",\"pot\":{\"litres\":1,"               \
    "\"label\":\"\"},\"pots\":[{\"litres\":2,\"label\":\"x\"},{\"litres\":100,\"label\":null}],"   \
    "\"tags\":[\"\",\"four\"],\"more\":{\"deep\":[1.5,null]}}"

#endif
