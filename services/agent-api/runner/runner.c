#include "services/agent-api/runner/runner.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "services/agent-api/runner/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define WORDS_MAX     8
#define PROCESSES_MAX 256
#define OUTPUT_BLOCK  (64 * KIB)
#define NOTE_MAX      (64 * KIB)
#define SCRATCH_MIN   (1 * MIB)
#define ROOTS_UIDS    0x7a000000U /* far from everybody's; our pid is added */

static const struct runner *const runners[] = {&runner_native, &runner_python};

struct run {
    const struct run_job *job;
    struct cgroup group;
    struct confine *confine;
    int output; /* our end of the pipe, or -1 */
    int results;
    struct confine_report report; /* the last one */
    bool stopped;
    bool timed_out;
    bool met_memory, met_processes, met_disk;
};

static uint64_t memory_of(const struct run_job *job)
{
    return job->manifest->run.memory_mib * MIB;
}

/* What is written counts as memory, and a quarter is left to the program itself, so that one that
 * writes without end meets the end of its disk first. */
static uint64_t results_of(const struct run_job *job)
{
    return memory_of(job) / 4 * 3;
}

static const struct runner *find_runner(int type)
{
    for (size_t i = 0; i < COUNT_OF(runners); i++)
        if ((int)runners[i]->type == type)
            return runners[i];
    return NULL;
}

void runner_describe(enum algorithm_type type, struct run_runtime *ret)
{
    const struct runner *runner = find_runner((int)type);

    *ret = (struct run_runtime){.name = "none", .version = "unknown"};
    if (runner != NULL)
        runner->describe(ret);
}

/* --- start --- */

static const char **make_argv(const struct run_job *job, size_t *ret_count,
                              struct failure *ret_failure)
{
    const struct json_strings *args = &job->manifest->algorithm.args;
    const struct runner *runner = find_runner(job->manifest->algorithm.type);
    OWNED_BUF note = BUF_OF(NOTE_MAX);
    const char **argv = mem_zeroed(WORDS_MAX + args->count + 1, sizeof(char *));
    size_t count = 0;

    if (runner == NULL)
        failure_set(ret_failure, FAILURE_START, "", "this agent cannot run such an algorithm");
    if (runner == NULL || runner->prepare(job, argv, ret_failure, &note) < 0) {
        if (job->output != NULL && note.len > 0)
            job->output(job->ctx, buf_span(&note));
        free(argv);
        return NULL;
    }
    while (argv[count] != NULL)
        count++;
    for (size_t i = 0; i < args->count; i++)
        argv[count++] = args->items[i];
    *ret_count = count;
    return argv;
}

static uint32_t outside_uid(const struct run_job *job)
{
    if (job->outside_uid != 0 || geteuid() != 0)
        return job->outside_uid;
    return ROOTS_UIDS + (uint32_t)getpid() % 0x400000;
}

static int start_confined(struct run *run, const char **argv, size_t argc, struct err *err)
{
    const struct run_job *job = run->job;
    uint64_t scratch = memory_of(job) / 8;
    struct confine_spec spec = {
        .root = (char *)job->root,
        .algorithm = (char *)job->algorithm,
        .datasets = (char *)job->datasets,
        .argv = {(char **)argv, argc},
        .groups = {run->group.dirs, 0},
        .results_bytes = results_of(job),
        .scratch_bytes = scratch > SCRATCH_MIN ? scratch : SCRATCH_MIN,
        .address_space = run->group.version == CGROUP_NONE ? memory_of(job) : 0,
        /* Control groups count better, and tell: the rlimit is only to stand behind them. */
        .processes = run->group.version == CGROUP_NONE ? PROCESSES_MAX : 2 * PROCESSES_MAX,
        .host_uid = outside_uid(job),
    };
    OWNED(close_fd) int theirs = -1;
    int pair[2];

    while (spec.groups.count < CGROUP_DIRS_MAX && run->group.dirs[spec.groups.count] != NULL)
        spec.groups.count++;
    if (job->output != NULL) {
        if (pipe2(pair, O_CLOEXEC) < 0)
            return err_set_errno(err, ERR_SYSTEM, "pipe");
        fcntl(pair[0], F_SETFL, O_NONBLOCK); /* whoever reads it back in there must not hold us */
        run->output = pair[0];
        theirs = pair[1];
    }
    return confine_start(&spec, theirs, &run->confine, err);
}

static int start(struct run *run, struct failure *ret_failure)
{
    static atomic_uint runs;
    OWNED(free_str)
    char *name = mem_printf("cocos-%d-%u", (int)getpid(), atomic_fetch_add(&runs, 1));
    struct err err;
    size_t argc;
    const char **argv = make_argv(run->job, &argc, ret_failure);
    int result;

    if (argv == NULL)
        return -1;
    result =
        cgroup_new(run->job->groups, name, memory_of(run->job), PROCESSES_MAX, &run->group, &err);
    if (result == 0)
        result = start_confined(run, argv, argc, &err);
    free(argv);
    if (result < 0)
        failure_set(ret_failure, FAILURE_START, "", "%.200s", err.text);
    return result;
}

/* --- while it runs --- */

enum drained { DRAINED_SOME, DRAINED_NOTHING, DRAINED_END };

/* Hands on what was said. */
static enum drained drain(struct run *run)
{
    uint8_t block[OUTPUT_BLOCK];
    ssize_t got = read(run->output, block, sizeof(block));

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return DRAINED_NOTHING;
    if (got <= 0)
        return DRAINED_END;
    run->job->output(run->job->ctx, span_of(block, (size_t)got));
    return DRAINED_SOME;
}

static void take_report(struct run *run)
{
    int results;

    confine_receive(run->confine, &run->report, &results);
    if (results >= 0) {
        close_fd(&run->results);
        run->results = results;
    }
}

/* Waits for the end, the timeout or the stop. */
static void watch(struct run *run)
{
    int64_t deadline = clock_monotonic_ms() + (int64_t)run->job->manifest->run.timeout;

    while (run->report.news == CONFINE_STARTED) {
        struct pollfd polls[3] = {{.fd = confine_fd(run->confine), .events = POLLIN},
                                  {.fd = run->job->stop_fd, .events = POLLIN},
                                  {.fd = run->output, .events = POLLIN}};
        int64_t left = deadline - clock_monotonic_ms();

        if (left <= 0) {
            run->timed_out = true;
            return;
        }
        if (poll(polls, 3, left > 60000 ? 60000 : (int)left) <= 0)
            continue;
        if (polls[1].revents != 0) {
            run->stopped = true;
            return;
        }
        if (polls[2].revents != 0 && drain(run) == DRAINED_END)
            close_fd(&run->output);
        if (polls[0].revents != 0)
            take_report(run);
    }
}

/* --- how it went --- */

static bool is_full(int dir_fd)
{
    struct statvfs room;

    return dir_fd >= 0 && fstatvfs(dir_fd, &room) == 0 &&
           (room.f_bavail == 0 || room.f_favail == 0);
}

/* Which bounds were met, before the end of the sandbox takes the counters with it. */
static void look(struct run *run)
{
    run->met_memory = cgroup_met_memory(&run->group);
    run->met_processes = cgroup_met_processes(&run->group);
    run->met_disk = is_full(run->results);
}

/* A run that failed may have met a bound: then that is what the parties should know. */
static void judge(const struct run *run, struct failure *ret)
{
    const struct confine_report *report = &run->report;
    char time[TEXT_DURATION_SIZE], limit[64];

    if (run->timed_out) {
        text_format_duration(run->job->manifest->run.timeout, time);
        failure_set(ret, FAILURE_TIMEOUT, time, "the algorithm ran longer than %s", time);
        return;
    }
    if (report->news == CONFINE_BROKEN) {
        failure_set(ret, FAILURE_START, "", "%.200s", report->text);
        return;
    }
    if (report->exit_code == 0)
        return;
    if (run->met_memory) {
        snprintf(limit, sizeof(limit), "%u MiB", run->job->manifest->run.memory_mib);
        failure_set(ret, FAILURE_MEMORY, limit, "the algorithm took more memory than %s", limit);
    } else if (run->met_disk || report->signal == SIGXFSZ) {
        snprintf(limit, sizeof(limit), "%" PRIu64 " MiB", (uint64_t)(results_of(run->job) / MIB));
        failure_set(ret, FAILURE_DISK, limit, "the algorithm filled its results, %s", limit);
    } else if (run->met_processes) {
        snprintf(limit, sizeof(limit), "%u", PROCESSES_MAX);
        failure_set(ret, FAILURE_PROCESSES, limit, "the algorithm made more than %s processes",
                    limit);
    } else if (report->signal > 0) {
        failure_set(ret, FAILURE_SIGNAL, "", "signal %d ended the algorithm", report->signal);
    } else {
        failure_set(ret, FAILURE_EXIT, "", "the algorithm ended with exit code %d",
                    report->exit_code);
    }
    ret->exit_code = report->exit_code;
    ret->signal = report->signal;
}

void runner_run(const struct run_job *job, struct run_outcome *ret)
{
    struct run run = {.job = job, .output = -1, .results = -1};

    *ret = (struct run_outcome){.results_fd = -1, .failure.exit_code = -1};
    if (start(&run, &ret->failure) == 0) {
        watch(&run);
        look(&run);
        confine_end(run.confine);
        while (run.output >= 0 && drain(&run) == DRAINED_SOME) {
        }
        ret->stopped = run.stopped;
        judge(&run, &ret->failure);
    }
    close_fd(&run.output);
    cgroup_done(&run.group);
    if (ret->failure.kind == FAILURE_NONE && !run.stopped)
        ret->results_fd = run.results;
    else
        close_fd(&run.results);
}
