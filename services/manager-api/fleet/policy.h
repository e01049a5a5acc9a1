/* The reference values of a VM: taken from its image's release record when the VM is made, and kept
 * beside its share as a policy, so that an image that is built anew, or bytes found at boot, change
 * nothing about what this VM must show. */
#ifndef COCOS_MANAGER_FLEET_POLICY_H
#define COCOS_MANAGER_FLEET_POLICY_H

#include "lib/api/image.h"
#include "services/manager-api/link/share.h"

/* Keeps the policy for a VM of this shape, or why there is none. Errors: NO_SPACE, SYSTEM. */
MUST_USE int policy_keep(const struct share_paths *paths, const struct image_record *image,
                         uint32_t memory_mib, uint32_t cpus, struct err *err);

/* What was kept. Errors: STATE (there is none, and why), SYSTEM. */
MUST_USE int policy_find(const struct share_paths *paths, struct json **ret, struct err *err);

#endif
