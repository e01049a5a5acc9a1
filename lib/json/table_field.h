/* For lib/json only: what decoding, encoding and releasing share. */
#ifndef COCOS_JSON_TABLE_FIELD_H
#define COCOS_JSON_TABLE_FIELD_H

#include "lib/json/table.h"

/* Releases what one field owns, at its place in the struct, and leaves absence behind. Numbers and
 * embedded structs that own nothing keep their values. */
void json_field_release(const struct json_field *field, void *at);

static inline void *json_field_at(const struct json_field *field, const void *object)
{
    return (char *)object + field->offset;
}

#endif
