/* For the tests that read genuine evidence: files of the vectors directory, borrowed until
 * vectors_done(). */
#ifndef COCOS_TESTS_ATTEST_VECTORS_H
#define COCOS_TESTS_ATTEST_VECTORS_H

#include "tests/unit/unit.h"

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
