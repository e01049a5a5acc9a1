/* The system calls that an algorithm may make: a list of what computing needs. Everything else,
 * also what a newer kernel will bring, is answered ENOSYS, which every runtime knows how to live
 * with.
 *
 * A list of what is forbidden would be shorter, but would have to know every future call; one that
 * is missing here costs a feature, one that is missing there costs the sandbox. */
#ifndef COCOS_AGENT_RUNNER_FILTER_H
#define COCOS_AGENT_RUNNER_FILTER_H

#include "lib/base/err.h"

/* Makes the filter, to be loaded after fork() by filter_load(). */
MUST_USE int filter_make(void **ret, struct err *err);

/* Puts it on this process for good, with no_new_privs. */
MUST_USE int filter_load(void *filter, struct err *err);

void filter_free(void *filter);

#endif
