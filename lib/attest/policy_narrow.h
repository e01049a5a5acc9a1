/* Two policies at once: what a relying party wants by his policy, and what else he has in his
 * hands: the IGVM file, the image's record, the manifest. */
#ifndef COCOS_ATTEST_POLICY_NARROW_H
#define COCOS_ATTEST_POLICY_NARROW_H

#include "lib/attest/policy_members.h"

/* Makes a policy's document demand also what another one demands. Never accepts more than before:
 * of alternatives what both have is left, of minimums the higher, and what the other permits is not
 * taken over. Both documents are such as policy_decode() takes. A part that document does not speak
 * of, while it names others, stays out of it.
 * whose: how errors call the other one ("'vm.igvm'"). Errors: USAGE, when nothing can be accepted
 * by both, or nothing of the other belongs to a part that document accepts. */
MUST_USE int policy_narrow(struct json *document, const struct json *other, const char *whose,
                           struct err *err);

#endif
