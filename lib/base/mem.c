#include "lib/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void *mem_zeroed(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);

    if (memory == NULL)
        abort();
    return memory;
}

void *mem_resize(void *array, size_t count, size_t size)
{
    void *memory = reallocarray(array, count ? count : 1, size ? size : 1);

    if (memory == NULL)
        abort();
    return memory;
}

char *mem_strdup(const char *text)
{
    return text == NULL ? NULL : mem_copy(text, strlen(text));
}

char *mem_copy(const void *bytes, size_t length)
{
    char *copy = mem_zeroed(length + 1, 1);

    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

char *mem_printf(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int length;

    va_start(args, format);
    length = vasprintf(&text, format, args);
    va_end(args);

    if (length < 0 || text == NULL)
        abort();
    return text;
}

void mem_set_str(char **slot, const char *text)
{
    char *copy = mem_strdup(text);

    free(*slot);
    *slot = copy;
}

void free_str(char **owner)
{
    free(*owner);
    *owner = NULL;
}

void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void mem_wipe(void *bytes, size_t length)
{
    if (length > 0)
        explicit_bzero(bytes, length);
}
