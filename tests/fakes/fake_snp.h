/* An AMD of our own: root, intermediate and chip keys, their certificates with AMD's extensions, a
 * revocation list, and reports signed by the chip. Linked into tests only; a verifier refuses it
 * all unless it is told to trust the fake root.
 *
 *     struct fake_snp world;
 *
 *     fake_snp_start(&world, SNP_MILAN, false);   -- everything is in order now
 *     fake_put32(world.report, 0x30, 1);          -- ... but for what a test changes
 *     fake_snp_make(&world);                      -- certificates and signatures
 *     fake_snp_input(&world, &in);
 *     ...
 *     fake_snp_done(&world);
 */
#ifndef COCOS_TESTS_FAKE_SNP_H
#define COCOS_TESTS_FAKE_SNP_H

#include "lib/attest/attest.h"
#include "lib/attest/evidence/snp_certs.h"
#include "lib/attest/evidence/snp_report.h"
#include "tests/fakes/fake_pki.h"

#define FAKE_SNP_NOW   1800000000
#define FAKE_SNP_BEGIN 1700000000
#define FAKE_SNP_END   1900000000

struct fake_snp {
    enum snp_product product;
    bool vlek;
    struct fake_cert ark, ask, vek; /* their extensions and names are set by start() */
    struct fake_crl crl;
    const char *omit;            /* OID of an extension of the vek that is left out */
    struct fake_extension extra; /* one more extension of the vek; oid NULL for none */
    uint64_t tcb;                /* what the certificate says; the report has its own */
    uint8_t chip_id[SNP_CHIP_ID_SIZE];
    const char *product_name; /* "Milan-B0" */
    enum key_type vek_type;   /* KEY_P384 */

    uint8_t report[SNP_REPORT_SIZE]; /* the last 512 bytes are the signature's */

    struct buf ark_der, ask_der, vek_der, crl_der;
    struct span chain_items[2], crl_items[1], root_items[1];
};

void fake_snp_start(struct fake_snp *world, enum snp_product product, bool vlek);
void fake_snp_make(struct fake_snp *world);
/* Signs the report again. */
void fake_snp_sign(struct fake_snp *world);
void fake_snp_done(struct fake_snp *world);
#define OWNED_FAKE_SNP __attribute__((cleanup(fake_snp_done))) struct fake_snp

/* Everything of the world, at the time FAKE_SNP_NOW, without policy and challenge. Borrows the
 * world. */
void fake_snp_input(struct fake_snp *world, struct attest_input *in);

/* The certificate table of the world, as a host gives it; appended. */
void fake_snp_table(const struct fake_snp *world, struct buf *out);

void fake_put32(uint8_t *bytes, size_t offset, uint32_t value);
void fake_put64(uint8_t *bytes, size_t offset, uint64_t value);

/* Keys of the fake AMD, made once for the program. */
const struct key *fake_snp_ark_key(void);
const struct key *fake_snp_ask_key(void);
const struct key *fake_snp_vek_key(enum key_type type);
void fake_snp_forget_keys(void);

#endif
