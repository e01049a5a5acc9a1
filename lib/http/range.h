/* Ranges and entity tags (RFC 9110), as far as one representation with a strong tag needs them. */
#ifndef COCOS_HTTP_RANGE_H
#define COCOS_HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum range_result {
    RANGE_WHOLE,        /* no range, several, another unit, or not understood: all is sent */
    RANGE_PART,         /* [*from, *to) */
    RANGE_UNSATISFIABLE /* nothing of it exists */
};

/* Reads a Range header ("bytes=0-99", "bytes=100-", "bytes=-50") against a size. from and to are
 * always set: the whole unless RANGE_PART. header may be NULL. */
enum range_result range_parse(const char *header, uint64_t size, uint64_t *from, uint64_t *to);

/* True when an If-None-Match list has the tag (without quotes) or is "*"; compares weakly. */
bool etag_list_matches(const char *header, const char *etag);

/* True when an If-Range header is exactly the strong tag; a date or a weak tag is not. */
bool etag_is(const char *header, const char *etag);

#endif
