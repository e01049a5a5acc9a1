/* Ctrl-C and SIGTERM: noted, so that whatever is half done can be undone, and then 130. */
#ifndef COCOS_CLI_INTERRUPT_H
#define COCOS_CLI_INTERRUPT_H

#include "lib/base/err.h"

#include <stdbool.h>

/* Once, at the start. A second signal ends the program at once. */
void interrupt_begin(void);

/* True once a signal came; as httpc wants to ask it. */
bool interrupt_came(void *unused);

/* ERR_INTERRUPTED once a signal came, else 0. */
MUST_USE int interrupt_check(struct err *err);

/* Sleeps, but not past a signal. */
MUST_USE int interrupt_sleep(unsigned ms, struct err *err);

#endif
