/* What a process that serves is to the machine: somebody who may nothing.
 *
 * Where the keeper is root, each process is a user of its own whom nobody else is, in no group, and
 * in a user namespace that knows two users: him, and the one that his algorithm is. There he may
 * become the other and make a namespace for him, which are the only capabilities he has, and they
 * mean nothing outside; no program gives him more. His are a directory, which is where he is, and a
 * control group to make others in. Both are gone with him, and so is whatever else he started.
 *
 * Where no user namespace can be made (in a chroot) he has no capability at all, and no sandbox.
 *
 * An ordinary user, who cannot be anybody else, keeps what he is: the process is that user, in a
 * directory of its own, with no privileges to gain. */
#ifndef COCOS_AGENT_KEEPER_WARD_H
#define COCOS_AGENT_KEEPER_WARD_H

#include "services/agent-api/runner/cgroup.h"

struct wards;

/* Opens (makes) the directory of all of them, for this keeper alone, and removes what an earlier
 * one left. Errors: STATE (another agent uses it), SYSTEM. */
MUST_USE int wards_open(const char *dir, struct wards **ret, struct err *err);
void wards_free(struct wards *wards);
DEFINE_OWNED(wards)

struct ward {
    struct wards *wards;
    char name[48];
    int dir_fd;             /* its directory; -1: there is no ward */
    int door_fd;            /* the directory that it was given for the gateway's door, or -1 */
    bool own;               /* it is another user than we are */
    uint32_t uid;           /* that one */
    uint32_t algorithm_uid; /* 0: as itself */
    struct cgroup group;
};
#define WARD_NONE ((struct ward){.dir_fd = -1, .door_fd = -1})

/* Makes one. door: the path of a socket that the process will make, in a directory that is for it
 * alone; NULL: none. Errors: USAGE (such a directory it is not), SYSTEM. */
MUST_USE int ward_make(struct wards *wards, const char *door, struct ward *ret, struct err *err);

/* A fork into it: *ret_pid is 0 in the child, which must only execute a program (and has no locks
 * of the C library). A child that cannot become what it is to be ends. Errors: SYSTEM. */
MUST_USE int ward_fork(struct ward *ward, pid_t *ret_pid, struct err *err);

/* Kills whatever it started, its process included, which may be dead already. */
void ward_kill(const struct ward *ward);

/* The same, and removes its traces; its process is dead and reaped. */
void ward_end(struct ward *ward);

#endif
