/* Borrowed bytes: where they start and how many there are. A span owns nothing and is valid as long
 * as what it points into; whoever keeps the bytes longer than the call copies them. */
#ifndef COCOS_BASE_SPAN_H
#define COCOS_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *data;
    size_t len;
};

static inline struct span span_of(const void *data, size_t len)
{
    return (struct span){data, len};
}

/* The bytes of a C string without its NUL; NULL is the empty span. */
static inline struct span span_of_str(const char *text)
{
    return (struct span){(const uint8_t *)text, text ? strlen(text) : 0};
}

/* A whole array as a span. */
#define SPAN_OF_ARRAY(array) span_of((array), sizeof(array))

/* Not for secrets: see secret_equal(). */
static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* The part [from, from + len), cut to what is there. */
static inline struct span span_part(struct span of, size_t from, size_t len)
{
    if (from > of.len)
        from = of.len;
    if (len > of.len - from)
        len = of.len - from;
    return span_of(of.len > 0 ? of.data + from : of.data, len);
}

static inline bool span_is_zero(struct span of)
{
    for (size_t i = 0; i < of.len; i++)
        if (of.data[i] != 0)
            return false;
    return true;
}

#endif
