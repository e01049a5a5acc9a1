/* The kernel's IMA measurement list: which files were opened, run or loaded, in order.
 *
 * Binary (binary_runtime_measurements) and text (ascii_runtime_measurements), in the forms with
 * SHA-1 or with longer template digests, every template of the kernel and formats of one's own.
 *
 * The list is extended into PCR 10, one hash of the template data per bank, and it goes on growing
 * while a quote is made: a quoted value proves the entries up to some point, found by
 * ima_log_match(). Entries after that point, and entries of other registers, are claims only. A
 * violation (a file that changed while it was measured) is extended as all ones.
 *
 * Kernels before 5.8 filled longer banks with the SHA-1 digest and zeros. That is not accepted:
 * such a bank proves no more than SHA-1 does. */
#ifndef COCOS_ATTEST_EVIDENCE_IMA_LOG_H
#define COCOS_ATTEST_EVIDENCE_IMA_LOG_H

#include "lib/attest/evidence/ima_template.h"
#include "lib/attest/evidence/pcr.h"

#define IMA_PCR             10
#define IMA_LOG_SIZE_MAX    (64 * MIB)
#define IMA_LOG_ENTRIES_MAX (1u << 20)
#define IMA_OLD_DATA_SIZE   (20 + IMA_NAME_PADDED)

/* A walk through a list. Borrows the list, owns a scratch buffer. */
struct ima_log {
    struct span in;
    size_t at;     /* next byte */
    size_t count;  /* entries read */
    bool text;     /* the text form */
    size_t digest; /* bytes of a template digest, binary form */
    bool failed;
    struct err err;                 /* why, when failed */
    struct buf line;                /* an entry of the text form, rebuilt */
    uint8_t old[IMA_OLD_DATA_SIZE]; /* the data of an entry of the template "ima" */
};

void ima_log_done(struct ima_log *log);
#define OWNED_IMA_LOG __attribute__((cleanup(ima_log_done))) struct ima_log

struct ima_entry {
    size_t number; /* from 0 */
    size_t offset; /* in the list */
    uint32_t pcr;
    struct span digest; /* of the template data, as the list has it */
    bool violation;
    struct span template_name;
    struct span data;         /* what is hashed and extended */
    struct ima_fields fields; /* empty for a template that is not known */
};

/* Begins to walk. The form is recognised by the first bytes. Errors: INPUT (too large, or neither
 * form). An empty list is fine. */
MUST_USE int ima_log_open(struct span in, struct ima_log *ret, struct err *err);

/* The next entry, borrowed until the next call. False at the end, and when the list is malformed:
 * ask ima_log_check() afterwards. A template digest that is not the hash of its data is malformed
 * (but for one of 32 bytes, which may be an SM3), as is an unknown template in the text form, whose
 * data cannot be rebuilt. */
bool ima_log_next(struct ima_log *log, struct ima_entry *ret);

/* 0 when the walk met its end; INPUT with number and offset of the entry at fault otherwise. */
MUST_USE int ima_log_check(const struct ima_log *log, struct err *err);

/* What is extended for an entry into a bank; out holds digest_size(alg). */
void ima_entry_digest(const struct ima_entry *entry, enum digest_alg alg, uint8_t *out);

struct ima_replay {
    struct pcr_bank bank;
    size_t entries;    /* replayed */
    size_t violations; /* among them */
    bool has_aggregate;
    bool aggregate_computed; /* aggregate_alg is one that we can compute */
    enum digest_alg aggregate_alg;
    size_t aggregate_len;
    uint8_t aggregate[DIGEST_SIZE_MAX]; /* boot_aggregate, the first entry */
};

/* Replays the whole list. Errors: INPUT. */
MUST_USE int ima_log_replay(struct span in, enum digest_alg alg, struct ima_replay *ret,
                            struct err *err);

/* Replays until PCR 10 has the quoted value; ret tells about that much of the list. The whole list
 * is checked all the same. Errors: INPUT, UNTRUSTED when no prefix gives the value. */
MUST_USE int ima_log_match(struct span in, enum digest_alg alg, struct span quoted,
                           struct ima_replay *ret, struct err *err);

/* Whether boot_aggregate is the hash over PCR 0 to 9 (Linux 5.8 and later) or 0 to 7 (before) of
 * the registers of the aggregate's own algorithm. UNTRUSTED when it is neither, NOT_FOUND when
 * there is none, or the registers to compare with are not given. */
MUST_USE int ima_check_aggregate(const struct ima_replay *replay, const struct pcr_bank *banks,
                                 size_t bank_count, struct err *err);

#endif
