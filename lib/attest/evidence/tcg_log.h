/* The TCG event log: what firmware and boot loader say they measured.
 *
 * Two formats of the TCG PC Client Platform Firmware Profile: the crypto-agile one, which begins
 * with a Spec ID event that declares the banks, and the older one with SHA-1 digests only. The log
 * of TDX guests (CCEL) has the same format with other registers; see ccel.h.
 *
 * A log is a claim. Nothing in it counts before its replay gives the quoted registers, and then
 * only digests are proven: the type of an event, and its data, are whatever somebody wrote. The
 * data counts when its hash is the digest (tcg_event_measures()).
 *
 * tcg_log_parse() checks the whole log once; walking it afterwards cannot fail. Nothing is
 * allocated: a log borrows the bytes it was parsed from, an event borrows from the log. */
#ifndef COCOS_ATTEST_EVIDENCE_TCG_LOG_H
#define COCOS_ATTEST_EVIDENCE_TCG_LOG_H

#include "lib/attest/evidence/pcr.h"
#include "lib/base/reader.h"

#define TCG_LOG_SIZE_MAX   (16 * MIB)
#define TCG_LOG_EVENTS_MAX 65536
#define TCG_LOG_ALGS_MAX   8

/* Event types that somebody here looks at (PC Client Platform Firmware Profile, table 27). */
enum tcg_event_type {
    EV_NO_ACTION = 0x00000003, /* about the log itself, extended nowhere */
    EV_SEPARATOR = 0x00000004,
    EV_EVENT_TAG = 0x00000006,
    EV_S_CRTM_VERSION = 0x00000008,
    EV_IPL = 0x0000000d,
    EV_EFI_VARIABLE_DRIVER_CONFIG = 0x80000001,
    EV_EFI_VARIABLE_BOOT = 0x80000002,
    EV_EFI_BOOT_SERVICES_APPLICATION = 0x80000003,
    EV_EFI_ACTION = 0x80000007,
    EV_EFI_PLATFORM_FIRMWARE_BLOB = 0x80000008,
    EV_EFI_PLATFORM_FIRMWARE_BLOB2 = 0x8000000a,
    EV_EFI_VARIABLE_AUTHORITY = 0x800000e0,
};

struct tcg_log_alg {
    uint16_t id; /* TPM_ALG_ID */
    uint16_t size;
};

struct tcg_log {
    struct span in; /* borrowed, without the padding at the end */
    bool agile;     /* false: SHA-1 only */
    size_t alg_count;
    struct tcg_log_alg algs[TCG_LOG_ALGS_MAX]; /* the banks */
    size_t first;                              /* offset of the first event */
    size_t count;                              /* of events, without the Spec ID event */
    bool has_locality;
    uint8_t locality; /* of TPM2_Startup: 0, 3 or 4 */
};

struct tcg_digest {
    uint16_t alg_id;
    struct span value;
};

struct tcg_event {
    size_t number;  /* from 0, without the Spec ID event */
    size_t offset;  /* in the log */
    uint32_t index; /* the register: PCR, or measurement register of a CCEL */
    uint32_t type;
    size_t digest_count;
    struct tcg_digest digests[TCG_LOG_ALGS_MAX];
    struct span data;
};

struct tcg_cursor {
    const struct tcg_log *log;
    struct reader at;
    size_t number;
};

/* Checks and opens a log; in is borrowed by ret. Padding of zeros or 0xff at the end is cut off.
 * Errors: INPUT with the offset of the event at fault: truncated, a size over the end, a digest of
 * an undeclared or repeated algorithm, a register over 23, two different localities, or a ceiling
 * above exceeded. */
MUST_USE int tcg_log_parse(struct span in, struct tcg_log *ret, struct err *err);

/* Walks the events in order: false at the end. */
struct tcg_cursor tcg_log_begin(const struct tcg_log *log);
bool tcg_log_next(struct tcg_cursor *cursor, struct tcg_event *ret);

/* True when the log has digests for this bank. */
bool tcg_log_has_bank(const struct tcg_log *log, enum digest_alg alg);

/* The best bank of the log that can be computed: sha256, sha384, sha512, then sha1. NOT_FOUND when
 * there is none of them. */
MUST_USE int tcg_log_choose_bank(const struct tcg_log *log, enum digest_alg *ret, struct err *err);

/* Replays the log from a reset machine into ret. NOT_FOUND when the log has no such bank; INPUT
 * when an event lacks its digest for it. */
MUST_USE int tcg_log_replay(const struct tcg_log *log, enum digest_alg alg, struct pcr_bank *ret,
                            struct err *err);

/* True when the event is extended into a register at all. */
bool tcg_event_is_extended(const struct tcg_event *event);

/* The event's digest in one bank; false when it has none. */
bool tcg_event_find_digest(const struct tcg_event *event, enum digest_alg alg, struct span *ret);

/* True when the event's digest in this bank is the hash of bytes: then, and only then, the event
 * says something about them. */
bool tcg_event_measures(const struct tcg_event *event, enum digest_alg alg, struct span bytes);

/* "EV_SEPARATOR"; NULL for a type without a name. */
const char *tcg_event_type_name(uint32_t type);

#endif
