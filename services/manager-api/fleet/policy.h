/* The reference values of a VM: taken from its image's release record when the VM is made, and kept
 * beside its share as a policy, so that an image that is built anew, or bytes found at boot, change
 * nothing about what this VM must show. */
#ifndef COCOS_MANAGER_FLEET_POLICY_H
#define COCOS_MANAGER_FLEET_POLICY_H

#include "lib/api/image.h"
#include "services/manager-api/link/share.h"

/* Keeps the policy for this VM, or why there is none. Errors: NO_SPACE, SYSTEM. */
MUST_USE int policy_keep(const struct share_paths *paths, const struct image_record *image,
                         const struct image_vm *vm, struct err *err);

/* What was kept. Errors: STATE (there is none, and why), SYSTEM. */
MUST_USE int policy_find(const struct share_paths *paths, struct json **ret, struct err *err);

/* The same for our own check, which asks no network: it excuses that nobody says which certificates
 * are revoked and, of a TD, which TCB is the newest. */
MUST_USE int policy_find_own(const struct share_paths *paths, struct json **ret, struct err *err);

#endif
