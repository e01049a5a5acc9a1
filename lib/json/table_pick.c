#include "lib/json/table.h"

struct json *json_pick(const struct json *object, const struct json_table *table)
{
    struct json *known = json_new_object();

    for (size_t i = 0; i < table->count; i++) {
        const struct json_field *field = &table->fields[i];
        const struct json *value = json_get(object, field->key);

        if (value == NULL)
            continue;
        if (field->type == JSON_TYPE_OBJECT && json_kind_of(value) == JSON_KIND_OBJECT)
            json_set(known, field->key, json_pick(value, field->table));
        else
            json_set(known, field->key, json_new_copy(value));
    }
    return known;
}
