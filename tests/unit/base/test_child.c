#include "tests/unit/unit.h"

#include "lib/base/child.h"
#include "lib/base/clock.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define SHELL(script) ((const char *const[]){"sh", "-c", script, NULL})

static struct child_result result;
static struct err err;

static int run(const char *script, struct buf *out, struct buf *log)
{
    return child_run(SHELL(script), 10000, out, log, &result, &err);
}

static void a_program_that_is_not_there_is_not_found(void **state)
{
    static const char *const argv[] = {"no-such-program-here", NULL};

    (void)state;
    assert_fails(child_run(argv, 1000, NULL, NULL, &result, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "no-such-program-here"));
}

static void a_deadline_ends_the_whole_family(void **state)
{
    OWNED_BUF out = BUF_OF(64);
    int64_t start_ms = clock_monotonic_ms();
    uint64_t pid;

    (void)state;
    assert_fails(child_run(SHELL("sleep 60 & echo $!; wait"), 300, &out, NULL, &result, &err),
                 ERR_TIMEOUT);
    assert_true(clock_monotonic_ms() - start_ms < 30000);
    buf_drop_front(&out, 0);
    out.data[out.len - 1] = '\0'; /* the line break */
    assert_ok(text_parse_u64((const char *)out.data, 1 << 30, &pid, &err));
    for (int i = 0; i < 3000 && kill((pid_t)pid, 0) == 0; i++)
        usleep(10000); /* until somebody reaps it */
    OWNED(free_str) char *stat_path = mem_printf("/proc/%d/stat", (int)pid);
    OWNED_BUF stat = BUF_OF(4096);
    assert_true(file_read(stat_path, &stat, &err) < 0 || strstr(buf_str(&stat), ") Z ") != NULL);
}

static void a_child_that_closes_its_streams_still_meets_the_deadline(void **state)
{
    (void)state;
    assert_fails(child_run(SHELL("exec >&- 2>&-; exec sleep 60"), 300, NULL, NULL, &result, &err),
                 ERR_TIMEOUT);
}

static void output_over_the_ceiling_is_dropped_and_the_child_goes_on(void **state)
{
    OWNED_BUF out = BUF_OF(1000);

    (void)state;
    assert_ok(run("head -c 1000000 /dev/zero | tr '\\0' x; exit 3", &out, NULL));
    assert_int_equal(out.len, 1000);
    assert_false(out.overflow);
    assert_int_equal(result.exit_code, 3);
}

static void failures_and_signals_are_told(void **state)
{
    (void)state;
    assert_ok(run("exit 7", NULL, NULL));
    assert_int_equal(result.exit_code, 7);
    assert_int_equal(result.signal, 0);
    assert_ok(run("kill -TERM $$", NULL, NULL));
    assert_int_equal(result.exit_code, -1);
    assert_int_equal(result.signal, SIGTERM);
}

static void both_streams_are_collected_apart(void **state)
{
    OWNED_BUF out = BUF_OF(64);
    OWNED_BUF log = BUF_OF(64);

    (void)state;
    assert_ok(run("echo out; echo log >&2", &out, &log));
    assert_string_equal(buf_str(&out), "out\n");
    assert_string_equal(buf_str(&log), "log\n");
    assert_int_equal(result.exit_code, 0);
}

static void the_child_inherits_nothing(void **state)
{
    OWNED(close_fd) int fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    OWNED_BUF out = BUF_OF(4096);

    (void)state;
    assert_true(fd > 2);
    assert_ok(run("read line && echo no; ls /proc/$$/fd", &out, NULL));
    assert_string_equal(buf_str(&out), "0\n1\n2\n");
}

/* A service blocks the signals that it waits for; what it starts must be able to die from them. */
static void the_child_has_no_signal_blocked_or_ignored(void **state)
{
    static const char *const argv[] = {"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status", NULL};
    const unsigned long long ordinary =
        0x7fffffff; /* who runs the tests may ignore real-time ones */
    unsigned long long blocked = 0, ignored = 0;
    OWNED_BUF out = BUF_OF(4096);
    sigset_t all, before;

    (void)state;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    signal(SIGPIPE, SIG_IGN);
    assert_ok(child_run(argv, 10000, &out, NULL, &result, &err)); /* a shell would unblock them */
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(sscanf(buf_str(&out), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
    assert_int_equal(blocked & ordinary, 0);
    assert_int_equal(ignored & ordinary, 0);
}

static void no_shell_reads_the_arguments(void **state)
{
    static const char *const argv[] = {"printf", "%s|", "a b", "$HOME", "`id`", "", NULL};
    OWNED_BUF out = BUF_OF(64);

    (void)state;
    assert_ok(child_run(argv, 10000, &out, NULL, &result, &err));
    assert_string_equal(buf_str(&out), "a b|$HOME|`id`||");
}

/* Whatever numbers they had: the second may lie where the first is to be. */
static void files_that_are_given_are_three_and_up_in_their_order(void **state)
{
    OWNED(close_fd) int first = open("/dev/null", O_RDONLY | O_CLOEXEC);
    OWNED(close_fd) int second = open("/dev/null", O_RDONLY | O_CLOEXEC);
    OWNED(close_fd) int third = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    const int files[] = {third, second, first};
    OWNED_BUF out = BUF_OF(200);
    const struct child_task task = {
        SHELL("readlink /proc/self/fd/3 /proc/self/fd/4 /proc/self/fd/5; ls /proc/self/fd | wc -l"),
        10000,
        files,
        COUNT_OF(files),
        &out,
        NULL};

    (void)state;
    assert_ok(child_run_task(&task, &result, &err));
    /* Three of everybody's, these three, and the one by which ls lists them. */
    assert_string_equal(buf_str(&out), "/dev/zero\n/dev/null\n/dev/null\n7\n");
}

static void more_files_than_can_be_given_are_refused(void **state)
{
    const int files[9] = {0};
    const struct child_task task = {SHELL("true"), 10000, files, COUNT_OF(files), NULL, NULL};

    (void)state;
    assert_fails(child_run_task(&task, &result, &err), ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_is_not_there_is_not_found),
        cmocka_unit_test(a_deadline_ends_the_whole_family),
        cmocka_unit_test(a_child_that_closes_its_streams_still_meets_the_deadline),
        cmocka_unit_test(output_over_the_ceiling_is_dropped_and_the_child_goes_on),
        cmocka_unit_test(failures_and_signals_are_told),
        cmocka_unit_test(both_streams_are_collected_apart),
        cmocka_unit_test(the_child_inherits_nothing),
        cmocka_unit_test(the_child_has_no_signal_blocked_or_ignored),
        cmocka_unit_test(no_shell_reads_the_arguments),
        cmocka_unit_test(files_that_are_given_are_three_and_up_in_their_order),
        cmocka_unit_test(more_files_than_can_be_given_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
