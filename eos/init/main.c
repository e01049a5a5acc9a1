/* Process 1 of EOS: makes the guest ready, starts the agent, buries the dead, and powers off when
 * the agent is done, when it keeps crashing, or when the host asks politely. */
#include "eos/init/agent.h"
#include "eos/init/gateway.h"
#include "eos/init/kernel.h"
#include "eos/init/modules.h"
#include "eos/init/net.h"
#include "eos/init/power.h"
#include "eos/init/say.h"
#include "eos/init/tree.h"
#include "lib/base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SENTINEL    "/etc/eos/complete"
#define MODULES_DIR "/usr/lib/modules"
#define GRACE_MS    5000 /* for the agent to end in order */

struct guest {
    struct agent agent;
    struct gateway gateway;
    bool debug;
    bool stopping;
    int64_t wake_ms; /* when to start the agent again, or to stop waiting for it; 0: not at all */
    pid_t shell;     /* debug images only */
    int signals_fd;
    int button_fd; /* -1: none */
};

static void fatal(const struct err *err) __attribute__((noreturn));
static void fatal(const struct err *err)
{
    say_last_words("%s; powering off", err->text);
    power_off();
}

/* The kernel gave its console, or nothing, in which case 0, 1 and 2 would be the next files opened.
 */
static void open_streams(void)
{
    int fd = open("/dev/null", O_RDWR);

    for (int to = 0; to < 3 && fd >= 0; to++)
        if (fd != to)
            dup2(fd, to);
    if (fd > 2)
        close(fd);
}

static int prepare(struct guest *guest, struct err *err)
{
    umask(022);
    if (tree_mount_system(err) < 0)
        return -1;
    open_streams();
    if (tree_check_complete(SENTINEL, err) < 0)
        return -1;

    guest->debug = tree_is_debug();
    if (modules_load(MODULES_DIR, err) < 0 || net_start(err) < 0)
        return -1;
    tree_mount_config();
    tree_mount_share();
    kernel_share_controllers();
    kernel_lock_doors();
    if (sethostname("eos", 3) < 0)
        return err_set_errno(err, ERR_SYSTEM, "set the host name");
    if (tree_renew_state(err) < 0 || gateway_prepare(&guest->gateway, err) < 0)
        return -1;
    return tree_seal(err);
}

static int watch_signals(struct guest *guest, struct err *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    reboot(RB_DISABLE_CAD); /* ctrl-alt-del becomes SIGINT instead of a reset */

    guest->signals_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (guest->signals_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "watch signals");
    guest->button_fd = power_open_button();
    return 0;
}

static void start_shell(struct guest *guest)
{
    static const char *const ARGV[] = {"/usr/bin/busybox", "sh", NULL};

    guest->shell = fork();
    if (guest->shell == 0) {
        agent_become(ARGV, "/dev/ttyS0");
        _exit(127);
    }
}

static void start_agent(struct guest *guest)
{
    struct err err = {0};

    if (agent_start(&guest->agent, guest->debug, &err) < 0)
        fatal(&err);
}

/* What the agent measured and kept is gone with it, and another one could prove nothing: so is the
 * guest. */
static void bury_agent(struct guest *guest, int status)
{
    struct err err = {0};

    if (guest->stopping || agent_ended(&guest->agent, status) == AGENT_DONE) {
        say_last_words("the agent is done; powering off");
        power_off();
    }
    err_set(&err, ERR_SYSTEM, "the agent crashed with status 0x%x", (unsigned)status);
    fatal(&err);
}

static void bury_the_dead(struct guest *guest)
{
    int status = 0;
    pid_t pid = 0;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == guest->agent.pid)
            bury_agent(guest, status);
        else if (pid == guest->gateway.pid)
            gateway_ended(&guest->gateway, clock_monotonic_ms());
        else if (pid == guest->shell)
            start_shell(guest);
    }
}

static void stop(struct guest *guest)
{
    if (guest->stopping)
        return;
    guest->stopping = true;
    guest->wake_ms = clock_monotonic_ms() + (guest->agent.pid > 0 ? GRACE_MS : 0);
    agent_stop(&guest->agent);
}

static void take_signals(struct guest *guest)
{
    struct signalfd_siginfo info;

    while (read(guest->signals_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            bury_the_dead(guest);
        else
            stop(guest);
    }
}

static void give_up_waiting(void)
{
    say_last_words("stopped from outside; powering off");
    power_off();
}

/* How long to sleep: until the first of the times that are set; -1: until something happens. */
static int sleep_ms(const struct guest *guest, int64_t now_ms)
{
    const int64_t times[] = {guest->wake_ms, guest->gateway.wake_ms};
    int64_t least = -1;

    for (size_t i = 0; i < COUNT_OF(times); i++) {
        int64_t left = times[i] > now_ms ? times[i] - now_ms : 0;

        if (times[i] != 0 && (least < 0 || left < least))
            least = left;
    }
    return (int)least;
}

static bool is_due(int64_t wake_ms)
{
    return wake_ms != 0 && clock_monotonic_ms() >= wake_ms;
}

static void serve(struct guest *guest) __attribute__((noreturn));
static void serve(struct guest *guest)
{
    for (;;) {
        struct pollfd watched[] = {{guest->signals_fd, POLLIN, 0},
                                   {guest->button_fd, POLLIN, 0},
                                   {guest->gateway.watch_fd, POLLIN, 0}};

        poll(watched, COUNT_OF(watched), sleep_ms(guest, clock_monotonic_ms()));
        take_signals(guest);
        if ((watched[1].revents & POLLIN) && power_button_pressed(guest->button_fd))
            stop(guest);
        if (watched[2].revents & POLLIN)
            gateway_look(&guest->gateway, clock_monotonic_ms());
        if (is_due(guest->wake_ms))
            give_up_waiting();
        if (is_due(guest->gateway.wake_ms))
            gateway_start(&guest->gateway, guest->debug, clock_monotonic_ms());
    }
}

int main(void)
{
    struct guest guest = {.button_fd = -1, .signals_fd = -1, .gateway.watch_fd = -1};
    struct err err = {0};

    if (prepare(&guest, &err) < 0 || watch_signals(&guest, &err) < 0)
        fatal(&err);
    if (guest.debug)
        start_shell(&guest);
    start_agent(&guest);
    serve(&guest);
}
