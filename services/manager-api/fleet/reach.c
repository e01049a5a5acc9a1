#include "services/manager-api/fleet/reach.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static bool may_enter(const struct stat *dir, const struct vm_hypervisor *hypervisor)
{
    if (dir->st_uid == hypervisor->uid)
        return dir->st_mode & S_IXUSR;
    if (dir->st_gid == hypervisor->gid)
        return dir->st_mode & S_IXGRP;
    return dir->st_mode & S_IXOTH;
}

int reach_check(const char *path, const struct vm_hypervisor *hypervisor, struct err *err)
{
    char above[PATH_MAX];
    struct stat info;
    size_t len = strlen(path);

    if (!hypervisor->has_user || hypervisor->uid == 0)
        return 0;
    if (path[0] != '/' || len >= sizeof(above))
        return err_set(err, ERR_SYSTEM, "'%.80s': is no absolute path of sane length", path);
    memcpy(above, path, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (path[i] != '/')
            continue;
        above[i] = '\0';
        if (stat(above, &info) < 0)
            return err_set_errno(err, ERR_SYSTEM, "'%s'", above);
        if (!may_enter(&info, hypervisor))
            return err_set(
                err, ERR_SYSTEM,
                "'%s' cannot be entered by user %u, as which VMs run: 'chmod o+x %s', or "
                "move what lies in it",
                above, hypervisor->uid, above);
        above[i] = '/';
    }
    return 0;
}
