/* What a token of Azure's attestation service says about an SNP machine, as the report that the
 * service saw: so that one policy judges both. It is the service's word: fields that it does not
 * tell are zero, and demands on them are not met. */
#ifndef COCOS_ATTEST_EVIDENCE_MAA_H
#define COCOS_ATTEST_EVIDENCE_MAA_H

#include "lib/attest/evidence/snp_report.h"
#include "lib/json/json.h"

/* True when the claims are about an SNP machine. */
bool maa_detect(const struct json *claims);

/* Takes the claims; TCBs are in the layout of Milan and Genoa, the machines that the service has.
 * Errors: INPUT with the claim that is missing or odd. */
MUST_USE int maa_read(const struct json *claims, struct snp_report *ret, struct err *err);

/* The challenge of the token's asker, as text; NULL when there is none. */
const char *maa_nonce(const struct json *claims);

#endif
