#include "eos/init/gateway.h"

#include "eos/init/agent.h"
#include "eos/init/kernel.h"
#include "eos/init/say.h"
#include "eos/init/tree.h"
#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM    "/usr/bin/cocos-gateway"
#define SOCKET     "agent.sock"
#define DOOR_MODE  (S_ISGID | 0750) /* what the agent puts there is the gateway's to use */
#define GROUP      "/sys/fs/cgroup/gateway"
#define FILES_MAX  2048
#define RETRY_MS   500
#define EVENTS_MAX 4096

/* What the gateway takes at most: in its control group, and of the kernel's patience. */
static const struct kernel_setting bounds[] = {
    {GROUP "/memory.max", "192M"},
    {GROUP "/memory.oom.group", "1"},
    {GROUP "/pids.max", "768"},
};

static const struct kernel_setting own_bounds[] = {
    {GROUP "/cgroup.procs", "0"},
    {"/proc/self/oom_score_adj", "500"},
};

/* What it has no business with. */
static const char *const hidden[] = {TREE_SHARE_IN, TREE_SHARE_OUT, TREE_STATE,
                                     "/sys",        "/tmp",         "/dev/shm"};

int gateway_retry_delay_ms(unsigned crashes)
{
    int delay_ms = RETRY_MS;

    while (crashes-- > 1 && delay_ms < GATEWAY_RETRY_MAX_MS)
        delay_ms *= 2;
    return delay_ms;
}

int gateway_prepare(struct gateway *gateway, struct err *err)
{
    if (file_make_dirs(TREE_DOOR, 0750, err) < 0)
        return -1;
    if (chown(TREE_DOOR, 0, GATEWAY_ID) < 0 || chmod(TREE_DOOR, DOOR_MODE) < 0)
        return err_set_errno(err, ERR_SYSTEM, "the gateway's door");
    gateway->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (gateway->watch_fd < 0 || inotify_add_watch(gateway->watch_fd, TREE_DOOR, IN_CREATE) < 0)
        return err_set_errno(err, ERR_SYSTEM, "watch the gateway's door");

    if (mkdir(GROUP, 0755) < 0 && errno != EEXIST)
        say("the gateway has no control group: %m");
    for (size_t i = 0; i < COUNT_OF(bounds); i++)
        kernel_set(&bounds[i]);
    return 0;
}

void gateway_look(struct gateway *gateway, int64_t now_ms)
{
    char events[EVENTS_MAX] __attribute__((aligned(8)));
    ssize_t len = read(gateway->watch_fd, events, sizeof events);
    bool opened = false;

    for (ssize_t at = 0; at < len;) {
        const struct inotify_event *event = (const struct inotify_event *)(events + at);

        opened = opened || (event->len > 0 && strcmp(event->name, SOCKET) == 0);
        at += (ssize_t)(sizeof *event + event->len);
    }
    if (!opened)
        return;
    if (gateway->pid > 0)
        kill(gateway->pid, SIGHUP);
    else
        gateway->wake_ms = now_ms;
}

/* --- the child --- */

static bool hide(void)
{
    if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(hidden); i++)
        if (umount2(hidden[i], MNT_DETACH) < 0 && errno != EINVAL)
            return false;
    return true;
}

static bool drop(void)
{
    const struct rlimit none = {0, 0}, files = {FILES_MAX, FILES_MAX};

    return setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_NOFILE, &files) == 0 &&
           setgroups(0, NULL) == 0 && setresgid(GATEWAY_ID, GATEWAY_ID, GATEWAY_ID) == 0 &&
           setresuid(GATEWAY_ID, GATEWAY_ID, GATEWAY_ID) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static void become(const char *device) __attribute__((noreturn));
static void become(const char *device)
{
    static const char *const ARGV[] = {
        PROGRAM,
        "--listen",
        "0.0.0.0:7020",
        "--agent",
        "unix:" TREE_DOOR "/" SOCKET,
        "--certificate",
        TREE_DOOR "/gateway.pem",
        "--key",
        TREE_DOOR "/gateway.key",
        "--attested-tls",
        "--config",
        TREE_DOOR "/gateway.conf",
        "--agent-pin",
        "chain",
        NULL,
    };
    bool bounded = true;

    for (size_t i = 0; i < COUNT_OF(own_bounds); i++)
        bounded = bounded && kernel_set(&own_bounds[i]);
    if (bounded && hide() && drop())
        agent_become(ARGV, device);
    _exit(127);
}

/* --- its life --- */

void gateway_start(struct gateway *gateway, bool debug, int64_t now_ms)
{
    pid_t pid;

    gateway->wake_ms = 0;
    if (gateway->pid > 0 || access(TREE_DOOR "/" SOCKET, F_OK) < 0)
        return;
    pid = fork();
    if (pid == 0)
        become(debug ? "/dev/ttyS0" : "/dev/null");
    if (pid < 0) {
        say("fork the gateway: %m");
        gateway->wake_ms = now_ms + GATEWAY_RETRY_MAX_MS;
        return;
    }
    gateway->pid = pid;
    gateway->started_ms = now_ms;
}

void gateway_ended(struct gateway *gateway, int64_t now_ms)
{
    gateway->pid = 0;
    if (now_ms - gateway->started_ms >= GATEWAY_STEADY_MS)
        gateway->crashes = 0;
    gateway->crashes++;
    gateway->wake_ms = now_ms + gateway_retry_delay_ms(gateway->crashes);
}
