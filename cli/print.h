/* What a person or a script sees: results on standard output, as text or as JSON; everything else
 * on standard error. Text from outside is shown printable, colour only on a terminal. */
#ifndef COCOS_CLI_PRINT_H
#define COCOS_CLI_PRINT_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/json/json.h"

#include <stdio.h>

/* Whether what is done shall be said, too (--verbose). Set once, at the start. */
void say_set_verbose(bool verbose);
bool say_is_verbose(void);

/* A line on standard error. */
void say(const char *format, ...) PRINTF_LIKE(1, 2);
/* The same with "warning: " in front, in yellow on a terminal. */
void say_warning(const char *format, ...) PRINTF_LIKE(1, 2);
/* The same with "error: " in front, in red on a terminal. */
void say_error(const char *format, ...) PRINTF_LIKE(1, 2);

/* A line on standard output; control characters in it become \xNN. */
void print_line(const char *format, ...) PRINTF_LIKE(1, 2);
/* Indented JSON on standard output. */
void print_json(const struct json *json);
/* Bytes as they are. */
void print_span(struct span bytes);
/* Bytes that somebody else made: as they are into a file or pipe, printable on a terminal. */
void print_foreign(struct span bytes);

/* Flushes standard output; fails when something could not be written. Errors: SYSTEM, NO_SPACE. */
MUST_USE int print_finish(struct err *err);

/* One column of a table, or one line of a description. */
enum column_kind {
    COLUMN_TEXT,
    COLUMN_STATE, /* coloured by what it means */
    COLUMN_TIME,  /* RFC 3339; in a table as an age */
    COLUMN_BYTES, /* with a unit */
    COLUMN_YES_NO,
};
struct column {
    const char *title;
    const char *path; /* "agent/silent": members, one inside the other */
    enum column_kind kind;
};

/* Rows of an array of objects under their titles; titles are in capitals. now is for ages. */
void print_table(const struct json *array, const struct column *columns, size_t count, int64_t now);
/* "title: value" lines of one object; what is absent or null is left out. */
void print_object(const struct json *object, const struct column *columns, size_t count);

/* The member at "a/b"; NULL when it is not there. */
const struct json *member_at(const struct json *object, const char *path);

/* "1.5 GiB" appended to out. */
void print_bytes(struct buf *out, uint64_t bytes);

bool print_is_terminal(FILE *stream);

#endif
