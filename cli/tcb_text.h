/* TCBs as people write them: "bl=4,snp=24,ucode=219", or the 64-bit number that tools print, whose
 * layout is the generation's. */
#ifndef COCOS_CLI_TCB_TEXT_H
#define COCOS_CLI_TCB_TEXT_H

#include "lib/base/err.h"
#include "lib/json/json.h"

extern const char *const tcb_products[]; /* "Milan" "Genoa" "Turin", NULL-terminated */

/* The TCB as a policy has it. product: NULL stands for Milan; looked at for numbers only. Errors:
 * USAGE. */
MUST_USE int tcb_text_parse(const char *text, const char *product, struct json **ret,
                            struct err *err);

/* A number of 64 bits, decimal or 0x hex. Errors: USAGE. */
MUST_USE int tcb_text_number(const char *text, uint64_t *ret, struct err *err);

#endif
