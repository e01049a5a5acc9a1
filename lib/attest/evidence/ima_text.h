/* The kernel's measurement list as text, in the form of ascii_runtime_measurements with template
 * digests of SHA-1: for clients that know no other form. */
#ifndef COCOS_ATTEST_EVIDENCE_IMA_TEXT_H
#define COCOS_ATTEST_EVIDENCE_IMA_TEXT_H

#include "lib/attest/evidence/ima_log.h"

/* Writes as much of a list as leads to this value of PCR 10 in the bank of SHA-1, and all of it
 * where nothing does; appended. An entry of a template that is not known is told with its data in
 * hex. Errors: INPUT (a malformed list, or value), TOO_LARGE. */
MUST_USE int ima_text_write(struct span list, struct span pcr10, struct buf *out, struct err *err);

#endif
