#include "eos/init/agent.h"

#include "eos/init/tree.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGENT_PROGRAM "/usr/bin/cocos-agent"

static const char *const ENVIRONMENT[] = {
    "PATH=/usr/bin",
    "HOME=/",
    "LANG=C.UTF-8",
    "COCOS_AGENT_LISTEN=0.0.0.0:7002",
    "COCOS_AGENT_SHARE=" TREE_SHARE,
    "COCOS_AGENT_STATE_DIR=" TREE_STATE,
    "COCOS_AGENT_LOCAL_SOCKET=" TREE_DOOR "/agent.sock",
    NULL,
};

void agent_become(const char *const argv[], const char *device)
{
    sigset_t none;
    int fd = open(device, O_RDWR | O_NOCTTY);

    for (int to = 0; to < 3; to++)
        if (fd >= 0)
            dup2(fd, to);
    if (fd > 2)
        close(fd);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    if (isatty(0))
        ioctl(0, TIOCSCTTY, 1);
    execve(argv[0], (char *const *)argv, (char *const *)ENVIRONMENT);
}

/* When memory is short everything else goes before it: without the agent nobody learns why. */
static void spare(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!write(fd, AGENT_OOM_SCORE, strlen(AGENT_OOM_SCORE));
        close(fd);
    }
}

int agent_start(struct agent *agent, bool debug, struct err *err)
{
    static const char *const ARGV[] = {AGENT_PROGRAM, NULL};
    pid_t pid = fork();

    if (pid < 0)
        return err_set_errno(err, ERR_SYSTEM, "fork");
    if (pid == 0) {
        spare();
        agent_become(ARGV, debug ? "/dev/ttyS0" : "/dev/null");
        _exit(127);
    }
    agent->pid = pid;
    return 0;
}

enum agent_verdict agent_ended(struct agent *agent, int status)
{
    agent->pid = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? AGENT_DONE : AGENT_CRASHED;
}

void agent_stop(const struct agent *agent)
{
    if (agent->pid > 0)
        kill(agent->pid, SIGTERM);
}
