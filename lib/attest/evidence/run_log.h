/* What our agent measures about a run, and the log that says so.
 *
 * PCR 15 is extended with the digest of the configuration first, then with that of a manifest when
 * it is set, and with an end when its computation is over; so on for each further manifest. Nothing
 * else of ours goes there. The log is a CEL, one JSON record a line, with content {"event":
 * "config"}, "manifest" or "end". A record holds no more than the digest: who may see the manifest
 * is decided elsewhere.
 *
 * An end is SHA-256 of RUN_END_LABEL and the manifest's digest, so that it says what ended, and is
 * no manifest's digest: none begins like the label.
 *
 * A TDX guest without a vTPM extends RTMR 3 in place of PCR 15, with the same digests; a runtime
 * register takes 48 bytes, so each is followed by 16 zeros. The log is the same.
 *
 * The agent writes with run_log_add(), the verifier reads with run_log_read(); neither touches a
 * TPM. */
#ifndef COCOS_ATTEST_EVIDENCE_RUN_LOG_H
#define COCOS_ATTEST_EVIDENCE_RUN_LOG_H

#include "lib/attest/evidence/cel.h"
#include "lib/attest/evidence/pcr.h"

#define RUN_PCR          15
#define RUN_RTMR         3
#define RUN_CONTENT_TYPE "cocos"

#define RUN_END_LABEL "cocos/end/1"

enum run_event { RUN_CONFIG, RUN_MANIFEST, RUN_END, RUN_EVENT_COUNT };

struct run_log {
    bool has_config;
    uint8_t config[SHA256_SIZE];
    size_t manifests;              /* how many were set, one after the other */
    uint8_t manifest[SHA256_SIZE]; /* the last one */
    bool ended;                    /* ... and its computation is over: there is none now */
    uint8_t pcr[SHA256_SIZE];      /* PCR 15 of the SHA-256 bank, when all this is true */
    uint8_t rtmr[SHA384_SIZE];     /* the same for RTMR 3 */
};

/* The registers that a run is extended into, each digest into both. */
struct run_registers {
    struct pcr_bank pcrs;  /* SHA-256 */
    struct pcr_bank rtmrs; /* SHA-384 */
};

void run_registers_init(struct run_registers *registers);
/* digest: SHA-256. Errors: INPUT (another size). */
MUST_USE int run_registers_extend(struct run_registers *registers, struct span digest,
                                  struct err *err);

/* What the end of the computation with this manifest is measured as. */
void run_end_digest(const uint8_t manifest[static SHA256_SIZE], uint8_t out[static SHA256_SIZE]);

/* Appends a record. recnum counts from 0. */
void run_log_add(struct buf *log, uint64_t recnum, enum run_event event,
                 const uint8_t digest[static SHA256_SIZE]);

/* Reads a log. Records of other registers are skipped; in PCR 15 the first must be a config, and
 * then manifests and their ends take turns. The caller compares pcr, or rtmr, with the quoted
 * register before it believes anything.
 * Errors: INPUT, MALFORMED. */
MUST_USE int run_log_read(struct span log, struct run_log *ret, struct err *err);

/* What the machine computes now, borrowed: empty before the first manifest, and after an end. */
struct span run_log_manifest(const struct run_log *run);

#endif
