/* The TCG Canonical Event Log: what user space measured, after the firmware's own log ended.
 *
 * Two encodings are read: JSON, as an array of records or as a sequence of them (one a line, RFC
 * 7464's separator allowed in front), which is what systemd and our agent write; and TLV, which
 * Google's launcher writes. A record says which register was extended with which digests, and holds
 * a content that explains them. As with every log, nothing of it counts before the replay gives the
 * quoted register, and then the digests are proven, not the content.
 *
 * TCG Canonical Event Log Format 1.0. */
#ifndef COCOS_ATTEST_EVIDENCE_CEL_H
#define COCOS_ATTEST_EVIDENCE_CEL_H

#include "lib/attest/evidence/pcr.h"
#include "lib/json/json.h"

#define CEL_SIZE_MAX         (4 * MIB)
#define CEL_RECORDS_MAX      65536
#define CEL_DIGESTS_MAX      8
#define CEL_CONTENT_NAME_MAX 32

enum cel_form { CEL_TLV, CEL_JSON_ARRAY, CEL_JSON_LINES };

/* A walk through a log. Borrows the log, owns what it parsed last. */
struct cel_log {
    struct span in;
    enum cel_form form;
    size_t at;    /* next byte; in an array, next item */
    size_t count; /* records read */
    uint64_t next_recnum;
    struct json *json; /* the array, or the record read last */
    bool failed;
    struct err err; /* why, when failed */
};

void cel_log_done(struct cel_log *log);
#define OWNED_CEL_LOG __attribute__((cleanup(cel_log_done))) struct cel_log

struct cel_digest {
    uint16_t alg_id;
    size_t len;
    uint8_t value[DIGEST_SIZE_MAX];
};

struct cel_record {
    size_t number; /* from 0 */
    size_t offset; /* in the log; in an array, the item */
    bool has_recnum;
    uint64_t recnum;
    bool is_nv; /* an NV index was extended, no register */
    uint32_t index;
    size_t digest_count;
    struct cel_digest digests[CEL_DIGESTS_MAX];
    char content_type[CEL_CONTENT_NAME_MAX]; /* "systemd"; "" when there is none */
    const struct json *content;              /* JSON: NULL when there is none */
    struct span content_bytes;               /* TLV */
};

/* Begins to walk; the encoding is recognised by the first byte. Errors: INPUT, MALFORMED. */
MUST_USE int cel_log_open(struct span in, struct cel_log *ret, struct err *err);

/* The next record; content borrowed until the next call. False at the end, and when the log is
 * malformed: ask cel_log_check() afterwards. Record numbers, where they are given, must follow each
 * other without a gap. */
bool cel_log_next(struct cel_log *log, struct cel_record *ret);

/* 0 when the walk met its end; INPUT or MALFORMED with the record at fault otherwise. */
MUST_USE int cel_log_check(const struct cel_log *log, struct err *err);

/* The record's digest in one bank; false when it has none. */
bool cel_record_find_digest(const struct cel_record *record, enum digest_alg alg, struct span *ret);

/* Goes on extending bank where another log ended; records without a digest for it are passed over.
 * Errors: INPUT, MALFORMED; bank may have been extended by then. */
MUST_USE int cel_log_extend(struct span in, struct pcr_bank *bank, struct err *err);

/* Replays the log from zeros: registers it speaks of hold what it alone extended into them. Errors:
 * INPUT, also when a record has no digest for the bank. */
MUST_USE int cel_log_replay(struct span in, enum digest_alg alg, struct pcr_bank *ret,
                            struct err *err);

#endif
