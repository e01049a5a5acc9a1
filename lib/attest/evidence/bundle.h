/* The bundle: what our agent answers to POST /v1/attestation, and what `evidence` writes to a file.
 *
 *   {"version": 1, "transcript": base64,
 *    "items": [{"type": "snp", "media_type": "...", "data": base64}, ...],
 *    "logs": {"tcg": base64, "ima": base64, "cel": base64},
 *    "endorsement": {"ek": base64, "ek_certificate": base64, "svsm_manifest": base64}}
 *
 * One table of fields reads and writes it. The transcript says what the evidence is about
 * (transcript.h); every item carries its hash, and the transcript carries the hash of the logs, so
 * nothing of a bundle can be exchanged. The endorsement key of a TPM
 * is named beside them, for a credential challenge; that, or its certificate, proves it. Here is
 * only the form: what it proves is decided in bundle_case.c. */
#ifndef COCOS_ATTEST_EVIDENCE_BUNDLE_H
#define COCOS_ATTEST_EVIDENCE_BUNDLE_H

#include "lib/attest/evidence/transcript.h"
#include "lib/json/table.h"

#define BUNDLE_ITEMS_MAX     8
#define BUNDLE_ITEM_SIZE_MAX (1 * MIB)
#define BUNDLE_LOG_SIZE_MAX  (8 * MIB)
#define BUNDLE_KEY_SIZE_MAX  (16 * KIB) /* of an endorsement key, its certificate, a manifest */
#define BUNDLE_TEXT_MAX      (16 * MIB)

enum bundle_type {
    BUNDLE_SNP,  /* a report, with the host's certificate table after it where there is one */
    BUNDLE_TDX,  /* a quote */
    BUNDLE_VTPM, /* the message of go-tpm-tools: TPMT_PUBLIC of the key, quotes, registers */
    BUNDLE_DICE, /* a chain of certificates, CBOR or X.509 */
    BUNDLE_SIM,  /* a report of sim.h */
    BUNDLE_TYPE_COUNT
};

extern const char *const bundle_type_names[BUNDLE_TYPE_COUNT + 1]; /* NULL-terminated */

/* The one media type of each type. */
const char *bundle_media_type(enum bundle_type type);

struct bundle_item {
    enum bundle_type type;
    char *media_type;
    struct json_blob data;
};

struct bundle_logs {
    struct json_blob tcg, ima, cel;
};

struct bundle_endorsement {
    struct json_blob ek;             /* TPMT_PUBLIC; empty without a TPM that has one */
    struct json_blob ek_certificate; /* DER; empty where the maker gave none */
    struct json_blob svsm_manifest;  /* evidence/svsm.h: the snp report is its SVSM's, over what it
                                        would be over otherwise and this; empty without one */
};

struct bundle {
    uint32_t version;
    struct json_blob transcript;
    struct json_list items; /* of struct bundle_item */
    struct bundle_logs logs;
    struct bundle_endorsement endorsement;
};

void bundle_done(struct bundle *bundle);
#define OWNED_BUNDLE __attribute__((cleanup(bundle_done))) struct bundle

/* Reads the text of a bundle: no member unknown or twice, no type twice, each with its media type,
 * at least one item. Errors: MALFORMED, INPUT with a pointer. */
MUST_USE int bundle_parse(struct span text, struct bundle *ret, struct err *err);

/* True when the text looks like a bundle. */
bool bundle_detect(struct span text);

/* Building one: an empty bundle, what goes into it (copied), and its text, appended to out.
 * Errors: INPUT (over a ceiling, or of a type that is there), TOO_LARGE. */
void bundle_init(struct bundle *bundle);
MUST_USE int bundle_set_transcript(struct bundle *bundle, const struct transcript *transcript,
                                   struct err *err);
MUST_USE int bundle_set_logs(struct bundle *bundle, const struct transcript_logs *logs,
                             struct err *err);
MUST_USE int bundle_set_endorsement(struct bundle *bundle, struct span ek,
                                    struct span ek_certificate, struct err *err);
MUST_USE int bundle_set_svsm(struct bundle *bundle, struct span manifest, struct err *err);
MUST_USE int bundle_add(struct bundle *bundle, enum bundle_type type, struct span data,
                        struct err *err);
MUST_USE int bundle_write(const struct bundle *bundle, struct buf *out, struct err *err);

/* Reading one: borrowed from it. */
size_t bundle_count(const struct bundle *bundle);
const struct bundle_item *bundle_at(const struct bundle *bundle, size_t index);
struct transcript_logs bundle_get_logs(const struct bundle *bundle);

static inline struct span bundle_span(const struct json_blob *blob)
{
    return span_of(blob->data, blob->len);
}

#endif
