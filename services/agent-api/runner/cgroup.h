/* Control groups of version 2 or 1, whichever has the memory and pids controllers, to bound what a
 * run may take and to learn afterwards which bound it met.
 *
 * They are a second wall behind the rlimits: where the kernel, or the right to use them, is
 * missing, there are none, and the agent's state says so. */
#ifndef COCOS_AGENT_RUNNER_CGROUP_H
#define COCOS_AGENT_RUNNER_CGROUP_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP_DIRS_MAX 3

enum cgroup_version { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

extern const char *const cgroup_version_names[]; /* "none" "v1" "v2", NULL-terminated */

/* Where groups can be made; found once, immutable afterwards. */
struct cgroup_host;

/* Looks at mountinfo and cgroup of /proc/self, and makes and removes a group to be sure. On version
 * 2 outside of the root group this process first moves into a leaf of its own, as the kernel wants
 * it before controllers are handed down. Never fails: what cannot be used is CGROUP_NONE. */
struct cgroup_host *cgroup_host_new(void);
void cgroup_host_free(struct cgroup_host *host);
DEFINE_OWNED(cgroup_host)
enum cgroup_version cgroup_host_version(const struct cgroup_host *host);

struct cgroup {
    char *dirs[CGROUP_DIRS_MAX]; /* one for version 2; memory, pids, cpu for version 1 */
    enum cgroup_version version;
};

/* Makes a group with these bounds. With CGROUP_NONE the group is empty and all else does nothing.
 */
MUST_USE int cgroup_new(const struct cgroup_host *host, const char *name, uint64_t memory_bytes,
                        unsigned processes, struct cgroup *ret, struct err *err);

/* Puts a process into the group whose directory this is. */
MUST_USE int cgroup_add(const char *dir, pid_t pid, struct err *err);

/* Which bounds were met: the kernel killed for want of memory; a fork was refused. */
bool cgroup_met_memory(const struct cgroup *group);
bool cgroup_met_processes(const struct cgroup *group);

/* Removes the group whose directory this is; one that is gone is fine. Its processes are dead or
 * dying: waits up to a second for the kernel to know. */
void cgroup_remove(const char *dir);

/* Kills all that is in the group and below it, at once. Only version 2 can. */
void cgroup_kill(const struct cgroup *group);

/* Kills what is left in the group and removes it. */
void cgroup_done(struct cgroup *group);

/* --- for somebody who has no right to make groups --- */

/* Makes a group without bounds, puts a process into it, and lends it to that process's user, who
 * may make groups below it. Never fails: what cannot be lent is not, and ret is empty. */
void cgroup_lend(const struct cgroup_host *host, const char *name, pid_t pid, uint32_t uid,
                 struct cgroup *ret);

/* Removes the group and those that were made below it; whoever was in them is dead. */
void cgroup_take_back(struct cgroup *group);

#endif
