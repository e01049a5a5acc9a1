/* Giving up power before something that is not trusted is executed, and saying who is who in a user
 * namespace. Giving up takes system calls alone: the child of a program with threads may do it. */
#ifndef COCOS_AGENT_RUNNER_POWER_H
#define COCOS_AGENT_RUNNER_POWER_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum power {
    POWER_NONE,
    POWER_USERS /* to be, and to map into a namespace, whom our own namespace knows */
};

/* Keeps these capabilities, also across an exec, and no other; there are no privileges to gain any
 * more. Errors: SYSTEM. */
MUST_USE int power_keep(enum power power, struct err *err);

/* Becomes this user, who is his own group, in no other one. What capabilities there were stay:
 * power_keep() is to follow. Errors: SYSTEM. */
MUST_USE int power_become(uint32_t uid, struct err *err);

/* Gives up everything but to kill whom that user may kill, who in turn can do nothing to us: we are
 * `self` but in effect. self: nobody else is. Errors: SYSTEM. */
MUST_USE int power_hunt(uint32_t self, uint32_t uid, struct err *err);

/* From here on this thread opens files as that user, who is to be ours to be; 0: as itself. */
void power_open_as(uint32_t uid);

/* Keeps all memory of this program out of swap, page by page as it is used. Where we have no right
 * to (an ordinary user, a container) nothing is: false. */
bool power_lock_memory(void);

/* Writes to a file of a process. Errors: SYSTEM. */
MUST_USE int power_write_proc(pid_t pid, const char *name, const char *text, struct err *err);

/* Users and groups of the new namespace that a process is in: `count` lines "INSIDE OUTSIDE 1". */
struct power_user {
    uint32_t inside, outside;
};
MUST_USE int power_map(pid_t pid, const struct power_user *users, size_t count, struct err *err);

#endif
