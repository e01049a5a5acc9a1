/* TDX quotes as a kind of evidence: see case.h. Private to lib/attest. */
#ifndef COCOS_ATTEST_TDX_CASE_H
#define COCOS_ATTEST_TDX_CASE_H

#include "lib/attest/case.h"

/* A quote of version 4 or 5, alone or padded with zeros. */
bool tdx_case_detect(struct span evidence);
void tdx_case_check(struct attest_case *c, struct span evidence);

#endif
