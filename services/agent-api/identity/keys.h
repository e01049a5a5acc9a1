/* The keys that a process of the agent gets from the one secret that it is handed: by whom they are
 * derived, and for what. Keeper and worker compute the same ones from the same secret; the keeper
 * needs their public halves, to certify them. */
#ifndef COCOS_AGENT_IDENTITY_KEYS_H
#define COCOS_AGENT_IDENTITY_KEYS_H

#include "lib/attest/evidence/dice_derive.h"

enum identity_use {
    IDENTITY_TLS,     /* P-256: the server's end of connections */
    IDENTITY_RECEIPT, /* P-384: signs receipts */
    IDENTITY_SEAL,    /* P-256: what is sealed for this computation, is sealed to it */
    IDENTITY_USE_COUNT
};

extern const char *const identity_use_names[IDENTITY_USE_COUNT + 1]; /* NULL-terminated */

/* The pair of a use: HKDF-SHA512 of the secret (CDI_Attest of the process) with the use in its
 * info, then a pair as the Open Profile derives one. Errors: INTERNAL. */
MUST_USE int identity_derive_key(const uint8_t cdi[static DICE_CDI_SIZE], enum identity_use use,
                                 struct key **ret, struct err *err);

#endif
