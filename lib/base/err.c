#include "lib/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct err_row rows[ERR_KIND_COUNT] = {
    [ERR_NONE] = {200, 0, 0, "none", "No error"},
#define ERR_KIND(name, http, exit, grpc, slug, title)                                              \
    [ERR_##name] = {http, exit, grpc, slug, title},
#include "lib/base/err_kinds.h"
#undef ERR_KIND
};

static void mark_cut(char *text, size_t size, int wanted)
{
    if (wanted >= 0 && (size_t)wanted >= size)
        memcpy(text + size - 4, "...", 4);
}

static void PRINTF_LIKE(3, 0)
    set_text(struct err *err, enum err_kind kind, const char *format, va_list args)
{
    char text[ERR_TEXT_MAX]; /* the arguments may point into err itself */
    int wanted = vsnprintf(text, sizeof(text), format, args);

    mark_cut(text, sizeof(text), wanted);
    memcpy(err->text, text, sizeof(text));
    err->kind = kind;
    err->pointer[0] = '\0';
}

int(err_set)(struct err *err, enum err_kind kind, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_text(err, kind, format, args);
    va_end(args);
    return -1;
}

int(err_set_at)(struct err *err, enum err_kind kind, const char *pointer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_text(err, kind, format, args);
    va_end(args);
    snprintf(err->pointer, sizeof(err->pointer), "%s", pointer);
    return -1;
}

int(err_set_errno)(struct err *err, enum err_kind kind, const char *format, ...)
{
    int code = errno;
    char words[128];
    va_list args;
    size_t used;

    va_start(args, format);
    set_text(err, kind, format, args);
    va_end(args);

    used = strlen(err->text);
    snprintf(err->text + used, sizeof(err->text) - used, ": %s",
             strerror_r(code, words, sizeof(words)));
    if (code == ENOSPC || code == EDQUOT)
        err->kind = ERR_NO_SPACE;
    return -1;
}

int(err_wrap)(struct err *err, const char *format, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;
    size_t used;
    int wanted;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    used = strlen(text);
    wanted = snprintf(text + used, sizeof(text) - used, ": %s", err->text);
    mark_cut(text, sizeof(text), wanted < 0 ? wanted : wanted + (int)used);
    memcpy(err->text, text, sizeof(text));
    return -1;
}

int err_wrap_pointer(struct err *err, const char *prefix)
{
    char pointer[ERR_POINTER_MAX];
    int wanted = snprintf(pointer, sizeof(pointer), "%s%s", prefix, err->pointer);

    mark_cut(pointer, sizeof(pointer), wanted);
    memcpy(err->pointer, pointer, sizeof(pointer));
    return -1;
}

const struct err_row *err_row(enum err_kind kind)
{
    return &rows[kind < ERR_KIND_COUNT ? kind : ERR_INTERNAL];
}

enum err_kind err_kind_of_slug(const char *slug)
{
    for (int kind = ERR_NONE; kind < ERR_KIND_COUNT; kind++)
        if (strcmp(rows[kind].slug, slug) == 0)
            return (enum err_kind)kind;
    return ERR_INTERNAL;
}
