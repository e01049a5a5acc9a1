/* The SNP report inside the message of go-tpm-tools (sevsnp.Attestation of go-sev-guest), which has
 * taken it apart into fields. The report is put together again as the firmware made it, byte for
 * byte, since that is what is signed; the certificates follow it as a table. */
#ifndef COCOS_ATTEST_EVIDENCE_SNP_PB_H
#define COCOS_ATTEST_EVIDENCE_SNP_PB_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/span.h"

/* Appends report and certificate table (where there are certificates) to out. Errors: INPUT with
 * the field: a wrong type, length or range, twice, or no report. */
MUST_USE int snp_pb_write(struct span in, struct buf *out, struct err *err);

#endif
