/* What a token of Azure's attestation service says about an SNP or TDX machine, as the report that
 * the service saw: so that one policy judges both. It is the service's word: fields that it does
 * not tell are zero, and demands on them are not met. */
#ifndef COCOS_ATTEST_EVIDENCE_MAA_H
#define COCOS_ATTEST_EVIDENCE_MAA_H

#include "lib/attest/evidence/snp_report.h"
#include "lib/attest/evidence/td_report.h"
#include "lib/json/json.h"

enum maa_subject { MAA_NOBODY, MAA_SNP, MAA_TDX };

/* What the claims are about. */
enum maa_subject maa_detect(const struct json *claims);

/* Take the claims about an SNP machine; TCBs are in the layout of Milan and Genoa, the machines
 * that the service has. About a TD; status: what its platform is worth in Intel's words, borrowed.
 * Errors: INPUT with the claim that is missing or odd. */
MUST_USE int maa_read_snp(const struct json *claims, struct snp_report *ret, struct err *err);
MUST_USE int maa_read_tdx(const struct json *claims, struct td_report *ret, const char **ret_status,
                          struct err *err);

/* The challenge of the token's asker, as text; NULL when there is none. */
const char *maa_nonce(const struct json *claims);

#endif
