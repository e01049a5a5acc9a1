/* The desk at which evidence is asked for, and through which goes what is measured about the run,
 * so that no answer mixes two moments.
 *
 * What the agent acts on is measured first, once: the configuration at start, then each manifest,
 * and the end of its computation before anybody else is certified or answered for. PCR 15 is
 * extended (without a TPM, on TDX, RTMR 3 where the kernel lets us) and the run log (run_log.h)
 * says with what; other machines show the same in the transcript and the log alone. PCR 16 is not
 * used, since any process in the guest can reset it.
 *
 * One thread at a time; who may wait, and how many, is the asker's (pact/line.h). */
#ifndef COCOS_AGENT_ATTESTER_DESK_H
#define COCOS_AGENT_ATTESTER_DESK_H

#include "lib/attest/evidence/run_log.h"
#include "lib/attest/evidence/transcript.h"
#include "lib/crypto/key.h"
#include "services/agent-api/attester/attester.h"

#define DESK_SYSFS         "/sys"
#define DESK_ATTESTERS_MAX 4
#define DESK_ANSWER_MAX    (16 * MIB)

struct desk;

struct desk_config {
    const struct attester *attesters[DESK_ATTESTERS_MAX]; /* those that work here, NULL after */
    struct attester_places places;                        /* what it points to is borrowed */
    const char *sysfs;
};

/* Never fails: what is wrong is told by who asks. */
struct desk *desk_new(const struct desk_config *config);
void desk_free(struct desk *desk);

/* Measures, and only then returns: the configuration first and once, then manifests, each after the
 * end of the one before. Errors: UNAVAILABLE (the register was used before we started, so it says
 * nothing of us), STATE (the other order), SYSTEM, TOO_LARGE (the log). */
MUST_USE int desk_measure_config(struct desk *desk, const uint8_t digest[static SHA256_SIZE],
                                 struct err *err);
MUST_USE int desk_measure_manifest(struct desk *desk, const uint8_t digest[static SHA256_SIZE],
                                   struct err *err);
/* The end of the computation whose manifest was measured last; nothing when there is none. From
 * then on no evidence names its manifest. There is always room for it in the log. Errors: SYSTEM:
 * nothing can be said of the machine any more. */
MUST_USE int desk_measure_end(struct desk *desk, struct err *err);

/* What the run register holds, by the log of what was measured. Errors: INTERNAL. */
MUST_USE int desk_read_register(const struct desk *desk, uint8_t out[static SHA256_SIZE],
                                struct err *err);

struct desk_question {
    /* Kind, nonce, and what is known of the connection. One of kind "legacy" names the run log
     * only: see evidence/legacy_eat.h. */
    struct transcript transcript;
    unsigned types; /* 1 << enum bundle_type of each that is wanted; 0: all */
    /* The DICE chain that leads to the server's key, without evidence for its root, and that root;
     * empty, NULL: there is none. The answer's chain brings the platform's word for the root, which
     * is asked for once, and again when a register moved. */
    struct span chain;
    const struct key *root;
};

/* Answers with the text of a bundle, appended to out. Errors: UNSUPPORTED (there is no such
 * evidence here), UNAVAILABLE, SYSTEM. */
MUST_USE int desk_ask(struct desk *desk, const struct desk_question *question, struct buf *out,
                      struct err *err);

/* Answers a credential challenge: see tpm_device_activate(). Errors: UNSUPPORTED (no TPM), what
 * that says. */
MUST_USE int desk_activate(struct desk *desk, struct span blob, struct span encrypted,
                           struct buf *secret, struct err *err);

/* The kernel's measurement list, into ima, and PCR 10 as it was just before, so that some first
 * part of the list leads to it; no register without a TPM. Of SHA-1 only where the TPM keeps it.
 * Errors: TOO_LARGE, SYSTEM. */
struct desk_ima {
    struct pcr_bank sha256, sha1;
};
MUST_USE int desk_read_ima(struct desk *desk, struct buf *ima, struct desk_ima *ret,
                           struct err *err);

#endif
