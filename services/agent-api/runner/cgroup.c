#include "services/agent-api/runner/cgroup_parts.h"

#include "lib/base/file.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROC_MAX     (1 * MIB)
#define REMOVE_TRIES 100
#define WEIGHT_V2    "50" /* half of what everybody else has, so that the agent stays responsive */
#define SHARES_V1    "512"

const char *const cgroup_version_names[] = {"none", "v1", "v2", NULL};

/* Version 1 has a hierarchy a controller; the last one is welcome but not needed. */
static const char *const v1_controllers[CGROUP_DIRS_MAX] = {"memory", "pids", "cpu"};
#define V1_NEEDED 2

/* --- small files --- */

static int write_value(const char *dir, const char *name, const char *value, struct err *err)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", dir, name);
    OWNED(close_fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        return err_set_errno(err, ERR_SYSTEM, "write '%s' to '%s'", value, path);
    return 0;
}

static int write_number(const char *dir, const char *name, uint64_t value, struct err *err)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    return write_value(dir, name, text, err);
}

/* The number after "key " at the start of a line of the file; 0 when there is none. */
static uint64_t read_counter(const char *dir, const char *name, const char *key)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", dir, name);
    OWNED_BUF text = BUF_OF(PROC_MAX);
    struct err err;
    char *line, *rest = NULL;

    if (file_read(path, &text, &err) < 0 || text.len == 0)
        return 0;
    for (line = strtok_r((char *)text.data, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        if (text_starts_with(line, key) && line[strlen(key)] == ' ')
            return strtoull(line + strlen(key) + 1, NULL, 10);
    return 0;
}

/* True when word is one of the words of text, which the separators divide. */
static bool has_word(const char *text, const char *word, const char *separators)
{
    size_t length = strlen(word);

    for (const char *at = text; *at != '\0'; at += strcspn(at, separators)) {
        at += strspn(at, separators);
        if (strncmp(at, word, length) == 0 && strcspn(at, separators) == length)
            return true;
    }
    return false;
}

/* --- where we are --- */

/* Our own path in the hierarchy that has the controller ("" is version 2), from /proc/self/cgroup:
 * lines "4:memory:/some/path" and "0::/path". */
static char *own_path(const char *controller)
{
    OWNED_BUF text = BUF_OF(PROC_MAX);
    struct err err;
    char *line, *rest = NULL;

    if (file_read("/proc/self/cgroup", &text, &err) < 0 || text.len == 0)
        return NULL;
    for (line = strtok_r((char *)text.data, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *names = strchr(line, ':');
        char *path = names != NULL ? strchr(names + 1, ':') : NULL;

        if (path == NULL)
            continue;
        *path++ = '\0';
        names++;
        if (*controller == '\0' ? *names == '\0' : has_word(names, controller, ","))
            return mem_strdup(path);
    }
    return NULL;
}

/* Where a hierarchy is mounted, and which part of it, from /proc/self/mountinfo:
 * "ID PARENT DEV ROOT MOUNTPOINT OPTIONS ... - TYPE SOURCE SUPEROPTIONS". */
static bool read_mount_line(char *line, const char *controller, char **ret_root, char **ret_point)
{
    const char *type = *controller == '\0' ? "cgroup2" : "cgroup";
    char *words[5], *rest = NULL, *tail = strstr(line, " - ");
    char *tail_type, *super;

    if (tail == NULL)
        return false;
    *tail = '\0';
    tail_type = strtok_r(tail + 3, " ", &rest);
    (void)strtok_r(NULL, " ", &rest);
    super = strtok_r(NULL, " ", &rest);
    if (tail_type == NULL || strcmp(tail_type, type) != 0 ||
        (*controller != '\0' && (super == NULL || !has_word(super, controller, ","))))
        return false;

    rest = NULL;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if ((words[i] = strtok_r(i == 0 ? line : NULL, " ", &rest)) == NULL)
            return false;
    *ret_root = words[3];
    *ret_point = words[4];
    return true;
}

/* The directory of our own group in the hierarchy of a controller; NULL when it is not mounted. */
static char *own_dir(const char *controller)
{
    OWNED(free_str) char *path = own_path(controller);
    OWNED_BUF text = BUF_OF(PROC_MAX);
    struct err err;
    char *line, *rest = NULL;

    if (path == NULL || file_read("/proc/self/mountinfo", &text, &err) < 0 || text.len == 0)
        return NULL;
    for (line = strtok_r((char *)text.data, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *root = NULL, *point = NULL;
        const char *below = path;

        if (!read_mount_line(line, controller, &root, &point))
            continue;
        if (strcmp(root, "/") != 0) /* a container sees a part only */
            below = text_starts_with(path, root) ? path + strlen(root) : "";
        return mem_printf("%s%s", point, strcmp(below, "/") == 0 ? "" : below);
    }
    return NULL;
}

/* --- making room for groups --- */

static bool v2_offers(const char *dir)
{
    OWNED(free_str) char *path = mem_printf("%s/cgroup.controllers", dir);
    OWNED_BUF text = BUF_OF(PROC_MAX);
    struct err err;

    return file_read(path, &text, &err) == 0 && has_word(buf_str(&text), "memory", " \n") &&
           has_word(buf_str(&text), "pids", " \n");
}

/* Hands the controllers down to our children. Processes may live in the root group beside children
 * with controllers, but in no other: there we move into a leaf first, and back if it was in vain.
 */
static bool v2_hand_down(const char *base)
{
    OWNED(free_str) char *leaf = mem_printf("%s/cocos-agent-%d", base, (int)getpid());
    struct err err;

    if (write_value(base, "cgroup.subtree_control", "+memory +pids +cpu", &err) == 0 ||
        write_value(base, "cgroup.subtree_control", "+memory +pids", &err) == 0)
        return true;
    if (mkdir(leaf, 0755) < 0)
        return false;
    if (cgroup_add(leaf, 0, &err) == 0 &&
        (write_value(base, "cgroup.subtree_control", "+memory +pids +cpu", &err) == 0 ||
         write_value(base, "cgroup.subtree_control", "+memory +pids", &err) == 0))
        return true;
    if (cgroup_add(base, 0, &err) == 0)
        rmdir(leaf);
    return false;
}

static bool find_v2(struct cgroup_host *host)
{
    OWNED(free_str) char *base = own_dir("");

    if (base == NULL || !v2_offers(base) || access(base, W_OK) < 0 || !v2_hand_down(base))
        return false;
    host->version = CGROUP_V2;
    host->bases[0] = GIVE(base);
    return true;
}

static void forget_bases(struct cgroup_host *host)
{
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++)
        free_str(&host->bases[i]);
    host->version = CGROUP_NONE;
}

static bool find_v1(struct cgroup_host *host)
{
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++) {
        host->bases[i] = own_dir(v1_controllers[i]);
        if (i < V1_NEEDED && (host->bases[i] == NULL || access(host->bases[i], W_OK) < 0)) {
            forget_bases(host);
            return false;
        }
    }
    host->version = CGROUP_V1;
    return true;
}

struct cgroup_host *cgroup_host_new(void)
{
    struct cgroup_host *host = mem_new(struct cgroup_host);
    OWNED(free_str) char *name = mem_printf("cocos-probe-%d", (int)getpid());
    struct cgroup probe;
    struct err err;

    if (!find_v2(host) && !find_v1(host))
        return host;
    if (cgroup_new(host, name, 64 * MIB, 16, &probe, &err) < 0)
        forget_bases(host);
    else
        cgroup_done(&probe);
    return host;
}

void cgroup_host_free(struct cgroup_host *host)
{
    if (host == NULL)
        return;
    forget_bases(host);
    free(host);
}

enum cgroup_version cgroup_host_version(const struct cgroup_host *host)
{
    return host->version;
}

/* --- one group --- */

static int bound_v2(const struct cgroup *group, uint64_t memory, unsigned processes,
                    struct err *err)
{
    const char *dir = group->dirs[0];
    struct err ignored;

    if (write_number(dir, "memory.max", memory, err) < 0 ||
        write_number(dir, "pids.max", processes, err) < 0)
        return -1;
    (void)write_value(dir, "memory.swap.max", "0", &ignored); /* there may be no swap at all */
    (void)write_value(dir, "memory.oom.group", "1", &ignored);
    (void)write_value(dir, "cpu.weight", WEIGHT_V2, &ignored);
    return 0;
}

static int bound_v1(const struct cgroup *group, uint64_t memory, unsigned processes,
                    struct err *err)
{
    struct err ignored;

    if (write_number(group->dirs[0], "memory.limit_in_bytes", memory, err) < 0 ||
        write_number(group->dirs[1], "pids.max", processes, err) < 0)
        return -1;
    (void)write_number(group->dirs[0], "memory.memsw.limit_in_bytes", memory, &ignored);
    if (group->dirs[2] != NULL)
        (void)write_value(group->dirs[2], "cpu.shares", SHARES_V1, &ignored);
    return 0;
}

int cgroup_new(const struct cgroup_host *host, const char *name, uint64_t memory_bytes,
               unsigned processes, struct cgroup *ret, struct err *err)
{
    struct cgroup group = {.version = host->version};
    int bound = 0;

    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++) {
        if (host->bases[i] == NULL)
            continue;
        group.dirs[i] = mem_printf("%s/%s", host->bases[i], name);
        if (mkdir(group.dirs[i], 0755) < 0) {
            err_set_errno(err, ERR_SYSTEM, "make '%s'", group.dirs[i]);
            free_str(&group.dirs[i]);
            goto undo;
        }
    }
    if (group.version == CGROUP_V2)
        bound = bound_v2(&group, memory_bytes, processes, err);
    if (group.version == CGROUP_V1)
        bound = bound_v1(&group, memory_bytes, processes, err);
    if (bound < 0)
        goto undo;
    *ret = group;
    return 0;

undo:
    cgroup_done(&group);
    return -1;
}

int cgroup_add(const char *dir, pid_t pid, struct err *err)
{
    return write_number(dir, "cgroup.procs", (uint64_t)pid, err);
}

bool cgroup_met_memory(const struct cgroup *group)
{
    if (group->version == CGROUP_V2)
        return read_counter(group->dirs[0], "memory.events", "oom_kill") > 0;
    if (group->version == CGROUP_V1)
        return read_counter(group->dirs[0], "memory.oom_control", "oom_kill") > 0;
    return false;
}

bool cgroup_met_processes(const struct cgroup *group)
{
    if (group->version == CGROUP_NONE)
        return false;
    return read_counter(group->dirs[group->version == CGROUP_V2 ? 0 : 1], "pids.events", "max") > 0;
}

void cgroup_remove(const char *dir)
{
    for (int i = 0; i < REMOVE_TRIES; i++) {
        if (rmdir(dir) == 0 || errno != EBUSY)
            return;
        poll(NULL, 0, 10);
    }
}

void cgroup_kill(const struct cgroup *group)
{
    struct err ignored;

    if (group->version == CGROUP_V2 && group->dirs[0] != NULL)
        (void)write_value(group->dirs[0], "cgroup.kill", "1", &ignored);
}

void cgroup_done(struct cgroup *group)
{
    cgroup_kill(group);
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++) {
        if (group->dirs[i] != NULL)
            cgroup_remove(group->dirs[i]);
        free_str(&group->dirs[i]);
    }
    group->version = CGROUP_NONE;
}
