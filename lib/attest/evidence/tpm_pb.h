/* The attestation message of go-tpm-tools, as Google's and CocosAI's earlier agents send it
 * (attest.Attestation, protocol buffers): a key, quotes over several banks with their registers,
 * and logs.
 *
 * Read strictly, though the wire format is lax: a field twice where one is meant, a wrong wire
 * type, an overlong number or a length over the end refuse. Fields that are not known are stepped
 * over, as the format demands. Nothing is copied. */
#ifndef COCOS_ATTEST_EVIDENCE_TPM_PB_H
#define COCOS_ATTEST_EVIDENCE_TPM_PB_H

#include "lib/attest/evidence/pcr.h"
#include "lib/base/buf.h"

#define TPM_PB_QUOTES_MAX        8
#define TPM_PB_INTERMEDIATES_MAX 8

struct tpm_pb_quote {
    struct span quote;     /* TPMS_ATTEST */
    struct span signature; /* TPMT_SIGNATURE */
    struct pcr_bank bank;  /* the registers given with it */
};

struct tpm_pb {
    struct span ak_public; /* TPMT_PUBLIC */
    size_t quote_count;
    struct tpm_pb_quote quotes[TPM_PB_QUOTES_MAX];
    struct span event_log;
    struct span canonical_log;
    struct span ak_certificate; /* DER */
    size_t intermediate_count;
    struct span intermediates[TPM_PB_INTERMEDIATES_MAX]; /* DER */
    struct span snp;                                     /* sevsnp.Attestation, not read further */
    struct span tdx;                                     /* tdx.QuoteV4, not read further */
};

/* Errors: INPUT with the offset. A quote over a bank that is not computed here is refused. */
MUST_USE int tpm_pb_parse(struct span in, struct tpm_pb *ret, struct err *err);

/* Writes a message that tpm_pb_parse() and go-tpm-tools read; appended to out. */
void tpm_pb_write(const struct tpm_pb *pb, struct buf *out);

#endif
