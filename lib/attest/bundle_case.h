/* Our bundle as a kind of evidence: see case.h. Private to lib/attest.
 *
 * The wrapper demands of every item that it carries the transcript, and of the logs that they are
 * those of the transcript. Items of a platform come first: what they prove binds the TPM's key, and
 * roots the DICE chain. */
#ifndef COCOS_ATTEST_BUNDLE_CASE_H
#define COCOS_ATTEST_BUNDLE_CASE_H

#include "lib/attest/case.h"
#include "lib/attest/evidence/bundle.h"

/* The format of an item of a bundle. */
enum attest_format bundle_format_of(enum bundle_type type);

/* A bundle that a wrapper has already read; the item is opened here. */
void bundle_case_check_read(struct attest_case *c, const struct bundle *bundle);

bool bundle_case_detect(struct span evidence);
void bundle_case_check(struct attest_case *c, struct span evidence);

#endif
