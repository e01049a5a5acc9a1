/* The transcript: what an agent's evidence is about.
 *
 * A platform signs 64 bytes of the asker's choice. We let it sign the SHA-512 of this list: a
 * label, then eight fields, each a length (u32, big-endian) and that many bytes, in one order that
 * never changes. A field that does not apply is there with length zero, so that no transcript can
 * be read as another one. SNP and TDX carry the hash whole, a TPM the SHA-256 of it.
 *
 * Evidence of kind "channel" belongs to one TLS connection: it names the secret that both ends
 * exported from it, and their keys. Evidence of kind "boot" was made when no connection existed; it
 * is never taken for a channel. Evidence of kind "legacy" answers a caller of the first agents'
 * protocol, who chose what it is over: its nonce is the hash of that (legacy_nonce()), so that it
 * proves his question to have been answered, and is never taken for anything else.
 *
 * The agent encodes, the verifier parses; both are here. Pure. docs/attestation.md, "The
 * transcript". */
#ifndef COCOS_ATTEST_EVIDENCE_TRANSCRIPT_H
#define COCOS_ATTEST_EVIDENCE_TRANSCRIPT_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/crypto/digest.h"

/* What both ends of a connection export from TLS 1.3 (RFC 8446, 7.5): this label, with the nonce as
 * its context. */
#define TRANSCRIPT_EXPORTER_LABEL "EXPORTER-cocos-attestation"

#define TRANSCRIPT_VALUE_SIZE 32
#define TRANSCRIPT_SIZE_MAX   512

enum transcript_kind {
    TRANSCRIPT_CHANNEL,
    TRANSCRIPT_BOOT,
    TRANSCRIPT_LEGACY,
    TRANSCRIPT_KIND_COUNT
};

/* In the order in which they stand, after the label. */
enum transcript_field {
    TRANSCRIPT_NONCE,
    TRANSCRIPT_EXPORTER,
    TRANSCRIPT_SERVER,   /* SHA-256 of the SPKI with which the server is seen in the connection */
    TRANSCRIPT_CLIENT,   /* the same of the client; absent when it showed none */
    TRANSCRIPT_CONFIG,   /* SHA-256 of the canonical configuration */
    TRANSCRIPT_MANIFEST, /* SHA-256 of the canonical manifest; absent before one was set */
    TRANSCRIPT_AK,       /* SHA-256 of the TPM's attestation key (TPMT_PUBLIC); absent without */
    TRANSCRIPT_LOGS,     /* see transcript_hash_logs() */
    TRANSCRIPT_FIELD_COUNT
};

/* "nonce" "exporter" "server" ...: for messages and claims. */
extern const char *const transcript_kind_names[TRANSCRIPT_KIND_COUNT + 1];   /* NULL-terminated */
extern const char *const transcript_field_names[TRANSCRIPT_FIELD_COUNT + 1]; /* NULL-terminated */

struct transcript {
    enum transcript_kind kind;
    bool has[TRANSCRIPT_FIELD_COUNT];
    uint8_t value[TRANSCRIPT_FIELD_COUNT][TRANSCRIPT_VALUE_SIZE];
};

/* Puts a field in. */
void transcript_set(struct transcript *transcript, enum transcript_field field,
                    const uint8_t value[static TRANSCRIPT_VALUE_SIZE]);

/* A field: 32 bytes, borrowed, or an empty span when it is absent. */
struct span transcript_get(const struct transcript *transcript, enum transcript_field field);

/* Appends the encoding. Errors: INPUT when a field is missing that this kind must have, or there
 * that it cannot have. */
MUST_USE int transcript_encode(const struct transcript *transcript, struct buf *out,
                               struct err *err);

/* Takes exactly what transcript_encode() writes. Errors: INPUT with the offset. */
MUST_USE int transcript_parse(struct span in, struct transcript *ret, struct err *err);

/* What SNP and TDX sign (SHA-512 of the encoding), and what a TPM signs as extraData (SHA-256 of
 * that). */
void transcript_report_data(struct span encoded, uint8_t out[static SHA512_SIZE]);
void transcript_extra_data(const uint8_t report_data[static SHA512_SIZE],
                           uint8_t out[static SHA256_SIZE]);

/* The logs that go with evidence; empty where there is none. */
struct transcript_logs {
    struct span tcg; /* firmware's event log */
    struct span ima; /* the kernel's measurement list */
    struct span cel; /* what the agent measured: see run_log.h */
};

/* SHA-256 of all three, each after its length (u32, big-endian). */
void transcript_hash_logs(const struct transcript_logs *logs, uint8_t out[static SHA256_SIZE]);

#endif
