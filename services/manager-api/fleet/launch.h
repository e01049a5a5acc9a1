/* From an image and an order to what a VM is started with. */
#ifndef COCOS_MANAGER_FLEET_LAUNCH_H
#define COCOS_MANAGER_FLEET_LAUNCH_H

#include "services/manager-api/fleet/images.h"

/* launch->record and launch->place are there already. Fills the paths of the image's files, the
 * command line, and what the platform of launch->record needs. manifest: valid, or NULL; its digest
 * goes into the launch, where the processor's reports show it, so that a guest made for one
 * computation cannot pass as one made for another. Errors: SYSTEM (a path is too long), INPUT
 * (manifest). */
MUST_USE int launch_fill(const struct image *image, const struct json *manifest,
                         struct vm_launch *launch, struct err *err);

#endif
