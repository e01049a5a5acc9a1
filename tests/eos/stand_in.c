/* Stands in for the agent in the tests of the guest: does what the file "behave" in the share says,
 * and writes what it sees around itself where the test can read it. Linked statically, knows
 * nothing of us. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define IN    "/run/cocos/share/in/"
#define OUT   "/run/cocos/share/out/"
#define STATE "/run/cocos/state/"

static FILE *facts;

static void tell(const char *what, int holds)
{
    fprintf(facts, "%s=%s\n", what, holds ? "yes" : "no");
}

static void copy(const char *path)
{
    char line[512];
    FILE *from = fopen(path, "r");

    while (from && fgets(line, sizeof line, from))
        fprintf(facts, "%s: %s", path, line);
    if (from)
        fclose(from);
}

static int can_write(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* A child in a mount namespace of its own swaps its root for a fresh tmpfs, as the sandbox will. */
static int can_pivot(void)
{
    int status = 0;

    if (fork() == 0) {
        int good = unshare(CLONE_NEWNS) == 0 && mount("x", "/tmp", "tmpfs", 0, NULL) == 0 &&
                   mkdir("/tmp/old", 0700) == 0 && syscall(SYS_pivot_root, "/tmp", "/tmp/old") == 0;
        _exit(good ? 0 : 1);
    }
    wait(&status);
    return status == 0;
}

/* An orphan's orphan: process 1 has to bury it. */
static int leaves_no_zombie(void)
{
    char path[64];
    int ends[2];
    pid_t orphan = 0;

    if (pipe(ends) < 0)
        return 0;
    if (fork() == 0) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        _exit(write(ends[1], &child, sizeof child) == (ssize_t)sizeof child ? 0 : 1);
    }
    wait(NULL);
    if (read(ends[0], &orphan, sizeof orphan) != (ssize_t)sizeof orphan)
        return 0;
    snprintf(path, sizeof path, "/proc/%d", (int)orphan);
    for (int i = 0; i < 50 && access(path, F_OK) == 0; i++)
        usleep(100000);
    return access(path, F_OK) != 0;
}

static int python_counts(void)
{
    int status = 0;

    if (fork() == 0) {
        execl("/usr/bin/python3", "python3", "-c",
              "import ssl, sqlite3, ctypes, json, hashlib, decimal; raise SystemExit(6 * 7)", NULL);
        _exit(1);
    }
    wait(&status);
    return WIFEXITED(status) && WEXITSTATUS(status) == 42;
}

static void look_around(void)
{
    extern char **environ;

    for (char **e = environ; *e; e++)
        fprintf(facts, "env: %s\n", *e);
    copy("/proc/mounts");
    copy("/proc/cmdline");
    copy("/proc/modules");
    copy("/etc/eos/release");
    copy("/sys/fs/cgroup/cgroup.subtree_control");
    copy("/sys/kernel/security/lockdown");
    copy("/sys/class/tpm/tpm0/pcr-sha256/9");
    copy("/proc/sys/kernel/modules_disabled");
    copy("/proc/self/oom_score_adj");
    tell("writes-root", can_write("/usr/x"));
    tell("writes-in", can_write(IN "x"));
    tell("writes-state", can_write(STATE "x"));
    tell("shell", access("/bin/sh", F_OK) == 0 || access("/usr/bin/busybox", F_OK) == 0);
    tell("tpm", access("/dev/tpmrm0", F_OK) == 0);
    tell("pivots", can_pivot());
    tell("zombies", !leaves_no_zombie());
    tell("python", python_counts());
}

static void serve(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(7002)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0 || listen(fd, 64) < 0)
        exit(9);
    for (;;) {
        int peer = accept(fd, NULL, NULL);
        if (peer >= 0 && write(peer, "here\n", 5) == 5)
            close(peer);
    }
}

int main(void)
{
    char behave[32] = "";
    int in = open(IN "behave", O_RDONLY),
        out = open(OUT "starts", O_RDWR | O_CREAT | O_APPEND, 0600);

    if (in < 0 || read(in, behave, sizeof behave - 1) < 0 || out < 0 || write(out, ".", 1) != 1)
        return 9;
    facts = fopen(OUT "facts", "w");
    if (!facts)
        return 9;

    if (strcmp(behave, "crash") == 0)
        abort();
    if (strcmp(behave, "serve") == 0)
        look_around();
    fclose(facts);
    if (strcmp(behave, "serve") == 0)
        serve();
    return 0;
}
