/* The error value.
 *
 * Whatever can fail returns 0, or -1 with *err filled; err is the last parameter and never NULL. An
 * error lives on the caller's stack and owns nothing. Its kind (err_kinds.h) says what the caller
 * may do about it and decides HTTP status and exit code; its text tells a person what happened,
 * lower case, no full stop, what came from outside in quotes. Whoever passes an error on wraps it
 * with what the callee could not know:  "policy 'p.json': open: no such file". */
#ifndef COCOS_BASE_ERR_H
#define COCOS_BASE_ERR_H

#include "lib/base/mem.h"

enum err_kind {
    ERR_NONE = 0,
#define ERR_KIND(name, http, exit, grpc, slug, title) ERR_##name,
#include "lib/base/err_kinds.h"
#undef ERR_KIND
    ERR_KIND_COUNT
};

#define ERR_TEXT_MAX    1024
#define ERR_POINTER_MAX 160

struct err {
    enum err_kind kind;
    char text[ERR_TEXT_MAX];       /* the sentence for people; cut with "..." when too long */
    char pointer[ERR_POINTER_MAX]; /* JSON pointer of the member at fault; "" when not about one */
};

/* One row of err_kinds.h. */
struct err_row {
    int http_status;
    int exit_code;
    int grpc_status;
    const char *slug;
    const char *title;
};

/* Fills err and returns -1, so that reporting and leaving is one line. Clears the pointer. */
int err_set(struct err *err, enum err_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same, and names the member at fault by its JSON pointer ("/datasets/0/filename"). */
int err_set_at(struct err *err, enum err_kind kind, const char *pointer, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The same with ": " and the words of errno at the end. ENOSPC and EDQUOT become ERR_NO_SPACE;
 * everything else keeps the given kind. */
int err_set_errno(struct err *err, enum err_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "context: " in front of the text, keeps kind and pointer, returns -1. */
int err_wrap(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Puts prefix in front of the pointer, as a decoder does on its way up; returns -1. */
int err_wrap_pointer(struct err *err, const char *prefix);

/* Shows the compiler that these always return -1, so that it can follow which path initialises
 * what. */
static inline int err_failed(int result)
{
    (void)result;
    return -1;
}
#define err_set(...)       err_failed(err_set(__VA_ARGS__))
#define err_set_at(...)    err_failed(err_set_at(__VA_ARGS__))
#define err_set_errno(...) err_failed(err_set_errno(__VA_ARGS__))
#define err_wrap(...)      err_failed(err_wrap(__VA_ARGS__))

/* The row of a kind; ERR_NONE has status 200 and exit code 0. Never NULL. */
const struct err_row *err_row(enum err_kind kind);

/* The kind whose slug this is; ERR_INTERNAL when there is none. */
enum err_kind err_kind_of_slug(const char *slug);

#endif
