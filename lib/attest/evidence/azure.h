/* The evidence of an Azure confidential VM as Confidential Containers' attesters write it (JSON):
 * an HCL report, a quote of the VM's TPM with its registers, and what belongs to the hardware's
 * report: a VCEK, or a TDX quote. Versions differ in names and in how bytes are written; all are
 * read. */
#ifndef COCOS_ATTEST_EVIDENCE_AZURE_H
#define COCOS_ATTEST_EVIDENCE_AZURE_H

#include "lib/attest/evidence/pcr.h"
#include "lib/base/buf.h"

#define AZURE_TEXT_MAX (4 * MIB)

struct azure_evidence {
    struct buf hcl, td_quote, vcek;  /* td_quote, vcek: empty where there is none */
    struct buf statement, signature; /* TPMS_ATTEST, and a bare RSA signature */
    struct pcr_bank bank;            /* of SHA-256 */
};

void azure_evidence_done(struct azure_evidence *evidence);
#define OWNED_AZURE_EVIDENCE __attribute__((cleanup(azure_evidence_done))) struct azure_evidence

/* Cheap: true for a JSON object that names what this evidence has. */
bool azure_evidence_detect(struct span text);

/* Errors: MALFORMED, INPUT naming the member. */
MUST_USE int azure_evidence_parse(struct span text, struct azure_evidence *ret, struct err *err);

#endif
