/* A list of header fields: names and values of HTTP/2, in order, with a ceiling for all of them
 * together (16 KiB). Names are lower case, as HTTP/2 has them; neither holds a NUL. */
#ifndef COCOS_GATEWAY_H2_FIELDS_H
#define COCOS_GATEWAY_H2_FIELDS_H

#include "lib/base/buf.h"

#define H2_FIELDS_MAX (16 * KIB)

struct h2_fields {
    struct buf text; /* name NUL value NUL, again and again */
    size_t count;
};

#define H2_FIELDS_NEW ((struct h2_fields){.text = BUF_OF(H2_FIELDS_MAX)})

void h2_fields_done(struct h2_fields *fields);
#define OWNED_H2_FIELDS __attribute__((cleanup(h2_fields_done))) struct h2_fields

/* Takes the fields out of their owner, which is empty and unusable afterwards. */
#define GIVE_FIELDS(owner)                                                                         \
    (__extension__({                                                                               \
        struct h2_fields given_ = (owner);                                                         \
        (owner) = (struct h2_fields){0};                                                           \
        given_;                                                                                    \
    }))

/* Appends; past the ceiling text.overflow is set and stays. */
void h2_fields_add(struct h2_fields *fields, struct span name, struct span value);
void h2_fields_add_str(struct h2_fields *fields, const char *name, const char *value);

struct h2_field {
    const char *name, *value; /* borrowed until the list changes */
};

/* The field at *at, which is 0 for the first and moves on; false at the end. */
bool h2_fields_next(const struct h2_fields *fields, size_t *at, struct h2_field *ret);

/* The value of the first field of that name; NULL when there is none. */
const char *h2_fields_find(const struct h2_fields *fields, const char *name);

/* How many fields have that name. */
size_t h2_fields_count(const struct h2_fields *fields, const char *name);

#endif
