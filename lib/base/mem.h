/* Memory whose owner is visible in the declaration.
 *
 * A local that owns something is declared OWNED(free-function) and initialised; it is released when
 * it goes out of scope. GIVE(x) hands the ownership on and leaves NULL behind.
 *
 *     OWNED(free_str) char *name = NULL;
 *     ...
 *     *ret = GIVE(name);
 *
 * A module that has `thing_free(struct thing *)` makes its cleanup word with DEFINE_OWNED(thing),
 * and locals are then `OWNED_OF(thing) *t = ...`.
 *
 * Small allocations abort when memory is gone: there is no sane way on, and the size never comes
 * from outside. A size that does come from outside meets a ceiling first (see buf.h). */
#ifndef COCOS_BASE_MEM_H
#define COCOS_BASE_MEM_H

#include <stdlib.h>

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* The number of elements of an array (not of a pointer). */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define KIB 1024ULL
#define MIB (1024ULL * KIB)
#define GIB (1024ULL * MIB)

#define OWNED(release) __attribute__((cleanup(release)))

/* Takes the pointer out of its owner; the owner is NULL afterwards. */
#define GIVE(owner)                                                                                \
    (__extension__({                                                                               \
        __typeof__(owner) given_ = (owner);                                                        \
        (owner) = NULL;                                                                            \
        given_;                                                                                    \
    }))

/* For `struct thing` with thing_free(): makes the cleanup function thing_free_owned(). */
#define DEFINE_OWNED(thing)                                                                        \
    static inline void thing##_free_owned(struct thing **owner)                                    \
    {                                                                                              \
        thing##_free(*owner);                                                                      \
    }
#define OWNED_OF(thing) __attribute__((cleanup(thing##_free_owned))) struct thing

/* Zeroed memory of a fixed, small size; aborts when there is none. */
#define mem_new(type) ((type *)mem_zeroed(1, sizeof(type)))

/* Zeroed array of count elements of size bytes each; aborts on overflow or when there is no memory.
 * Callers bound count before. Free with free(). */
void *mem_zeroed(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* realloc() for an array that grew; aborts on overflow or when there is no memory. New elements are
 * not zeroed. */
void *mem_resize(void *array, size_t count, size_t size) __attribute__((returns_nonnull));

/* Copies a string; NULL stays NULL. Free with free(). */
char *mem_strdup(const char *text);

/* Copies length bytes and appends a NUL that is not counted. */
char *mem_copy(const void *bytes, size_t length) __attribute__((returns_nonnull));

/* printf into fresh memory; aborts when there is none. Free with free(). */
char *mem_printf(const char *format, ...) PRINTF_LIKE(1, 2) __attribute__((returns_nonnull));

/* Replaces *slot by a copy of text (NULL allowed) and frees what was there. */
void mem_set_str(char **slot, const char *text);

/* Cleanup functions for OWNED(): a string or any malloc'ed pointer, and a file descriptor. */
void free_str(char **owner);
void close_fd(int *fd);

/* Overwrites secret bytes in a way the compiler may not drop. */
void mem_wipe(void *bytes, size_t length);

#endif
