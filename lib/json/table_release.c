#include "lib/json/table_field.h"

static void release_strings(struct json_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct json_strings){0};
}

static void release_list(const struct json_table *table, struct json_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        json_release(table, (char *)list->items + i * table->size);
    free(list->items);
    *list = (struct json_list){0};
}

static void release_blob(struct json_blob *blob)
{
    free(blob->data);
    *blob = (struct json_blob){0};
}

static void release_any(struct json **any)
{
    json_free(*any);
    *any = NULL;
}

void json_field_release(const struct json_field *field, void *at)
{
    switch (field->type) {
    case JSON_TYPE_STR:
    case JSON_TYPE_TEXT: free_str(at); break;
    case JSON_TYPE_HEX: *(struct json_bytes *)at = (struct json_bytes){0}; break;
    case JSON_TYPE_BASE64: release_blob(at); break;
    case JSON_TYPE_OBJECT: json_release(field->table, at); break;
    case JSON_TYPE_LIST: release_list(field->table, at); break;
    case JSON_TYPE_STR_LIST: release_strings(at); break;
    case JSON_TYPE_ANY: release_any(at); break;
    case JSON_TYPE_BOOL:
    case JSON_TYPE_U32:
    case JSON_TYPE_U64:
    case JSON_TYPE_ENUM:
    case JSON_TYPE_DURATION:
    case JSON_TYPE_TIME: break;
    }
}

void json_release(const struct json_table *table, void *in)
{
    for (size_t i = 0; i < table->count; i++)
        json_field_release(&table->fields[i], json_field_at(&table->fields[i], in));
    memset(in, 0, table->size);
}
