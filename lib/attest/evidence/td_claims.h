/* What a TD's report says, as claims. */
#ifndef COCOS_ATTEST_TD_CLAIMS_H
#define COCOS_ATTEST_TD_CLAIMS_H

#include "lib/attest/evidence/td_report.h"
#include "lib/json/json.h"

/* A fresh tree for the caller. */
struct json *td_claims(const struct td_report *td);

#endif
