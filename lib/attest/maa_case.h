/* Claims of Azure's attestation service about a machine: see evidence/maa.h. They are judged as the
 * report would be that the service saw; that the service said so, the token around them proves. */
#ifndef COCOS_ATTEST_MAA_CASE_H
#define COCOS_ATTEST_MAA_CASE_H

#include "lib/attest/case.h"

/* Judges the claims, and appraises the item that their token is. False when they are not the
 * service's. */
bool maa_case_judge(struct attest_case *c, const struct json *claims);

#endif
