/* Runs a program in a sandbox, from three processes:
 *
 *     agent ── launcher ── init ── algorithm
 *
 * The launcher is this program executed afresh, so that it and all below it hold nothing of the
 * agent's memory. It makes the namespaces (user, mount, pid, net, ipc, uts, cgroup), puts init into
 * the control groups and waits. Init is process 1 inside: it builds the root (root.h), gives up
 * every capability, starts the algorithm as an unprivileged user behind rlimits and the system call
 * filter (filter.h), reaps, and tells how it ended. When init is gone the kernel has killed all of
 * them; when the agent lets go of the socket, or dies, the launcher kills init.
 *
 * Inside, the algorithm is /work/algorithm, its working directory /work with datasets/ (read-only)
 * and results/ (a file system of its own in memory, of a fixed size). The agent gets results/ as an
 * open directory, which stays after everything else is gone, until it is closed. */
#ifndef COCOS_AGENT_RUNNER_CONFINE_H
#define COCOS_AGENT_RUNNER_CONFINE_H

#include "lib/base/err.h"
#include "lib/json/table.h"

/* What the launcher is told. */
struct confine_spec {
    char *root;      /* an empty directory to build the root on; nothing of it is seen outside */
    char *algorithm; /* the file */
    char *datasets;  /* the directory */
    struct json_strings argv;   /* as it looks inside: {"/work/algorithm", ...} */
    struct json_strings groups; /* directories of control groups to join */
    uint64_t results_bytes;     /* what results/ may hold */
    uint64_t scratch_bytes;     /* what /tmp and /dev/shm may hold, each */
    uint64_t address_space;     /* RLIMIT_AS in bytes; 0: none */
    uint32_t processes;         /* RLIMIT_NPROC */
    uint32_t host_uid;          /* who the algorithm is outside, if we may say so; 0: we */
};

enum confine_news {
    CONFINE_STARTED, /* the root is built; comes with the directory of results */
    CONFINE_ENDED,   /* exit_code or signal */
    CONFINE_BROKEN   /* it could not be started: text says why */
};

struct confine_report {
    enum confine_news news;
    int exit_code; /* -1 when a signal ended it */
    int signal;
    char text[512];
};

struct confine;

/* Starts. output_fd gets the algorithm's standard output and error; -1: nobody reads them. The
 * spec is borrowed for the call. Errors: SYSTEM. */
MUST_USE int confine_start(const struct confine_spec *spec, int output_fd, struct confine **ret,
                           struct err *err);

/* Readable when there is news. */
int confine_fd(const struct confine *confine);

/* Takes the next report; *ret_results is the directory with CONFINE_STARTED, else -1. When the
 * launcher is gone without a word that is CONFINE_BROKEN. */
void confine_receive(struct confine *confine, struct confine_report *ret, int *ret_results);

/* Kills everything inside, waits until nothing of it is left, and frees. */
void confine_end(struct confine *confine);

/* For the first lines of main(): whether this process was started as a launcher, and its life. */
bool confine_is_launcher(int argc, char **argv);
int confine_launch(void);

#endif
