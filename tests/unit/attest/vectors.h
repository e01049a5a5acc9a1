/* Reads the test vectors. Every function fails the test when a file that was named is not there.
 * The vectors_* family keeps what it read until vectors_done(); the vector_* family fills a buffer.
 */
#ifndef COCOS_TESTS_ATTEST_VECTORS_H
#define COCOS_TESTS_ATTEST_VECTORS_H

#include "tests/unit/unit.h"

#include "lib/json/json.h"

#include <dirent.h>

/* The directory of the vectors; ends the test with SKIPPED (and its loud line) without them. */
static inline const char *need_vectors(void)
{
    const char *dir = vectors_dir();

    if (dir == NULL)
        skip();
    return dir;
}

static inline bool vector_exists(const char *name)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", need_vectors(), name);
    OWNED_BUF probe = BUF_OF(64 * MIB);
    struct err err;

    return (file_read)(path, &probe, &err) == 0;
}

static inline void vector_read(const char *name, struct buf *out)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", need_vectors(), name);
    struct err err;

    buf_reset(out);
    assert_ok(file_read(path, out, &err));
}

static inline struct json *vector_read_json(const char *name)
{
    OWNED_BUF text = BUF_OF(64 * MIB);
    struct json *json = NULL;
    struct err err;

    vector_read(name, &text);
    assert_ok(json_parse(buf_span(&text), &json, &err));
    return json;
}

/* Hex text into bytes. */
static inline void vector_hex(const char *hex, struct buf *out)
{
    struct err err;

    assert_non_null(hex);
    buf_reset(out);
    assert_ok(text_decode_hex(span_of_str(hex), out, &err));
}

/* Calls visit with the name of each file of a directory that ends so; returns how many. */
static inline size_t vector_each(const char *dir, const char *suffix,
                                 void (*visit)(const char *name))
{
    OWNED(free_str) char *path = mem_printf("%s/%s", need_vectors(), dir);
    DIR *stream = opendir(path);
    struct dirent *entry;
    size_t count = 0;

    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        OWNED(free_str) char *name = NULL;

        if (entry->d_name[0] == '.' || !text_ends_with(entry->d_name, suffix))
            continue;
        name = mem_printf("%s/%s", dir, entry->d_name);
        visit(name);
        count++;
    }
    closedir(stream);
    return count;
}

#define VECTORS_OPEN_MAX 512

static struct buf vectors_open[VECTORS_OPEN_MAX];
static size_t vectors_count;

static inline struct span vectors_read(const char *name)
{
    struct buf *bytes = &vectors_open[vectors_count];
    char path[1024];
    struct err err;

    assert_true(vectors_count < VECTORS_OPEN_MAX);
    *bytes = BUF_OF(16 * MIB);
    vectors_count++;
    snprintf(path, sizeof(path), "%s/%s", vectors_dir(), name);
    assert_ok(file_read(path, bytes, &err));
    return buf_span(bytes);
}

/* A file of hex digits, as bytes. */
static inline struct span vectors_read_hex(const char *name)
{
    struct span text = vectors_read(name);
    struct buf *bytes = &vectors_open[vectors_count];
    struct err err;

    assert_true(vectors_count < VECTORS_OPEN_MAX);
    *bytes = BUF_OF(16 * MIB);
    vectors_count++;
    while (text.len > 0 && text.data[text.len - 1] <= ' ')
        text.len--;
    assert_ok(text_decode_hex(text, bytes, &err));
    return buf_span(bytes);
}

static inline void vectors_done(void)
{
    while (vectors_count > 0)
        buf_done(&vectors_open[--vectors_count]);
}

static inline int64_t vectors_time(const char *text)
{
    int64_t seconds = 0;
    struct err err;

    assert_ok(text_parse_time(text, &seconds, &err));
    return seconds;
}

#endif
