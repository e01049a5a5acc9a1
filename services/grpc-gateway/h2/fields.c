#include "services/grpc-gateway/h2/fields.h"

#include <string.h>

void h2_fields_done(struct h2_fields *fields)
{
    buf_done(&fields->text);
    fields->count = 0;
}

void h2_fields_add(struct h2_fields *fields, struct span name, struct span value)
{
    buf_add_span(&fields->text, name);
    buf_add_u8(&fields->text, 0);
    buf_add_span(&fields->text, value);
    buf_add_u8(&fields->text, 0);
    fields->count++;
}

void h2_fields_add_str(struct h2_fields *fields, const char *name, const char *value)
{
    h2_fields_add(fields, span_of_str(name), span_of_str(value));
}

bool h2_fields_next(const struct h2_fields *fields, size_t *at, struct h2_field *ret)
{
    const char *text = (const char *)fields->text.data;

    if (fields->text.overflow || *at >= fields->text.len)
        return false;
    ret->name = text + *at;
    *at += strlen(ret->name) + 1;
    ret->value = text + *at;
    *at += strlen(ret->value) + 1;
    return true;
}

const char *h2_fields_find(const struct h2_fields *fields, const char *name)
{
    struct h2_field field;
    size_t at = 0;

    while (h2_fields_next(fields, &at, &field))
        if (strcmp(field.name, name) == 0)
            return field.value;
    return NULL;
}

size_t h2_fields_count(const struct h2_fields *fields, const char *name)
{
    struct h2_field field;
    size_t at = 0, count = 0;

    while (h2_fields_next(fields, &at, &field))
        count += strcmp(field.name, name) == 0;
    return count;
}
