/* The UEFI variables that firmware measures before it looks at any signature: SecureBoot, PK, KEK,
 * db, dbx, in this order. What is measured is UEFI_VARIABLE_DATA: GUID, lengths of name and data,
 * the name in UTF-16, the data; a variable that is not there is measured as empty.
 *
 * Source: TCG PC Client Platform Firmware Profile 1.05, sections 3.3.4.8 and 10.2.6. */
#ifndef COCOS_ATTEST_REFERENCE_SECURE_BOOT_H
#define COCOS_ATTEST_REFERENCE_SECURE_BOOT_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/crypto/digest.h"

#define SECURE_BOOT_VARIABLES 5

struct secure_boot_vars {
    bool enabled;
    bool absent; /* there is not even the variable SecureBoot, as in a TD without variable store */
    struct span pk, kek, db, dbx; /* contents of the variables: signature lists */
};

/* The digest of one of them, index from 0. */
void secure_boot_digest(const struct secure_boot_vars *vars, size_t index, enum digest_alg alg,
                        uint8_t *out);

/* The first entry (EFI_SIGNATURE_DATA: owner and certificate) of a signature list, as variables
 * hold them. Errors: INPUT. Source: UEFI 2.10, section 32.4.1. */
MUST_USE int secure_boot_first_entry(struct span list, struct span *ret, struct err *err);

/* The digest of the entry of db that an image passed by (EV_EFI_VARIABLE_AUTHORITY). */
void secure_boot_authority_digest(struct span entry, enum digest_alg alg, uint8_t *out);

#endif
