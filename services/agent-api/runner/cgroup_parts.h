/* Control groups from within; see cgroup.h. Only the files cgroup*.c include it. */
#ifndef COCOS_AGENT_RUNNER_CGROUP_PARTS_H
#define COCOS_AGENT_RUNNER_CGROUP_PARTS_H

#include "services/agent-api/runner/cgroup.h"

struct cgroup_host {
    enum cgroup_version version;
    char *bases[CGROUP_DIRS_MAX]; /* where a group's directories are made */
};

#endif
