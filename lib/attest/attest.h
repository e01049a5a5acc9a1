/* The verifier: evidence in, a verdict that explains itself out.
 *
 * Pure. Everything that a verdict depends on is an argument: the bytes of the evidence, the
 * certificates and revocation lists that vouch for its signers, what we asked for, the policy and
 * the time. Nothing is read from a file, the network, the clock or the environment, nothing is
 * logged, no state is kept; two threads may validate at once, and the same input gives the same
 * verdict for ever.
 *
 *     struct attest_input in = {.evidence = report, .vek = vek, .report_data = asked, .now = now};
 *     OWNED_VERDICT verdict;
 *
 *     in.policy = policy;
 *     if (attest_validate(&in, &verdict, &err) < 0)
 *         return -1;                            -- this build cannot judge such evidence
 *     if (!verdict_accepted(&verdict)) ...      -- verdict_json(), attest_explain() tell why
 *
 * Evidence is hostile: however malformed it is, the answer is a finding that names the byte, never
 * an error and never a crash. What is inside the evidence vouches for nothing by itself:
 * certificates that come with it are used as links of a chain only, and roots are pinned. */
#ifndef COCOS_ATTEST_ATTEST_H
#define COCOS_ATTEST_ATTEST_H

#include "lib/attest/policy.h"
#include "lib/attest/verdict.h"

#define ATTEST_EVIDENCE_MAX (16 * MIB)

enum attest_format {
    ATTEST_AUTO,
    ATTEST_SNP,    /* a report of 1184 bytes, alone or followed by a certificate table */
    ATTEST_TDX,    /* a quote */
    ATTEST_SGX,    /* a quote */
    ATTEST_VTPM,   /* TPMS_ATTEST and TPMT_SIGNATURE */
    ATTEST_TPM_PB, /* the protobuf of go-tpm-tools */
    ATTEST_EAT,    /* CBOR web token */
    ATTEST_JWT,
    ATTEST_CMW, /* conceptual message wrapper, JSON or CBOR */
    ATTEST_HCL, /* Azure's NV blob */
    ATTEST_DICE,
    ATTEST_BUNDLE, /* our own JSON */
    ATTEST_SIM,    /* as ATTEST_SNP, signed by a test root; never detected */
    ATTEST_FORMAT_COUNT
};

extern const char *const attest_format_names[ATTEST_FORMAT_COUNT + 1]; /* NULL-terminated */

struct attest_spans {
    const struct span *items;
    size_t count;
};

/* A TPM answered our credential challenge (TPM2_MakeCredential, TPM2_ActivateCredential): whoever
 * holds ek holds the key of this name too. The caller made the challenge and compared the answer;
 * here it is decided what that is worth, which depends on who vouches for ek. */
struct attest_credential {
    struct span ak_name;        /* the name to which the challenge was bound */
    struct span ek;             /* TPMT_PUBLIC of the key to which it was encrypted */
    struct span ek_certificate; /* DER or PEM; empty when there is none */
};

/* The TLS connection over which the evidence came, as the caller sees it. Only evidence with a
 * transcript (a bundle, or our own token) can show that it belongs to it, and only when it was made
 * for a channel; evidence from boot never does. Each 32 bytes. */
struct attest_channel {
    struct span exporter; /* TRANSCRIPT_EXPORTER_LABEL, with the nonce as its context */
    struct span server;   /* SHA-256 of the server's SPKI */
    struct span client;   /* SHA-256 of the client's own; empty when it showed no certificate */
};

/* All of it borrowed for the call; what is not given is empty. Certificates and revocation lists
 * are DER or PEM, a PEM file may hold several. */
struct attest_input {
    enum attest_format format;
    struct span evidence;

    /* Who vouches. */
    struct span vek;           /* the VCEK or VLEK; may also be in chain, or in the evidence */
    struct attest_spans chain; /* intermediates and roots, in any order */
    struct attest_spans crls;  /* revocation lists */
    struct attest_spans
        trust_roots; /* certificates that replace the built-in roots of their family */
    struct attest_spans collateral; /* TDX, SGX; see endorsement/dcap_collateral.h */
    struct span key;  /* the public key or certificate of a token's or quote's signer: given, it is
                       * a demand that it signed all of the evidence; or a chain's or TPM's */
    bool key_is_root; /* it is for the root of a chain, where there is one, and demands nothing */

    const struct attest_credential *credential; /* NULL when no TPM was challenged */

    /* What belongs to a quote. */
    struct span signature; /* where the format keeps it apart */
    struct span tcg_log, ima_log, cel_log;
    struct span svsm_manifest; /* what an SVSM's report is over; see evidence/svsm.h */

    /* What we asked. At least one of them, or the policy waives freshness. */
    struct span nonce;       /* our challenge; platforms with 64 bytes carry it padded with zeros,
                              * transcripts as their nonce */
    struct span report_data; /* exactly what the platform must have signed, 64 bytes */

    /* Whom a token must name, where it is one. Not given: any issuer whom the key belongs to; no
     * audience, so that a token for somebody refuses. */
    struct span issuer, audience;

    /* The connection that the evidence must belong to. NULL: the caller trusts no connection by
     * it, as with evidence from a file. */
    const struct attest_channel *channel;

    /* In place of vek, chain, crls and trust_roots: see attest_endorse(). NULL for none. */
    const struct attest_endorsement *endorsement;

    const struct policy *policy; /* NULL: nothing is accepted, and crypto is still told */
    int64_t now;                 /* seconds since 1970, for every validity period */
};

/* Validates. On success verdict is filled, whatever it says, and the caller releases it with
 * verdict_done(). Errors: UNSUPPORTED (a format that this build cannot judge), TOO_LARGE. */
MUST_USE int attest_validate(const struct attest_input *in, struct verdict *ret, struct err *err);

/* Who vouches, checked once for many pieces of evidence by the same signer: takes vek, chain, crls
 * and trust_roots of in and looks at nothing else. What depends on the time is judged each time it
 * is used. For SNP. Errors: UNTRUSTED, naming the finding, when the certificates do not hold.
 * Threads: the result is immutable and may be used by any. */
struct attest_endorsement;
MUST_USE int attest_endorse(const struct attest_input *in, struct attest_endorsement **ret,
                            struct err *err);
void attest_endorsement_free(struct attest_endorsement *endorsement);
DEFINE_OWNED(attest_endorsement)
#define OWNED_ATTEST_ENDORSEMENT OWNED_OF(attest_endorsement)

/* What the bytes look like; ATTEST_AUTO when like nothing we know. */
enum attest_format attest_detect(struct span evidence);

/* Tells a person, in a few lines for each finding, what was checked, what was expected, what is
 * there, and the smallest change that would mend it. Appended to out. */
void attest_explain(const struct verdict *verdict, struct buf *out);

#endif
