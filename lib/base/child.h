/* Runs another program, with its arguments as a list and never through a shell, and collects what
 * it says. */
#ifndef COCOS_BASE_CHILD_H
#define COCOS_BASE_CHILD_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct child_result {
    int exit_code; /* -1 when a signal ended it */
    int signal;    /* 0 when it exited */
};

/* What to run, and how. */
struct child_task {
    const char *const *argv;
    int timeout_ms;
    const int *files; /* descriptors that the child gets, as 3 and up; borrowed */
    size_t file_count;
    struct buf *out, *log;
};

/* Runs argv[0] (looked up in PATH) with argv, waits at most timeout_ms and kills its process group
 * then (ERR_TIMEOUT). Standard input is /dev/null; standard output goes to out and standard error
 * to log, both bounded by their ceilings, what is over them is dropped; either may be NULL. All
 * other descriptors are closed in the child. Errors: SYSTEM, NOT_FOUND, TIMEOUT. A program that
 * fails is no error: see ret. */
MUST_USE int child_run(const char *const argv[], int timeout_ms, struct buf *out, struct buf *log,
                       struct child_result *ret, struct err *err);
MUST_USE int child_run_task(const struct child_task *task, struct child_result *ret,
                            struct err *err);

#endif
