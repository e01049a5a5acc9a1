/* A growing byte buffer that is born with its ceiling.
 *
 * Appending past the ceiling sets `overflow`, drops the append and all later ones, and is checked
 * once, at the end. What buf_str() returns always ends in a NUL that is not counted, so a buffer of
 * text can be used as a C string. Release with buf_done(), or declare it OWNED_BUF. */
#ifndef COCOS_BASE_BUF_H
#define COCOS_BASE_BUF_H

#include "lib/base/err.h"
#include "lib/base/span.h"

struct buf {
    uint8_t *data; /* NULL while empty */
    size_t len;
    size_t room; /* allocated, at most max + 1 */
    size_t max;  /* the ceiling */
    bool overflow;
    bool secret; /* wiped when it grows and when it is released */
};

/* An empty buffer that never holds more than max bytes. */
#define BUF_OF(ceiling) ((struct buf){.max = (ceiling)})

void buf_done(struct buf *buf);
#define OWNED_BUF __attribute__((cleanup(buf_done))) struct buf

/* Empties the buffer and keeps its memory. */
void buf_reset(struct buf *buf);

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_add_span(struct buf *buf, struct span bytes);
void buf_add_str(struct buf *buf, const char *text);
void buf_add_u8(struct buf *buf, uint8_t value);
void buf_add_be16(struct buf *buf, uint16_t value);
void buf_add_be32(struct buf *buf, uint32_t value);
void buf_add_le16(struct buf *buf, uint16_t value);
void buf_add_le32(struct buf *buf, uint32_t value);
void buf_add_le64(struct buf *buf, uint64_t value);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* len fresh bytes at the end to be filled by the caller; NULL (and overflow) past the ceiling. */
uint8_t *buf_grow(struct buf *buf, size_t len);

/* Takes off what was added since the buffer held len bytes. */
void buf_cut(struct buf *buf, size_t len);

/* Takes len bytes off the front. */
void buf_drop_front(struct buf *buf, size_t len);

/* What is in it, borrowed until the next change. */
struct span buf_span(const struct buf *buf);

/* The same as a C string; "" when empty. */
const char *buf_str(const struct buf *buf);

/* Hands the memory out (NUL-terminated; free with free()); the buffer is empty afterwards. */
char *buf_take(struct buf *buf);

/* 0, or ERR_TOO_LARGE naming what did not fit. */
MUST_USE int buf_check(const struct buf *buf, const char *what, struct err *err);

#endif
