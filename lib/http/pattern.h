/* Path patterns such as "/v1/vms/{id}", matched on the server and filled in on the client. */
#ifndef COCOS_HTTP_PATTERN_H
#define COCOS_HTTP_PATTERN_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define PATTERN_PARAMS_MAX 4
#define PATTERN_VALUE_MAX  256

struct pattern_param {
    char name[32];
    char value[PATTERN_VALUE_MAX + 1]; /* percent-decoded */
};

struct pattern_match {
    size_t count;
    struct pattern_param params[PATTERN_PARAMS_MAX];
};

/* True when path (as it stands in the request line, without query) matches. A parameter is one
 * segment, 1 to PATTERN_VALUE_MAX bytes decoded, valid UTF-8, without NUL and '/', and neither "."
 * nor ".."; a segment that breaks this does not match. ret may be half filled then. */
bool pattern_matches(const char *pattern, const char *path, struct pattern_match *ret);

/* The value of a parameter; NULL when the pattern has none of that name. */
const char *pattern_get(const struct pattern_match *match, const char *name);

/* The path for a pattern with its parameters filled in, percent-encoded, in the order they appear.
 */
void pattern_fill(const char *pattern, const char *const values[], struct buf *out);

/* Percent-encoding (RFC 3986 unreserved characters stay) and strict decoding, appended to out:
 * '%' must be followed by two hex digits, and everything but control bytes, blanks and bytes over
 * 0x7e may stand for itself. Errors: MALFORMED. */
void percent_encode(struct span text, struct buf *out);
MUST_USE int percent_decode(struct span text, struct buf *out, struct err *err);

#endif
