/* The certificate of a VCEK (a chip's own key) or VLEK (a key that AMD lends to a cloud): what it
 * says about the chip and the TCB that may use the key.
 *
 * AMD 57230. Extensions under 1.3.6.1.4.1.3704.1; all that belong to the product must be there. */
#ifndef COCOS_ATTEST_SNP_VEK_H
#define COCOS_ATTEST_SNP_VEK_H

#include "lib/attest/snp.h"
#include "lib/crypto/x509.h"

#define SNP_CSP_ID_SIZE 128

struct snp_vek {
    bool vlek;
    enum snp_product product;
    uint64_t tcb;                      /* in the layout of the product */
    uint8_t chip_id[SNP_CHIP_ID_SIZE]; /* VCEK only; Turin's 8 bytes are followed by zeros */
    char csp_id[SNP_CSP_ID_SIZE];      /* VLEK only, printable; "" otherwise */
    struct key *key;                   /* P-384, owned */
};

void snp_vek_done(struct snp_vek *vek);

/* Reads what the certificate says. Proves nothing: whose certificate it is, says the chain. Errors:
 * INPUT naming the extension. On failure ret is empty. */
MUST_USE int snp_vek_read(const struct x509 *cert, struct snp_vek *ret, struct err *err);

/* True for the common names that AMD gives to these certificates. */
bool snp_vek_is_named(const struct x509 *cert);

#endif
