/* A chain of DICE certificates: from the key of the device secret (UDS), layer by layer as they
 * started, to the key that is in use now. Form only.
 *
 * It comes as
 *   X.509: PEM blocks, or DER certificates one after the other;
 *   CBOR:  an array of certificates, with the COSE_Key of the UDS in front of them where it has no
 *          certificate (as Android's devices write it); or one certificate alone;
 *   rooted: a CBOR map {1: a chain in CBOR, 2: type, 3: evidence}, in which evidence of a platform
 *          (type as in a bundle: "snp", "tdx", "vtpm", "sim") carries dice_root_report_data(). */
#ifndef COCOS_ATTEST_EVIDENCE_DICE_CHAIN_H
#define COCOS_ATTEST_EVIDENCE_DICE_CHAIN_H

#include "lib/attest/evidence/bundle.h"
#include "lib/attest/evidence/dice_layer.h"

#define DICE_LAYERS_MAX 16

struct dice_chain {
    struct key *root; /* of the UDS, where the chain says it; owned */
    size_t count;     /* at least one */
    struct dice_layer *layers;
    bool has_endorsement;
    enum bundle_type endorsement_type;
    struct span endorsement; /* borrowed */
};

void dice_chain_done(struct dice_chain *chain);
#define OWNED_DICE_CHAIN __attribute__((cleanup(dice_chain_done))) struct dice_chain

/* Borrows in. Errors: INPUT. */
MUST_USE int dice_chain_parse(struct span in, struct dice_chain *ret, struct err *err);

/* Writes a chain in CBOR for root, of certificates as dice_layer_write() makes them; with evidence,
 * where it is not empty, in the rooted form. Appended to out. Errors: INPUT, TOO_LARGE. */
struct dice_chain_parts {
    const struct key *root;
    const struct span *certificates;
    size_t count;
    enum bundle_type type; /* of the evidence */
    struct span evidence;
};
MUST_USE int dice_chain_write(const struct dice_chain_parts *parts, struct buf *out,
                              struct err *err);

/* Puts a chain in CBOR, as it was written without evidence, into the rooted form. Errors:
 * TOO_LARGE.
 */
MUST_USE int dice_chain_endorse(struct span chain, enum bundle_type type, struct span evidence,
                                struct buf *out, struct err *err);

#endif
