#include "services/agent-api/keeper/ward.h"

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "services/agent-api/runner/power.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Users: 64 for each keeper that there can be at a time, of which it takes two for each process and
 * keeps the last two, from a range where nobody else has any. */
#define UID_BASE    0x70000000U
#define UID_KEEPERS 0x400000U /* process ids are below */
#define UID_EACH    64U
#define UID_GIVEN   (UID_EACH - 2) /* the rest is for those who hunt */

/* Of each user: one who becomes the other when he is hunted is met before long. */
#define HUNTS 16

#define PREFIX "cocos-worker-" /* of their directories and groups */

struct wards {
    int dir_fd;
    bool own; /* we are root, and can be whom we like */
    unsigned number;
    mode_t door_mode;           /* as the directory was before it was given to anybody */
    struct cgroup_host *groups; /* NULL when they are not ours to lend */
};

/* --- all of them ----------------------------------------------------------------------------- */

static int remove_left(int dir_fd, struct err *err)
{
    int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent *entry;
    int result = 0;

    if (dir == NULL)
        return err_set_errno(err, ERR_SYSTEM, "read the state directory");
    while (result == 0 && (entry = readdir(dir)) != NULL)
        if (text_starts_with(entry->d_name, PREFIX))
            result = file_remove_tree_at(dir_fd, entry->d_name, err);
    closedir(dir);
    return result;
}

static int open_dir(struct wards *wards, const char *dir, struct err *err)
{
    if (file_make_dirs(dir, 0700, err) < 0)
        return -1;
    wards->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (wards->dir_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open '%s'", dir);
    if (flock(wards->dir_fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, ERR_STATE, "another agent uses '%s'", dir);
    return remove_left(wards->dir_fd, err);
}

int wards_open(const char *dir, struct wards **ret, struct err *err)
{
    OWNED_OF(wards) *wards = mem_new(struct wards);

    wards->dir_fd = -1;
    if (open_dir(wards, dir, err) < 0)
        return -1;
    wards->own = geteuid() == 0;
    if (wards->own)
        wards->groups = cgroup_host_new();
    *ret = GIVE(wards);
    return 0;
}

void wards_free(struct wards *wards)
{
    if (wards == NULL)
        return;
    cgroup_host_free(wards->groups);
    close_fd(&wards->dir_fd);
    free(wards);
}

/* --- making one ------------------------------------------------------------------------------ */

static uint32_t first_user(void)
{
    return UID_BASE + (uint32_t)getpid() % UID_KEEPERS * UID_EACH;
}

static void choose_users(struct ward *ward, unsigned number)
{
    if (!ward->own)
        return;
    ward->uid = first_user() + 2 * number % UID_GIVEN;
    ward->algorithm_uid = ward->uid + 1;
}

static int make_dir(struct ward *ward, struct err *err)
{
    int parent = ward->wards->dir_fd;

    if (file_remove_tree_at(parent, ward->name, err) < 0)
        return -1;
    if (mkdirat(parent, ward->name, 0700) < 0)
        return err_set_errno(err, ERR_SYSTEM, "make '%s'", ward->name);
    ward->dir_fd = openat(parent, ward->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (ward->dir_fd < 0 || (ward->own && fchown(ward->dir_fd, ward->uid, ward->uid) < 0))
        return err_set_errno(err, ERR_SYSTEM, "give '%s' away", ward->name);
    return 0;
}

/* From the process before, which has left and may have done to it what it liked. */
static int take_door(struct wards *wards, int dir_fd)
{
    struct stat status;

    if (fstat(dir_fd, &status) < 0)
        return -1;
    if (status.st_uid - first_user() >= UID_EACH)
        return 0;
    return fchown(dir_fd, geteuid(), (gid_t)-1) < 0 ? -1 : fchmod(dir_fd, wards->door_mode);
}

/* It is given away, so nobody else may have a use for it but a group that it is handed on to. */
static bool is_for_us_alone(struct wards *wards, int dir_fd)
{
    struct stat status;

    if (take_door(wards, dir_fd) < 0 || fstat(dir_fd, &status) < 0 || status.st_uid != geteuid())
        return false;
    wards->door_mode = status.st_mode & 07777;
    return (status.st_mode & S_IRWXO) == 0 &&
           ((status.st_mode & S_IRWXG) == 0 || (status.st_mode & S_ISGID) != 0);
}

static int give_door(struct ward *ward, const char *door, struct err *err)
{
    const char *slash = strrchr(door, '/');
    OWNED(free_str)
    char *dir = mem_printf("%.*s.", (int)(slash != NULL ? slash + 1 - door : 0), door);

    ward->door_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ward->door_fd < 0)
        return err_set_errno(err, ERR_USAGE, "the directory of the local socket '%s'", door);
    if (!is_for_us_alone(ward->wards, ward->door_fd) ||
        fchown(ward->door_fd, ward->uid, (gid_t)-1) < 0) {
        close_fd(&ward->door_fd);
        return err_set(err, ERR_USAGE,
                       "the local socket '%s' needs a directory for itself, of mode 0700, or 2750 "
                       "for a group",
                       door);
    }
    return 0;
}

int ward_make(struct wards *wards, const char *door, struct ward *ret, struct err *err)
{
    *ret = WARD_NONE;
    ret->wards = wards;
    ret->own = wards->own;
    choose_users(ret, wards->number);
    snprintf(ret->name, sizeof(ret->name), PREFIX "%d-%u", (int)getpid(), wards->number++);
    if (make_dir(ret, err) == 0 && (door == NULL || !ret->own || give_door(ret, door, err) == 0))
        return 0;
    ward_end(ret);
    return -1;
}

/* --- the process ----------------------------------------------------------------------------- */

struct beginning {
    pid_t pid;
    int go;      /* a byte lets it begin */
    bool inside; /* a user namespace of its own */
};

static int become(const struct ward *ward, bool inside, struct err *err)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) < 0)
        return err_set_errno(err, ERR_SYSTEM, "no core dumps");
    if (!ward->own && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_set_errno(err, ERR_SYSTEM, "no new privileges");
    if (ward->own && (power_become(ward->uid, err) < 0 ||
                      power_keep(inside ? POWER_USERS : POWER_NONE, err) < 0))
        return -1;
    if (fchdir(ward->dir_fd) < 0)
        return err_set_errno(err, ERR_SYSTEM, "enter the directory");
    return 0;
}

/* In the child. */
static void begin(const struct ward *ward, bool inside, int go)
{
    struct err err;
    char byte;

    if (read(go, &byte, 1) != 1)
        _exit(126);
    if (become(ward, inside, &err) == 0)
        return;
    dprintf(STDERR_FILENO, "cocos-agent: begin a process that may nothing: %s\n", err.text);
    _exit(126);
}

static pid_t fork_inside(void)
{
    return (pid_t)syscall(SYS_clone, (unsigned long)(CLONE_NEWUSER | CLONE_NEWIPC | SIGCHLD), NULL,
                          NULL, NULL, 0UL);
}

static int begin_fork(const struct ward *ward, struct beginning *ret, struct err *err)
{
    int go[2];

    if (pipe2(go, O_CLOEXEC) < 0)
        return err_set_errno(err, ERR_SYSTEM, "pipe");
    ret->inside = ward->own;
    ret->pid = ret->inside ? fork_inside() : fork();
    if (ret->pid < 0 && ret->inside) {
        ret->inside = false;
        ret->pid = fork();
    }
    if (ret->pid == 0) {
        close(go[1]);
        begin(ward, ret->inside, go[0]);
    }
    close(go[0]);
    ret->go = go[1];
    if (ret->pid < 0) {
        err_set_errno(err, ERR_SYSTEM, "fork");
        close(go[1]);
        return -1;
    }
    return 0;
}

static int let_go(struct ward *ward, const struct beginning *child, struct err *err)
{
    const struct power_user users[] = {{ward->uid, ward->uid},
                                       {ward->algorithm_uid, ward->algorithm_uid}};

    if (child->inside && power_map(child->pid, users, COUNT_OF(users), err) < 0)
        return -1;
    if (ward->wards->groups != NULL)
        cgroup_lend(ward->wards->groups, ward->name, child->pid, ward->uid, &ward->group);
    if (write(child->go, "", 1) != 1)
        return err_set_errno(err, ERR_SYSTEM, "pipe");
    return 0;
}

int ward_fork(struct ward *ward, pid_t *ret_pid, struct err *err)
{
    struct beginning child;
    int result;

    if (begin_fork(ward, &child, err) < 0)
        return -1;
    *ret_pid = child.pid;
    if (child.pid == 0)
        return 0;
    result = let_go(ward, &child, err);
    close(child.go);
    if (result < 0) {
        kill(child.pid, SIGKILL);
        waitpid(child.pid, NULL, 0);
        *ret_pid = 0;
    }
    return result;
}

/* --- its end --------------------------------------------------------------------------------- */

/* Whatever runs as this user, also what nobody knows of. */
static void kill_all_of(uint32_t uid)
{
    uint32_t self = first_user() + UID_GIVEN;
    pid_t pid = fork();
    struct err err;

    if (pid == 0) {
        if (uid >= UID_BASE && power_hunt(self, uid, &err) == 0 && getuid() == self &&
            geteuid() == uid)
            kill(-1, SIGKILL);
        _exit(0);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

void ward_kill(const struct ward *ward)
{
    if (ward->dir_fd < 0)
        return;
    cgroup_kill(&ward->group);
    for (unsigned i = 0; ward->own && i < HUNTS; i++) {
        kill_all_of(ward->uid);
        kill_all_of(ward->algorithm_uid);
    }
}

static void take_door_back(struct ward *ward)
{
    struct stat status;

    if (ward->door_fd >= 0 && fstat(ward->door_fd, &status) == 0 && status.st_uid == ward->uid)
        (void)!take_door(ward->wards, ward->door_fd);
    close_fd(&ward->door_fd);
}

void ward_end(struct ward *ward)
{
    struct err ignored;

    if (ward->dir_fd < 0)
        return;
    ward_kill(ward);
    cgroup_take_back(&ward->group);
    take_door_back(ward);
    close_fd(&ward->dir_fd);
    if (file_remove_tree_at(ward->wards->dir_fd, ward->name, &ignored) < 0)
        return; /* the next one's beginning removes it */
    *ward = WARD_NONE;
}
