/* Sealed files: bytes of any length for the holders of one or several P-256 keys, from anybody,
 * sealed and opened in pieces with memory that does not grow. Numbers are big-endian.
 *
 *     0   8  "cocoseal"
 *     8   1  version, 1
 *     9   1  how many recipients, 1 to SEAL_RECIPIENTS_MAX
 *    10   2  zero
 *    12   4  size of a chunk
 *    16      for each recipient, SEAL_STANZA_SIZE bytes:
 *            32  SHA-256 of its key (SPKI)
 *            65  the sender's point ┐ HPKE in base mode, AES-256-GCM: info is "cocos/seal/1" and
 *            48  the file's key     ┘ the context, aad the 16 bytes above
 *     then   the chunks: all of the size above but the last, each with a tag of 16 bytes
 *
 * Chunks are AES-256-GCM under HKDF-SHA256(the file's key, salt: SHA-256 of all before the chunks,
 * info: "cocos/seal/1 chunks"), nonce: the chunk's number, aad: one byte, 1 for the last one and 0
 * for others. The last chunk is empty only when all is. So a file that was cut, extended, or whose
 * chunks were moved, doubled or left out, does not open, and each of its bytes counts.
 *
 * The context says what the bytes are for, and both ends know it. Who sealed is not shown. */
#ifndef COCOS_CRYPTO_SEAL_H
#define COCOS_CRYPTO_SEAL_H

#include "lib/crypto/key.h"

#define SEAL_CODING         "cocos-seal" /* as a Content-Encoding */
#define SEAL_CHUNK          (256 * KIB)  /* what is written; read is up to SEAL_CHUNK_MAX */
#define SEAL_CHUNK_MIN      1024
#define SEAL_CHUNK_MAX      (1 * MIB)
#define SEAL_RECIPIENTS_MAX 64
#define SEAL_STANZA_SIZE    145
#define SEAL_CONTEXT_MAX    128

/* Where the other form goes, piece by piece; -1 with err ends it. */
typedef int seal_sink(void *to, struct span bytes, struct err *err);

/* Who can open it, and what it is for: borrowed for the call that takes it. */
struct seal_terms {
    const struct key *const *recipients; /* to open: the own pair alone */
    size_t count;
    struct span context;
};

/* One direction each; one thread at a time; wiped when freed. */
struct sealer;
struct opener;

/* Seals for the recipients. The header goes to the sink with the first bytes. Errors: INPUT (no
 * recipient, one of another kind of key, a context that is too long). */
MUST_USE int sealer_new(const struct seal_terms *terms, seal_sink *sink, void *to,
                        struct sealer **ret, struct err *err);
MUST_USE int sealer_write(struct sealer *sealer, struct span plain, struct err *err);
/* The last chunk. Nothing is whole before. */
MUST_USE int sealer_finish(struct sealer *sealer, struct err *err);
void sealer_free(struct sealer *sealer);
DEFINE_OWNED(sealer)

/* The size of the sealed form of so many bytes. */
uint64_t seal_size(uint64_t plain, size_t recipients);

/* Opens what was sealed for terms->recipients[0], a pair, in terms->context. Bytes go to the sink
 * when their chunk has proven genuine; that they are all, opener_finish() says. The terms' key is
 * borrowed until the opener is freed. Errors: INPUT (no such pair); of writing and finishing:
 * UNTRUSTED (changed, cut, for somebody else), INPUT (not sealed at all), what the sink says. */
MUST_USE int opener_new(const struct seal_terms *terms, seal_sink *sink, void *to,
                        struct opener **ret, struct err *err);
MUST_USE int opener_write(struct opener *opener, struct span sealed, struct err *err);
MUST_USE int opener_finish(struct opener *opener, struct err *err);
void opener_free(struct opener *opener);
DEFINE_OWNED(opener)

#endif
