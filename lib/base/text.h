/* Text: the forms in which numbers, bytes, times and durations enter and leave. Everything is
 * strict: the whole text must match, and nothing depends on a locale. */
#ifndef COCOS_BASE_TEXT_H
#define COCOS_BASE_TEXT_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/span.h"

/* Decimal digits only: no sign, no blanks, no leading zeros but "0" itself. ERR_INPUT otherwise or
 * when over max. */
MUST_USE int text_parse_u64(const char *text, uint64_t max, uint64_t *ret, struct err *err);

/* Lower-case hex of len bytes into out, which holds 2 * len + 1. */
void text_hex(const void *bytes, size_t len, char *out);

/* Exactly len bytes of hex (either case) into out; ERR_INPUT when it is anything else. */
MUST_USE int text_parse_hex(const char *text, void *out, size_t len, struct err *err);

/* Hex of any even length, appended to out. */
MUST_USE int text_decode_hex(struct span text, struct buf *out, struct err *err);

/* Standard base64 with padding (RFC 4648 section 4), appended to out. Decoding refuses line breaks,
 * missing padding, and padding bits that are not zero. */
void text_encode_base64(struct span bytes, struct buf *out);
MUST_USE int text_decode_base64(struct span text, struct buf *out, struct err *err);

/* base64url without padding (RFC 4648 section 5, as JOSE has it). */
void text_encode_base64url(struct span bytes, struct buf *out);
MUST_USE int text_decode_base64url(struct span text, struct buf *out, struct err *err);

/* "90s", "1h30m", "250ms", "2d": positive integers with the units d h m s ms, largest first, each
 * at most once. The result is in milliseconds and fits in 63 bits. */
MUST_USE int text_parse_duration(const char *text, uint64_t *ret_ms, struct err *err);

#define TEXT_DURATION_SIZE 48
/* The shortest text that parses back to ms ("0s" for nothing). */
void text_format_duration(uint64_t ms, char out[static TEXT_DURATION_SIZE]);

#define TEXT_TIME_SIZE 40
/* Seconds since 1970 as RFC 3339 in UTC, "2026-11-23T04:05:06Z". */
void text_format_time(int64_t seconds, char out[static TEXT_TIME_SIZE]);

/* RFC 3339 with "Z" or an offset; fractions are read and dropped. Years 1970 to 9999. */
MUST_USE int text_parse_time(const char *text, int64_t *ret_seconds, struct err *err);

/* True for valid UTF-8 (RFC 3629: no surrogates, no overlong forms). NUL is a character like any
 * other. */
bool text_is_utf8(struct span text);

/* A name that is safe as one component of a path and in every message: 1 to max bytes of
 * [A-Za-z0-9._-], not starting with '.' or '-'. */
bool text_is_name(const char *text, size_t max);

/* Appends text for a person's terminal or a log: control characters and invalid UTF-8 become \xNN,
 * and at most max bytes are written, with "..." at the cut. */
void text_add_printable(struct buf *out, struct span text, size_t max);

bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);

#endif
