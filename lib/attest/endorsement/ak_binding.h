/* Why an attestation key counts: who says that it lives in the TPM of the machine in question.
 *
 * A quote is worth what its key is worth, and everybody can make a key. Three reasons are good: the
 * policy names the key; a report of the platform, itself proven, names it, made by what the guest
 * does not command (Azure's HCL, an SVSM); or the TPM showed in a credential challenge that the key
 * lives beside an endorsement key for which its maker or the platform's report vouches. A
 * certificate of the endorsement key alone says nothing about any other key, and neither does a key
 * that came with the quote.
 *
 * A guest may let the platform sign that a key is its TPM's, as our own transcript does. That it
 * says so is genuine then, and that is all: whatever runs in the guest can name a key of its own
 * making, and the host can have made the TPM. Such a TPM is one that the policy must take as
 * emulated.
 *
 * An emulated TPM is apart: whoever runs it can make any key in it, so no reason could be good. A
 * policy that takes such a TPM in words, and names neither key nor maker, takes its keys as they
 * come, and the verdict says so each time. */
#ifndef COCOS_ATTEST_AK_BINDING_H
#define COCOS_ATTEST_AK_BINDING_H

#include "lib/attest/case.h"
#include "lib/attest/evidence/vtpm.h"

enum ak_binding { AK_UNBOUND, AK_PINNED, AK_REPORTED, AK_CREDENTIAL, AK_GUEST, AK_EMULATED };

extern const char
    *const ak_binding_names[]; /* "none" "policy" "report" "credential" "guest" "emulated" */

/* Whether a proven item names the key at all, be it in the guest's word only. */
bool ak_is_reported(const struct vtpm *vtpm, const struct attest_case *c);

/* Looks for a reason, adds findings for what speaks against one that was offered, and passes or
 * adds TPM_AK_UNBOUND. */
enum ak_binding ak_binding_find(const struct vtpm *vtpm, const struct attest_case *c);

#endif
