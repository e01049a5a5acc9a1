/* The SNP report inside the message of go-tpm-tools (sevsnp.Attestation of go-sev-guest), which has
 * taken it apart into fields. The report is put together again as the firmware made it, byte for
 * byte, since that is what is signed; the certificates follow it as a table. An agent that answers
 * clients of that library takes it apart as they do. */
#ifndef COCOS_ATTEST_EVIDENCE_SNP_PB_H
#define COCOS_ATTEST_EVIDENCE_SNP_PB_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/span.h"

/* Appends report and certificate table (where there are certificates) to out. Errors: INPUT with
 * the field: a wrong type, length or range, twice, or no report. */
MUST_USE int snp_pb_write(struct span in, struct buf *out, struct err *err);

/* The way back: a report, with a certificate table after it or without, as the message; appended to
 * out. Errors: INPUT (no report, no table). */
MUST_USE int snp_pb_make(struct span item, struct buf *out, struct err *err);

#endif
