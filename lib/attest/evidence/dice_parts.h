/* For the dice modules only. */
#ifndef COCOS_ATTEST_EVIDENCE_DICE_PARTS_H
#define COCOS_ATTEST_EVIDENCE_DICE_PARTS_H

#include "lib/attest/evidence/dice_layer.h"

#define DICE_NAME_SIZE 53

/* INPUT when a value that the profile requires is missing, or contradicts another one. */
MUST_USE int dice_check_measured(const struct dice_layer *layer, bool has_mode, struct err *err);

#endif
