#include "services/agent-api/runner/runner.h"

#include "lib/base/child.h"
#include "lib/base/file.h"
#include "services/agent-api/runner/requirements.h"

#include <stdio.h>
#include <unistd.h>

#define PYTHON             "/usr/bin/python3"
#define PROGRAM_MAX        (64 * MIB)
#define VERSION_TIMEOUT_MS 5000

/* -I: nothing from the environment or the working directory gets into the interpreter; -B: no
 * bytecode written; -u: what it said is not lost when it is killed. */
static const char *const words[] = {PYTHON, "-I", "-B", "-u", "/work/algorithm"};

static int check_requirements(const char *path, struct failure *ret_failure, struct buf *log)
{
    OWNED_BUF text = BUF_OF(REQUIREMENTS_MAX);
    size_t missing;
    struct err err;

    if (file_read(path, &text, &err) < 0 ||
        requirements_check(buf_span(&text), requirements_globs, &missing, log, &err) < 0) {
        failure_set(ret_failure, FAILURE_REQUIREMENTS, "", "the requirements cannot be read");
        return -1;
    }
    if (missing == 0)
        return 0;
    failure_set(ret_failure, FAILURE_REQUIREMENTS, "",
                "%zu of the requirements cannot be met in this image, and there is no network to "
                "fetch them from",
                missing);
    return -1;
}

static int prepare(const struct run_job *job, const char **argv, struct failure *ret_failure,
                   struct buf *log)
{
    if (access(PYTHON, X_OK) < 0) {
        failure_set(ret_failure, FAILURE_START, "", "this image has no Python");
        return -1;
    }
    if (job->requirements != NULL && check_requirements(job->requirements, ret_failure, log) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        argv[i] = words[i];
    return 0;
}

/* "Python 3.11.2" */
static void read_version(struct run_runtime *ret)
{
    static const char *const argv[] = {PYTHON, "--version", NULL};
    OWNED_BUF said = BUF_OF(256);
    struct child_result result;
    struct err unused;
    const char *version;

    if (child_run(argv, VERSION_TIMEOUT_MS, &said, NULL, &result, &unused) < 0)
        return;
    version = strchr(buf_str(&said), ' ');
    if (version != NULL)
        snprintf(ret->version, sizeof(ret->version), "%.*s", (int)strcspn(version + 1, "\n"),
                 version + 1);
}

static void describe(struct run_runtime *ret)
{
    OWNED_BUF program = BUF_OF(PROGRAM_MAX);
    struct err unused;

    snprintf(ret->name, sizeof(ret->name), "python");
    read_version(ret);
    ret->has_digest = file_read(PYTHON, &program, &unused) == 0;
    if (ret->has_digest)
        digest_of(DIGEST_SHA256, buf_span(&program), ret->digest);
}

const struct runner runner_python = {ALGORITHM_PYTHON, prepare, describe};
