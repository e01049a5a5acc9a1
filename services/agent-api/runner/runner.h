/* Runs an algorithm once, in the sandbox, to its end, its timeout or its being stopped, and says
 * how it went.
 *
 * A kind of algorithm is a struct runner: how it looks to a command line inside of the sandbox, and
 * what it needs of this image. Everything else is the same for all of them. */
#ifndef COCOS_AGENT_RUNNER_RUNNER_H
#define COCOS_AGENT_RUNNER_RUNNER_H

#include "lib/base/buf.h"
#include "lib/computation/failure.h"
#include "lib/computation/manifest.h"
#include "services/agent-api/runner/cgroup.h"

/* How runs are confined, as the state names it. */
#define RUNNER_PROFILE "namespaces+seccomp"

struct run_job {
    const struct manifest *manifest; /* type, arguments, bounds */
    const char *root;                /* an empty directory for the sandbox to be built on */
    const char *algorithm;           /* the file */
    const char *requirements;        /* the file; NULL: none came */
    const char *datasets;            /* the directory */
    const struct cgroup_host *groups;
    uint32_t outside_uid; /* who the algorithm is outside; 0: we, or as root somebody else */
    int stop_fd;          /* readable: stop */

    /* Takes what the algorithm says, in pieces; NULL: nobody wants it. */
    void (*output)(void *ctx, struct span bytes);
    void *ctx;
};

struct run_outcome {
    bool stopped;           /* it was; there is nothing else to tell */
    struct failure failure; /* kind FAILURE_NONE when it succeeded */
    int results_fd; /* the directory results/, closed by the caller; -1 unless it succeeded */
};

/* What runs an algorithm of some type here. */
struct run_runtime {
    char name[16];    /* "python"; "native" for the kernel alone */
    char version[64]; /* of it; "unknown" when it does not say */
    bool has_digest;
    uint8_t digest[SHA256_SIZE]; /* of its program */
};
void runner_describe(enum algorithm_type type, struct run_runtime *ret);

/* Blocks until the run is over and nothing of it is left. */
void runner_run(const struct run_job *job, struct run_outcome *ret);

/* --- for the kinds --- */

struct runner {
    enum algorithm_type type;

    /* Appends the words that come before the manifest's arguments to argv (space for 8), as they
     * are inside. What this image cannot do is a failure; a person's explanation that names what a
     * party sent goes to log instead. */
    int (*prepare)(const struct run_job *job, const char **argv, struct failure *ret_failure,
                   struct buf *log);
    void (*describe)(struct run_runtime *ret);
};

extern const struct runner runner_native;
extern const struct runner runner_python;

#endif
