#include "services/agent-api/runner/power.h"

#include "lib/base/buf.h"
#include "lib/base/file.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAP_MAX         256
#define BIT(capability) (1ULL << (capability))

static const uint64_t capabilities_of[] = {
    [POWER_NONE] = 0,
    [POWER_USERS] = BIT(CAP_SETUID) | BIT(CAP_SETGID),
};

static bool keeps(uint64_t capabilities, unsigned long capability)
{
    return (capabilities & BIT(capability)) != 0;
}

static int bound(uint64_t capabilities, struct err *err)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (!keeps(capabilities, cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return err_set_errno(err, ERR_SYSTEM, "drop capability %lu", cap);
    return 0;
}

static int set(uint64_t capabilities, struct err *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};

    for (size_t i = 0; i < COUNT_OF(data); i++)
        data[i].effective = data[i].permitted = data[i].inheritable =
            (uint32_t)(capabilities >> (32 * i));
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
        syscall(SYS_capset, &header, data) < 0)
        return err_set_errno(err, ERR_SYSTEM, "drop capabilities");
    for (unsigned long cap = 0; cap < 64; cap++)
        if (keeps(capabilities, cap) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            return err_set_errno(err, ERR_SYSTEM, "keep capability %lu", cap);
    return 0;
}

int power_keep(enum power power, struct err *err)
{
    uint64_t capabilities = capabilities_of[power];

    if (bound(capabilities, err) < 0 || set(capabilities, err) < 0)
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_set_errno(err, ERR_SYSTEM, "no new privileges");
    return 0;
}

/* The change of user takes from the effective ones what KEEPCAPS keeps among the permitted. */
static int raise_permitted(struct err *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) < 0)
        return err_set_errno(err, ERR_SYSTEM, "read capabilities");
    for (size_t i = 0; i < COUNT_OF(data); i++)
        data[i].effective = data[i].permitted;
    if (syscall(SYS_capset, &header, data) < 0)
        return err_set_errno(err, ERR_SYSTEM, "raise capabilities");
    return 0;
}

/* Not by the functions of the C library, which tell every thread that it knows of. */
int power_become(uint32_t uid, struct err *err)
{
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || syscall(SYS_setgroups, 0, NULL) < 0 ||
        syscall(SYS_setresgid, uid, uid, uid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
        return err_set_errno(err, ERR_SYSTEM, "become user %u", uid);
    return raise_permitted(err);
}

int power_hunt(uint32_t self, uint32_t uid, struct err *err)
{
    if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, self, self, self) < 0 ||
        bound(0, err) < 0 || syscall(SYS_setresuid, self, uid, self) < 0)
        return err_set_errno(err, ERR_SYSTEM, "hunt user %u", uid);
    return set(0, err);
}

void power_open_as(uint32_t uid)
{
    syscall(SYS_setfsgid, uid != 0 ? uid : getegid());
    syscall(SYS_setfsuid, uid != 0 ? uid : geteuid());
}

bool power_lock_memory(void)
{
    /* Without the capability there may be a limit, which would fail us later. */
    if (geteuid() != 0 || prctl(PR_CAPBSET_READ, CAP_IPC_LOCK, 0, 0, 0) != 1)
        return false;
    return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

int power_write_proc(pid_t pid, const char *name, const char *text, struct err *err)
{
    OWNED(free_str) char *path = mem_printf("/proc/%d/%s", (int)pid, name);
    OWNED(close_fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return err_set_errno(err, ERR_SYSTEM, "write '%s'", path);
    return 0;
}

int power_map(pid_t pid, const struct power_user *users, size_t count, struct err *err)
{
    OWNED_BUF map = BUF_OF(MAP_MAX);

    for (size_t i = 0; i < count; i++)
        buf_printf(&map, "%u %u 1\n", users[i].inside, users[i].outside);
    if (buf_check(&map, "a user mapping", err) < 0 ||
        power_write_proc(pid, "uid_map", buf_str(&map), err) < 0)
        return -1;
    return power_write_proc(pid, "gid_map", buf_str(&map), err);
}
