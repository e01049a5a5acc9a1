/* A verdict on standard output. */
#ifndef COCOS_CLI_VERDICT_PRINT_H
#define COCOS_CLI_VERDICT_PRINT_H

#include "lib/attest/attest.h"

/* As JSON; or one line, with what there is to explain where it was rejected, or always. */
void verdict_print(const struct verdict *verdict, bool as_json, bool explain);

#endif
