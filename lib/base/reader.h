/* A cursor over binary input that remembers the first short read, so that a parser reads field by
 * field and checks once, at the end:
 *
 *     struct reader r = reader_of(input);
 *     report.version = read_le32(&r);
 *     report.svn     = read_le64(&r);
 *     if (r.short_read)
 *         return err_set(err, ERR_INPUT, "ends at byte %zu", r.at);
 *
 * After a short read every further read yields zeros or empty spans and the position stays. Read
 * one field a statement: the order inside one initialiser is not defined. */
#ifndef COCOS_BASE_READER_H
#define COCOS_BASE_READER_H

#include "lib/base/span.h"

struct reader {
    struct span in;
    size_t at;       /* next byte to read */
    bool short_read; /* something was asked for that was not there */
};

struct reader reader_of(struct span in);

uint8_t read_u8(struct reader *r);
uint16_t read_le16(struct reader *r);
uint32_t read_le32(struct reader *r);
uint64_t read_le64(struct reader *r);
uint16_t read_be16(struct reader *r);
uint32_t read_be24(struct reader *r);
uint32_t read_be32(struct reader *r);
uint64_t read_be64(struct reader *r);

/* The next len bytes, borrowed from the input. */
struct span read_span(struct reader *r, uint64_t len);

/* Copies the next len bytes; zeros when they are not there. */
void read_bytes(struct reader *r, void *to, size_t len);

void read_skip(struct reader *r, uint64_t len);

/* What is left, without moving. */
struct span reader_rest(const struct reader *r);
bool reader_at_end(const struct reader *r);

#endif
