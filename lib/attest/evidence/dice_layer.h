/* One certificate of a DICE chain: which key, for which layer, measured how, signed by whom. In
 * X.509 or in CBOR (a CWT in COSE_Sign1), which say the same.
 *
 * Parsing proves nothing; dice_layer_check_signature() does, under the key of the layer before.
 *
 * Open Profile for DICE 2.5, "Certificate Details"; TCG DICE, see tcb_info.h. */
#ifndef COCOS_ATTEST_EVIDENCE_DICE_LAYER_H
#define COCOS_ATTEST_EVIDENCE_DICE_LAYER_H

#include "lib/attest/evidence/dice_derive.h"
#include "lib/attest/evidence/tcb_info.h"
#include "lib/cbor/cose.h"
#include "lib/crypto/x509.h"

#define DICE_CERT_MAX    (32 * KIB)
#define DICE_PROFILE_MAX 64

/* What a layer was measured as, in the profile's order. */
enum dice_value {
    DICE_CODE_HASH,
    DICE_CODE_DESCRIPTOR,
    DICE_CONFIG_HASH,
    DICE_CONFIG_DESCRIPTOR,
    DICE_AUTHORITY_HASH,
    DICE_AUTHORITY_DESCRIPTOR,
    DICE_VALUE_COUNT
};
extern const char *const dice_value_names[DICE_VALUE_COUNT]; /* "code_hash" ... */

/* All spans are borrowed from the input, or from cert. */
struct dice_layer {
    struct x509 *cert;           /* X.509: owned; NULL for CBOR */
    struct cose_sign1 message;   /* CBOR */
    struct key *key;             /* of the subject; owned */
    struct span issuer, subject; /* CBOR: text; X.509: the names, DER */
    bool issues;                 /* may sign certificates */
    bool has_not_before, has_not_after;
    int64_t not_before, not_after;

    bool measured; /* by the Open Profile; the values below are the profile's then */
    struct span value[DICE_VALUE_COUNT];
    uint8_t mode;
    struct span profile; /* its name; may be empty */

    struct tcb_infos tcb; /* by the TCG; X.509 only */
};

void dice_layer_done(struct dice_layer *layer);
#define OWNED_DICE_LAYER __attribute__((cleanup(dice_layer_done))) struct dice_layer

/* One certificate. A measured layer must have every value that the profile requires, and a
 * configuration hash must be the hash of its descriptor. Errors: INPUT. */
MUST_USE int dice_layer_parse_cbor(struct span in, struct dice_layer *ret, struct err *err);
MUST_USE int dice_layer_parse_x509(struct span in, struct dice_layer *ret, struct err *err);

/* 0 when issuer's key signed the certificate. Errors: UNTRUSTED. */
MUST_USE int dice_layer_check_signature(const struct dice_layer *layer, const struct key *issuer,
                                        struct err *err);

/* True when name, of a certificate in the layer's form, is the identifier of the key, as the
 * profile writes it. */
bool dice_layer_names(const struct dice_layer *layer, struct span name, const struct key *key);

/* Makes the certificate of a layer in CBOR: what the layer before signs for it. measured may be
 * NULL, for a key that is no layer's. */
struct dice_certificate {
    const struct key *issuer;  /* a pair */
    const struct key *subject; /* a public key will do */
    const struct dice_input *input;
    bool issues;
    const char *profile; /* may be NULL */
};
MUST_USE int dice_layer_write(const struct dice_certificate *certificate, struct buf *out,
                              struct err *err);

#endif
