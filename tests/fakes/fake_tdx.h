/* An Intel of our own: root, PCK authority, PCK with its SGX extension, signer of collateral,
 * lists, TCB info and QE identity, and quotes of TDX guests and SGX enclaves. Linked into tests
 * only; a verifier refuses it all unless it is told to trust the fake root.
 *
 *     struct fake_tdx world;
 *
 *     fake_tdx_start(&world, FAKE_TD4);                       -- everything is in order now
 *     world.body[120] = 1;                                    -- ... but for what a test changes
 *     fake_tdx_edit(&world.tcb_info, "UpToDate", "Revoked");
 *     fake_tdx_make(&world);                                  -- certificates and signatures
 *     fake_tdx_input(&world, &in);
 *     ...
 *     fake_tdx_done(&world);
 */
#ifndef COCOS_TESTS_FAKE_TDX_H
#define COCOS_TESTS_FAKE_TDX_H

#include "lib/attest/attest.h"
#include "lib/attest/evidence/td_report.h"
#include "tests/fakes/fake_pki.h"

#define FAKE_TDX_NOW   1800000000
#define FAKE_TDX_BEGIN 1700000000
#define FAKE_TDX_END   1900000000

enum fake_tdx_kind { FAKE_SGX3, FAKE_TD4, FAKE_TD5, FAKE_TD5_15, FAKE_TDX_KINDS };

/* What the PCK certificate says of the platform. */
struct fake_pck {
    uint8_t components[16];
    uint16_t pce_svn;
    uint8_t fmspc[6];
    uint8_t platform;               /* ENUMERATED */
    bool multi;                     /* with instance id and configuration */
    unsigned omit, repeat, unknown; /* number of a part of the extension; 0: none */
    struct span raw;                /* in place of all of it; empty: none */
};

struct fake_tdx {
    enum fake_tdx_kind kind;
    struct fake_pck platform;
    struct fake_cert root, ca, pck, signer; /* the extension of the pck is set by make() */
    struct fake_crl root_crl, pck_crl;
    uint8_t header[48];
    uint8_t body[TD_REPORT_15_SIZE];
    uint8_t qe[SGX_REPORT_SIZE]; /* its report data is set by make() */
    uint8_t qe_auth[32];
    struct buf tcb_info, qe_identity; /* texts, as they will be signed */

    /* Made of all that. */
    struct buf root_der, ca_der, pck_der, signer_der, root_crl_der, pck_crl_der;
    struct buf chain; /* PEM of the quote */
    struct buf quote;
    struct buf collateral; /* the JSON of dcap-qvl */
    struct span collateral_items[1], root_items[1];
};

void fake_tdx_start(struct fake_tdx *world, enum fake_tdx_kind kind);
void fake_tdx_make(struct fake_tdx *world);
/* Only what certificates do not change: the documents and their signatures; the quote. */
void fake_tdx_make_collateral(struct fake_tdx *world);
void fake_tdx_make_quote(struct fake_tdx *world);
void fake_tdx_done(struct fake_tdx *world);
#define OWNED_FAKE_TDX __attribute__((cleanup(fake_tdx_done))) struct fake_tdx

/* Everything of the world, at the time FAKE_TDX_NOW, without policy and challenge. Borrows the
 * world. */
void fake_tdx_input(struct fake_tdx *world, struct attest_input *in);

/* Replaces the first occurrence of a text, which must be there. */
void fake_tdx_edit(struct buf *text, const char *from, const char *to);

/* The SGX extension of a PCK certificate; appended. */
void fake_tdx_extension(const struct fake_pck *platform, struct buf *out);

size_t fake_tdx_body_size(const struct fake_tdx *world);

/* Keys of the fake Intel, made once for the program. */
enum fake_tdx_key {
    FAKE_TDX_ROOT,
    FAKE_TDX_CA,
    FAKE_TDX_PCK,
    FAKE_TDX_SIGNER,
    FAKE_TDX_ATTESTATION,
    FAKE_TDX_OTHER,
    FAKE_TDX_KEYS
};
const struct key *fake_tdx_key(enum fake_tdx_key which);
void fake_tdx_forget_keys(void);

#endif
