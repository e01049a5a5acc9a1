/* Writing a CoRIM: triples are gathered, then the document is made, unsigned or signed. The same
 * triples give the same bytes: where a tag wants an identifier of its own, it is one of its content
 * (a UUID of version 8, RFC 9562, from the SHA-256 of the triples). */
#ifndef COCOS_ATTEST_REFERENCE_CORIM_WRITE_H
#define COCOS_ATTEST_REFERENCE_CORIM_WRITE_H

#include "lib/attest/reference/corim.h"
#include "lib/cbor/write.h"

#define CORIM_UUID_SIZE 16

/* The class of an environment. */
struct corim_class {
    const uint8_t *uuid; /* 16 bytes */
    const char *vendor, *model;
};

struct corim_draft {
    struct buf triples; /* encoded reference triples */
    size_t count;
};

#define CORIM_DRAFT_NEW ((struct corim_draft){.triples = BUF_OF(CORIM_MAX)})
void corim_draft_done(struct corim_draft *draft);
#define OWNED_CORIM_DRAFT __attribute__((cleanup(corim_draft_done))) struct corim_draft

/* Adds the triple [class, [{key, values}]]. Errors: TOO_LARGE. */
MUST_USE int corim_draft_add(struct corim_draft *draft, const struct corim_class *class,
                             const char *key, struct cbor_map *values, struct err *err);

/* What is said about the whole. */
struct corim_about {
    const char *profile; /* a URI; NULL: none */
    struct corim_period
        validity; /* from: INT64_MIN leaves it open; until: INT64_MAX: no validity */
};

/* Writes the unsigned CoRIM, in deterministic form. A draft without triples is refused (INPUT).
 * Errors: TOO_LARGE. */
MUST_USE int corim_write(const struct corim_draft *draft, const struct corim_about *about,
                         struct buf *out, struct err *err);

struct corim_signer {
    const char *name; /* 1 byte at least */
    struct corim_period validity;
};

/* Signs an unsigned CoRIM as it is: ES256 or ES384 by the key. Errors: INPUT (not an unsigned
 * CoRIM, another kind of key, no private half), TOO_LARGE. */
MUST_USE int corim_sign(struct span document, const struct key *key,
                        const struct corim_signer *signer, struct buf *out, struct err *err);

#endif
