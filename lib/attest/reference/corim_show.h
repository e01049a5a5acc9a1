/* What is in a CoRIM, whoever made it, for people and scripts. */
#ifndef COCOS_ATTEST_REFERENCE_CORIM_SHOW_H
#define COCOS_ATTEST_REFERENCE_CORIM_SHOW_H

#include "lib/attest/reference/corim.h"
#include "lib/json/json.h"

/* {id, profile, signed, signer, valid_from, valid_until, extensions, references: [{class, vendor,
 * model, key, digests, registers, svn, min_svn, raw, name}]}; what is not there is left out, and of
 * values that have no place here only the number is told (`more`). Owned by the caller. */
struct json *corim_show(const struct corim *corim);

#endif
