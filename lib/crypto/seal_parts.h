/* What both ends of a sealed file share; see seal.h. Private to lib/crypto. */
#ifndef COCOS_CRYPTO_SEAL_PARTS_H
#define COCOS_CRYPTO_SEAL_PARTS_H

#include "lib/crypto/gcm.h"
#include "lib/crypto/hpke.h"
#include "lib/crypto/seal.h"

#define SEAL_MAGIC       "cocoseal"
#define SEAL_VERSION     1
#define SEAL_FIXED_SIZE  16
#define SEAL_KEY_SIZE    32
#define SEAL_LABEL       "cocos/seal/1"
#define SEAL_HEADER_SIZE (SEAL_FIXED_SIZE + SEAL_RECIPIENTS_MAX * SEAL_STANZA_SIZE)

/* The chunks of one file: their key, and which one is next. */
struct seal_chunks {
    struct gcm *gcm;
    uint64_t number;
};

/* header: all before the chunks. */
void seal_chunks_begin(struct seal_chunks *chunks, const uint8_t key[static SEAL_KEY_SIZE],
                       struct span header, bool seals);

/* Seals or opens the next chunk: the last one when last says so. */
void seal_chunk_close(struct seal_chunks *chunks, struct span plain, bool last, uint8_t *out);
MUST_USE int seal_chunk_open(struct seal_chunks *chunks, struct span sealed, bool last,
                             uint8_t *out, struct err *err);

/* SEAL_LABEL and the context, appended. Errors: INPUT (too long). */
MUST_USE int seal_write_info(struct span context, struct buf *out, struct err *err);

#endif
