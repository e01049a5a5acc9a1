#include "tests/unit/computation/manifests.h"

#include "services/agent-api/runner/confine.h"
#include "services/agent-api/runner/runner.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* One run of a program with these bounds; what it said goes to log. */
struct trial {
    char *program;
    const char *type;
    const char *requirements;
    unsigned timeout_ms;
    uint64_t stop_after_bytes; /* of output; 0: never */

    struct buf log;
    int stop_fd;
    struct run_outcome outcome;
};

static void take_output(void *ctx, struct span bytes)
{
    struct trial *trial = ctx;

    buf_add_span(&trial->log, bytes);
    if (trial->stop_after_bytes > 0 && trial->log.len >= trial->stop_after_bytes)
        assert_int_equal(eventfd_write(trial->stop_fd, 1), 0);
}

static struct manifest *make_manifest(const struct trial *trial)
{
    OWNED_JSON *document = manifest_document(trial->program);
    struct json *run = json_new_object(), *args = json_new_array();
    OWNED(free_str) char *timeout = mem_printf("%ums", trial->timeout_ms);

    json_set_str((struct json *)json_get(document, "algorithm"), "type", trial->type);
    json_add(args, json_new_str("one"));
    json_add(args, json_new_str("two words"));
    json_set((struct json *)json_get(document, "algorithm"), "args", args);
    json_set_str(run, "timeout", timeout);
    json_set_int(run, "memory_mib", 64);
    json_set(document, "run", run);
    return manifest_of(document);
}

static void write_file(const char *dir, const char *name, const char *text, char **ret)
{
    struct err err;

    *ret = mem_printf("%s/%s", dir, name);
    assert_ok(file_create(*ret, span_of_str(text), 0555, &err));
}

static void run(struct trial *trial)
{
    OWNED_MANIFEST *manifest = make_manifest(trial);
    OWNED_OF(cgroup_host) *groups = cgroup_host_new();
    char dir[] = "/tmp/cocos-runner-XXXXXX";
    OWNED(free_str) char *root = NULL;
    OWNED(free_str) char *algorithm = NULL;
    OWNED(free_str) char *requirements = NULL;
    OWNED(free_str) char *datasets = NULL;
    struct run_job job = {
        .manifest = manifest, .groups = groups, .output = take_output, .ctx = trial};
    struct err err;

    assert_non_null(mkdtemp(dir));
    root = mem_printf("%s/root", dir);
    datasets = mem_printf("%s/datasets", dir);
    assert_int_equal(mkdir(root, 0700), 0);
    assert_int_equal(mkdir(datasets, 0755), 0);
    write_file(dir, "algorithm", trial->program, &algorithm);
    if (trial->requirements != NULL)
        write_file(dir, "requirements", trial->requirements, &requirements);
    job.root = root;
    job.datasets = datasets;
    job.algorithm = algorithm;
    job.requirements = requirements;
    trial->stop_fd = job.stop_fd = eventfd(0, EFD_NONBLOCK);
    trial->log = BUF_OF(1 * MIB);

    runner_run(&job, &trial->outcome);
    close(job.stop_fd);
    assert_ok(file_remove_tree(dir, &err));
}

static void done(struct trial *trial)
{
    close_fd(&trial->outcome.results_fd);
    buf_done(&trial->log);
}

/* Runs a Python program that is to fail in this way. */
static void expect_failure(const char *program, enum failure_kind kind, const char *limit)
{
    struct trial trial = {.program = (char *)program, .type = "python", .timeout_ms = 5000};

    run(&trial);
    if (trial.outcome.failure.kind != kind || strcmp(trial.outcome.failure.limit, limit) != 0)
        fail_msg("%s: kind %s, limit '%s', '%s', '%s'", program,
                 failure_kind_names[trial.outcome.failure.kind], trial.outcome.failure.limit,
                 trial.outcome.failure.detail, buf_str(&trial.log));
    assert_int_equal(trial.outcome.results_fd, -1);
    assert_false(trial.outcome.stopped);
    done(&trial);
}

static void python_gets_its_arguments(void **state)
{
    struct trial trial = {.program = (char *)"import sys; print(sys.argv[1:], file=sys.stderr)",
                          .type = "python",
                          .timeout_ms = 5000,
                          .requirements = "# none\n"};

    (void)state;
    run(&trial);
    assert_int_equal(trial.outcome.failure.kind, FAILURE_NONE);
    assert_string_equal(buf_str(&trial.log), "['one', 'two words']\n");
    assert_true(trial.outcome.results_fd >= 0);
    done(&trial);
}

static void native_programs_get_theirs(void **state)
{
    struct trial trial = {.program = (char *)"#!/bin/sh\necho \"$#\" \"$2\"; echo x > results/x\n",
                          .type = "native",
                          .timeout_ms = 5000};
    OWNED_BUF text = BUF_OF(10);
    struct err err;

    (void)state;
    run(&trial);
    assert_int_equal(trial.outcome.failure.kind, FAILURE_NONE);
    assert_string_equal(buf_str(&trial.log), "2 two words\n");
    assert_ok(file_read_at(trial.outcome.results_fd, "x", &text, &err));
    done(&trial);
}

static void failures_have_their_kind(void **state)
{
    (void)state;
    expect_failure("raise SystemExit(9)", FAILURE_EXIT, "");
    expect_failure("import os; os.kill(os.getpid(), 15)", FAILURE_SIGNAL, "");
    expect_failure("open('results/x', 'wb').write(bytes(60 << 20))", FAILURE_DISK, "48 MiB");
}

static void a_timeout_is_one(void **state)
{
    struct trial trial = {
        .program = (char *)"import time; time.sleep(60)", .type = "python", .timeout_ms = 1000};

    (void)state;
    run(&trial);
    assert_int_equal(trial.outcome.failure.kind, FAILURE_TIMEOUT);
    assert_string_equal(trial.outcome.failure.limit, "1s");
    done(&trial);
}

static void a_stop_is_no_failure(void **state)
{
    struct trial trial = {.program = (char *)"while True: print('x' * 1000)",
                          .type = "python",
                          .timeout_ms = 20000,
                          .stop_after_bytes = 10000};

    (void)state;
    run(&trial);
    assert_true(trial.outcome.stopped);
    assert_int_equal(trial.outcome.results_fd, -1);
    done(&trial);
}

static void requirements_are_checked_first(void **state)
{
    struct trial trial = {.program = (char *)"print('ran')",
                          .type = "python",
                          .timeout_ms = 5000,
                          .requirements = "surely-not-there==1\n"};

    (void)state;
    run(&trial);
    assert_int_equal(trial.outcome.failure.kind, FAILURE_REQUIREMENTS);
    assert_null(strstr(trial.outcome.failure.detail, "surely"));
    assert_string_equal(buf_str(&trial.log),
                        "requirement 'surely-not-there==1' is not in this image\n");
    done(&trial);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(python_gets_its_arguments),
        cmocka_unit_test(native_programs_get_theirs),
        cmocka_unit_test(failures_have_their_kind),
        cmocka_unit_test(a_timeout_is_one),
        cmocka_unit_test(a_stop_is_no_failure),
        cmocka_unit_test(requirements_are_checked_first),
    };

    if (confine_is_launcher(argc, argv))
        return confine_launch();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
