/* What one validation knows while it runs, and how a kind of evidence plugs into it. Private to
 * lib/attest.
 *
 * Each format has one row in attest.c: its name, how its first bytes look, and the function that
 * takes it from bytes to a verdict. That function
 *   1. calls case_open_item(), or verdict_open_item() where it is no machine's word by itself,
 *   2. parses (evidence/), and on malformed bytes adds a finding with the offset and returns,
 *   3. writes what the bytes say into the claims, under the name of its kind,
 *   4. follows the signatures to a pinned root (endorsement/), and calls verdict_prove_item(),
 *   5. returns when there is no policy or case_admit_kind() refuses,
 *   6. judges (appraisal/), and calls verdict_appraise_item().
 * Steps 5 and 6 are taken even when 4 failed: the reader learns everything at once.
 *
 * Wrappers (bundle, HCL blob, EAT) open themselves and call case_check() for what they hold. */
#ifndef COCOS_ATTEST_CASE_H
#define COCOS_ATTEST_CASE_H

#include "lib/attest/attest.h"
#include "lib/attest/evidence/transcript.h"

#define CASE_DEPTH_MAX 4  /* wrappers within wrappers */
#define CASE_ITEMS_MAX 64 /* in all of them together */
#define CASE_BOUND_MAX 8

enum case_beside { CASE_TCG_LOG, CASE_IMA_LOG, CASE_CEL_LOG, CASE_SIGNATURE, CASE_BESIDE_COUNT };

/* A key that an item which is itself proven vouches for: the AK of an HCL blob, the EK of an SVSM.
 */
struct case_bound_key {
    enum attest_kind by;
    bool guests_word;            /* the guest chose what the platform signed, this key among it */
    uint8_t sha256[SHA256_SIZE]; /* of what, says whoever adds it: see the wrapper's header */
};

struct attest_case {
    const struct attest_input *in;
    const struct policy *policy; /* NULL when there is none */
    struct verdict *verdict;
    unsigned depth, items;

    /* What the wrapper around the present item demands of its report data, all of it; it takes the
     * place of what the caller asked, since the wrapper is compared with that. Absent at the top.
     */
    struct json_bytes demanded_report_data;
    /* What the wrapper around the present item says about the machine; NULL where none does. */
    const struct transcript *transcript;

    /* The present item is within a token of the first agents' form: a transcript of kind "legacy"
     * belongs there, and nowhere else. */
    bool within_legacy;

    /* The logs that came along are of a vTPM beside or within the present item, and judged with it.
     */
    bool logs_are_tpms;

    /* What the caller gave beside the evidence and no item has looked at yet. */
    struct span unread[CASE_BESIDE_COUNT];

    bool fresh; /* an item was found to answer our question */
    bool stale; /* an item answers another one, and a finding says so */

    /* Somebody compared what the policy, or the caller, says with what the evidence shows, and adds
     * findings. */
    bool manifest_judged, config_judged, channel_judged;

    /* Whose evidence it is; see machine.h. */
    unsigned seen[KIND_COUNT]; /* items of each kind, also those that do not hold */
    bool within_chain;         /* the present item vouches for the root of a DICE chain whose last
                                * key the transcript must name */
    unsigned seen_in_chain[KIND_COUNT];
    unsigned untied_tpms;  /* whose key no platform names */
    bool dice_proven;      /* a chain held, from its root to its last key */
    bool dice_tied;        /* and the platform, or the transcript, names a key of it */
    bool registers_judged; /* those of a TPM, against the policy */

    /* What became of the caller's key; see machine.h. */
    bool key_signs;      /* it was taken for a token's signer */
    bool key_roots;      /* it was taken for a TPM's attestation key, or the root of a chain */
    bool under_key;      /* the present item is within such a token */
    unsigned beside_key; /* items that are in none */

    struct case_bound_key bound[CASE_BOUND_MAX];
    size_t bound_count;
};

/* Validates bytes as an item of the case; AUTO detects. Adds findings for an unknown format, too
 * deep nesting, and formats that this build cannot judge. */
void case_check(struct attest_case *c, enum attest_format format, struct span evidence);

/* The same for an item that must carry these 64 bytes as its report data. True when all of it was
 * proven, and met that demand. */
bool case_check_within(struct attest_case *c, enum attest_format format, struct span item,
                       const uint8_t demand[static SHA512_SIZE]);

/* Notes that what a proven item says binds this key: see struct case_bound_key. */
void case_bind_key(struct attest_case *c, enum attest_kind by,
                   const uint8_t sha256[static SHA256_SIZE]);
/* The same where the guest chose what was signed: it is genuine that the guest says so, no more. */
void case_bind_guests_key(struct attest_case *c, enum attest_kind by,
                          const uint8_t sha256[static SHA256_SIZE]);

/* Opens an item of this kind in the verdict, and notes that it was seen. */
void case_open_item(struct attest_case *c, enum attest_kind kind);

/* An item looks at what the caller gave beside it. Of a bundle's own logs this means nothing. */
void case_take_beside(struct attest_case *c, struct span given);

/* Whether the policy speaks of evidence of this kind at all; false, with a finding, when it does
 * not. Also false, without one, when there is no policy. */
bool case_admit_kind(struct attest_case *c, enum attest_kind kind);

/* Compares all 64 bytes of report data with every demand there is: the wrapper's, or the caller's
 * nonce and report_data. Adds `mismatch` when one does not hold; marks the case fresh when the
 * caller's do. */
void case_check_report_data(struct attest_case *c, enum finding_id mismatch,
                            struct span report_data);

/* Compares report data with what the policy's snp part names, where it does: of a report, and of
 * what stands for one. */
struct snp_report;
void case_check_snp_pin(struct attest_case *c, const struct snp_report *report);

/* Says that the item answers our question, for kinds that compare nonces in their own way. */
void case_mark_fresh(struct attest_case *c);

#endif
