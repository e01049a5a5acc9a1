/* What a policy must demand so that exactly the VM of an IGVM file is accepted.
 *
 * A file is no reference for what it does not cover: contents of pages and parameter areas that are
 * in the file and are not measured could be anything in the VM that runs, and are refused. Pages
 * that the host fills (memory map, secrets, CPUID) have no contents in the file and are fine. */
#ifndef COCOS_ATTEST_REFERENCE_IGVM_POLICY_H
#define COCOS_ATTEST_REFERENCE_IGVM_POLICY_H

#include "lib/attest/reference/igvm.h"
#include "lib/json/json.h"

/* 0 when all that the file holds for the platform is measured. Errors: INPUT with the offset. */
MUST_USE int igvm_check_measured(const struct igvm *igvm, enum igvm_platform platform,
                                 struct err *err);

/* A policy's document with a part for each platform that the file supports and that has evidence:
 * snp.measurement, tdx.mrtd. Pages of zeros may be loaded as such or as the processor's zero pages;
 * both digests are listed where they differ. Errors: INPUT (malformed, an ID block for another
 * digest, contents that are not measured, no such platform). */
MUST_USE int igvm_make_policy(struct span file, struct json **ret, struct err *err);

#endif
