/* Lending a group: the kernel lets its owner make groups below it and move his own processes about
 * in there, and nothing else. The bounds of the group itself stay ours. */
#include "services/agent-api/runner/cgroup_parts.h"

#include "lib/base/file.h"
#include "lib/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 8 /* nobody makes groups that deep */

/* What the owner of a group must be able to write; version 1 has the last one instead of others. */
static const char *const lent_files[] = {"cgroup.procs", "cgroup.threads", "cgroup.subtree_control",
                                         "tasks"};

static bool lend_dir(const char *dir, uint32_t uid)
{
    OWNED(close_fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 || fchown(fd, uid, uid) < 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(lent_files); i++)
        if (fchownat(fd, lent_files[i], uid, uid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
            return false;
    return true;
}

void cgroup_lend(const struct cgroup_host *host, const char *name, pid_t pid, uint32_t uid,
                 struct cgroup *ret)
{
    struct err ignored;

    *ret = (struct cgroup){.version = host->version};
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++) {
        if (host->bases[i] == NULL)
            continue;
        ret->dirs[i] = mem_printf("%s/%s", host->bases[i], name);
        if (mkdir(ret->dirs[i], 0755) < 0 || !lend_dir(ret->dirs[i], uid) ||
            cgroup_add(ret->dirs[i], pid, &ignored) < 0) {
            cgroup_take_back(ret);
            return;
        }
    }
}

/* From below: a group with groups in it stays. */
static void remove_below(const char *dir, unsigned depth)
{
    DIR *stream = depth < DEPTH_MAX ? opendir(dir) : NULL;
    struct dirent *entry;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        OWNED(free_str) char *path = NULL;

        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        path = mem_printf("%s/%s", dir, entry->d_name);
        remove_below(path, depth + 1);
    }
    if (stream != NULL)
        closedir(stream);
    cgroup_remove(dir);
}

void cgroup_take_back(struct cgroup *group)
{
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++) {
        if (group->dirs[i] != NULL)
            remove_below(group->dirs[i], 0);
        free_str(&group->dirs[i]);
    }
    group->version = CGROUP_NONE;
}
