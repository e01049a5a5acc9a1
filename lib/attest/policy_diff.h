/* What one policy accepts that another refuses, in sentences.
 *
 * Policies are compared member by member, each by what it means (policy_members.h): a value more
 * among alternatives, a lower minimum, a waiver. A sentence names what would be accepted by one and
 * refused by the other for this member alone; evidence that differs in several members is what
 * several sentences say together. */
#ifndef COCOS_ATTEST_POLICY_DIFF_H
#define COCOS_ATTEST_POLICY_DIFF_H

#include "lib/attest/policy_members.h"

/* {"only_first": [{"member": "snp.measurement", "accepts": "..."}], "only_second": [...]}; both
 * lists are empty when the two accept the same. The documents are such as policy_decode() takes. */
struct json *policy_diff(const struct json *first, const struct json *second);

#endif
