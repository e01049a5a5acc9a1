#include "tests/unit/unit.h"

#include "services/agent-api/runner/confine.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_MS 60000

/* A directory with an algorithm, one dataset, and a place for the root. */
struct place {
    char dir[64];
    char algorithm[96], datasets[96], root[96];
};

static void write_file(const char *path, const char *text, mode_t mode)
{
    struct err err;

    assert_ok(file_create(path, span_of_str(text), mode, &err));
    assert_int_equal(chmod(path, mode), 0);
}

static struct place make_place(const char *algorithm)
{
    struct place place = {.dir = "/tmp/cocos-confine-XXXXXX"};
    char path[128];

    assert_non_null(mkdtemp(place.dir));
    snprintf(place.algorithm, sizeof(place.algorithm), "%s/algorithm", place.dir);
    snprintf(place.datasets, sizeof(place.datasets), "%s/datasets", place.dir);
    snprintf(place.root, sizeof(place.root), "%s/root", place.dir);
    write_file(place.algorithm, algorithm, 0555);
    assert_int_equal(mkdir(place.datasets, 0755), 0);
    assert_int_equal(mkdir(place.root, 0700), 0);
    snprintf(path, sizeof(path), "%s/numbers", place.datasets);
    write_file(path, "1 2 3\n", 0444);
    return place;
}

static void remove_place(const struct place *place)
{
    struct err err;

    assert_ok(file_remove_tree(place->dir, &err));
}

/* What a run said, how it ended, and its results directory. */
struct outcome {
    struct confine_report report;
    char output[8192];
    int results;
};

static void collect(struct confine *confine, int output, struct outcome *ret)
{
    OWNED_BUF text = BUF_OF(sizeof(ret->output) - 1);
    struct err err;
    int results;

    do {
        struct pollfd news = {.fd = confine_fd(confine), .events = POLLIN};

        assert_int_equal(poll(&news, 1, WAIT_MS), 1);
        confine_receive(confine, &ret->report, &results);
        if (results >= 0)
            ret->results = results;
    } while (ret->report.news == CONFINE_STARTED);
    confine_end(confine);
    assert_ok(file_read_fd(output, &text, &err));
    snprintf(ret->output, sizeof(ret->output), "%s", buf_str(&text));
}

static struct confine *start(const struct place *place, const char *program, int *ret_output)
{
    const char *argv[] = {program, "/work/algorithm", "an argument"};
    struct confine_spec spec = {
        .root = (char *)place->root,
        .algorithm = (char *)place->algorithm,
        .datasets = (char *)place->datasets,
        .argv = {(char **)argv, COUNT_OF(argv)},
        .results_bytes = 4 * MIB,
        .scratch_bytes = 1 * MIB,
        .processes = 32,
        .host_uid = 1998765432,
    };
    struct confine *confine = NULL;
    int pair[2];
    struct err err;

    if (strcmp(program, "/work/algorithm") == 0) {
        argv[1] = argv[2];
        spec.argv.count = 2;
    }
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    assert_ok(confine_start(&spec, pair[1], &confine, &err));
    close(pair[1]);
    *ret_output = pair[0];
    return confine;
}

/* Runs a Python program to its end. */
static struct outcome run_python(const char *text)
{
    struct place place = make_place(text);
    struct outcome outcome = {.results = -1};
    int output;
    struct confine *confine = start(&place, "/usr/bin/python3", &output);

    collect(confine, output, &outcome);
    close(output);
    remove_place(&place);
    return outcome;
}

/* Runs a program that prints "refused" when all it tries is refused. */
static void expect_refused(const char *text)
{
    struct outcome outcome = run_python(text);

    if (strcmp(outcome.output, "refused\n") != 0 || outcome.report.exit_code != 0)
        fail_msg("exit %d, signal %d, '%s', '%s'", outcome.report.exit_code, outcome.report.signal,
                 outcome.report.text, outcome.output);
    close(outcome.results);
}

/* Python: fails loudly unless every statement raises OSError. */
#define EXPECT_OSERROR(statements)                                                                 \
    "import os, sys, ctypes, socket, signal\n"                                                     \
    "libc = ctypes.CDLL(None, use_errno=True)\n"                                                   \
    "def call(f, *a):\n"                                                                           \
    "    if f(*a) == -1: raise OSError(ctypes.get_errno(), 'x')\n"                                 \
    "def names():\n"                                                                               \
    "    return [" statements "]\n"                                                                \
    "for t in names():\n"                                                                          \
    "    try: r = t()\n"                                                                           \
    "    except OSError: continue\n"                                                               \
    "    import inspect\n"                                                                         \
    "    print('possible:', t.__code__.co_names, t.__code__.co_consts, r); sys.exit(1)\n"          \
    "print('refused')\n"

static void an_algorithm_reads_data_and_writes_results(void **state)
{
    struct outcome outcome =
        run_python("import sys, os\n"
                   "total = sum(int(x) for x in open('datasets/numbers').read().split())\n"
                   "open('results/total', 'w').write(str(total))\n"
                   "print(sys.argv[1], os.getcwd(), os.getuid(), sorted(os.listdir('/work')))\n");
    OWNED_BUF text = BUF_OF(100);
    struct err err;

    (void)state;
    assert_string_equal(outcome.report.text, "");
    assert_string_equal(outcome.output,
                        "an argument /work 1000 ['algorithm', 'datasets', 'results']\n");
    assert_int_equal(outcome.report.news, CONFINE_ENDED);
    assert_int_equal(outcome.report.exit_code, 0);
    assert_ok(file_read_at(outcome.results, "total", &text, &err));
    assert_string_equal(buf_str(&text), "6");
    close(outcome.results);
}

static void exit_code_and_signal_are_told(void **state)
{
    struct outcome outcome = run_python("raise SystemExit(7)");

    (void)state;
    assert_int_equal(outcome.report.exit_code, 7);
    close(outcome.results);
    outcome = run_python("import os\nos.abort()");
    assert_int_equal(outcome.report.exit_code, -1);
    assert_int_equal(outcome.report.signal, 6);
    close(outcome.results);
}

static void what_cannot_be_started_is_said(void **state)
{
    struct place place = make_place("no program");
    struct outcome outcome = {.results = -1};
    int output;

    (void)state;
    collect(start(&place, "/work/algorithm", &output), output, &outcome);
    assert_int_equal(outcome.report.news, CONFINE_BROKEN);
    assert_string_equal(outcome.report.text, "start '/work/algorithm': Exec format error");
    close(output);
    close(outcome.results);
    remove_place(&place);
}

static void other_processes_cannot_be_seen_or_touched(void **state)
{
    (void)state;
    expect_refused(EXPECT_OSERROR("lambda: open('/proc/1/mem', 'rb'),"
                                  "lambda: open('/proc/1/environ', 'rb'),"
                                  "lambda: os.listdir('/proc/1/fd'),"
                                  "lambda: os.readlink('/proc/1/exe'),"
                                  "lambda: os.readlink('/proc/1/root'),"
                                  "lambda: os.kill(3, 0),"
                                  "lambda: open('/proc/sys/kernel/hostname'),"
                                  "lambda: open('/proc/kcore', 'rb'),"
                                  "lambda: open('/proc/cmdline'),"
                                  "lambda: call(libc.ptrace, 16, 1, 0, 0),"
                                  "lambda: call(libc.process_vm_readv, 1, 0, 0, 0, 0, 0),"));
}

static void the_file_system_cannot_be_left_or_changed(void **state)
{
    (void)state;
    expect_refused(
        EXPECT_OSERROR("lambda: open('/x', 'w'),"
                       "lambda: open('/etc/passwd', 'w'),"
                       "lambda: open('/usr/x', 'w'),"
                       "lambda: open('/work/x', 'w'),"
                       "lambda: open('/work/algorithm', 'w'),"
                       "lambda: open('/work/datasets/x', 'w'),"
                       "lambda: open('/work/datasets/numbers', 'a'),"
                       "lambda: os.unlink('/work/datasets/numbers'),"
                       "lambda: os.chmod('/work/datasets/numbers', 0o777),"
                       "lambda: os.listdir('/root'), lambda: os.listdir('/home'),"
                       "lambda: os.listdir('/sys'), lambda: os.listdir('/run'),"
                       "lambda: os.listdir('/sys/fs/cgroup'), lambda: open('/etc/shadow'),"
                       "lambda: os.mknod('/tmp/sda', 0o660 | 0o060000, os.makedev(8, 0)),"
                       "lambda: os.chroot('/tmp'),"
                       "lambda: call(libc.mount, b'none', b'/tmp', b'tmpfs', 0, 0),"
                       "lambda: call(libc.umount2, b'/work/datasets', 2),"
                       "lambda: call(libc.mount, 0, b'/work/datasets', 0, 32, 0),"
                       "lambda: call(libc.syscall, 155, b'.', b'.'),"));
}

static void there_is_no_network(void **state)
{
    (void)state;
    expect_refused(EXPECT_OSERROR("lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),"
                                  "lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),"
                                  "lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),"
                                  "lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),"
                                  "lambda: socket.socket(40, socket.SOCK_STREAM),"
                                  "lambda: socket.create_connection(('127.0.0.1', 7002)),"));
}

static void power_cannot_be_won(void **state)
{
    (void)state;
    expect_refused(EXPECT_OSERROR("lambda: os.setuid(0), lambda: os.setgid(0),"
                                  "lambda: call(libc.unshare, 0x10000000),"
                                  "lambda: call(libc.unshare, 0x00020000),"
                                  "lambda: call(libc.setns, 0, 0),"
                                  "lambda: call(libc.syscall, 321, 0, 0, 0)," /* bpf */
                                  "lambda: call(libc.syscall, 298, 0, 0, 0)," /* perf_event_open */
                                  "lambda: call(libc.syscall, 425, 1, 0),"    /* io_uring_setup */
                                  "lambda: call(libc.syscall, 323, 0),"       /* userfaultfd */
                                  "lambda: call(libc.syscall, 250, 0, 0, 0)," /* keyctl */
                                  "lambda: call(libc.syscall, 435, 0, 0),"    /* clone3 */
                                  "lambda: call(libc.syscall, 56, 0x10000011, 0, 0, 0, 0),"
                                  "lambda: call(libc.syscall, 169, 0, 0, 0)," /* reboot */
                                  "lambda: call(libc.sethostname, b'x', 1),"
                                  "lambda: call(libc.syscall, 304, 0, 0, 0),")); /* by handle */
}

static void nothing_is_inherited(void **state)
{
    struct outcome outcome = run_python(
        "import os, resource\n"
        "print(sorted(int(f) for f in os.listdir('/proc/self/fd'))[:4], 'HOME' in os.environ,\n"
        "      [k for k in os.environ if 'COCOS' in k], resource.getrlimit(resource.RLIMIT_CORE))\n"
        "s = open('/proc/self/status').read()\n"
        "print([l.split()[1] for l in s.splitlines() if l[:3] in ('Cap', 'NoN', 'Sec')])\n");

    (void)state;
    assert_string_equal(outcome.output,
                        "[0, 1, 2, 3] True [] (0, 0)\n"
                        "['0000000000000000', '0000000000000000', '0000000000000000', "
                        "'0000000000000000', '0000000000000000', '1', '2', '1']\n");
    close(outcome.results);
}

static void a_full_disk_is_an_error_inside_only(void **state)
{
    struct outcome outcome = run_python("f = open('results/big', 'wb', 0)\n"
                                        "try:\n"
                                        "    for i in range(100): f.write(bytes(1 << 20))\n"
                                        "except OSError as e: print(e.strerror)\n");

    (void)state;
    assert_true(strcmp(outcome.output, "No space left on device\n") == 0 ||
                strcmp(outcome.output, "File too large\n") == 0);
    close(outcome.results);
}

static void processes_are_bounded(void **state)
{
    struct outcome outcome = run_python("import os, time\n"
                                        "n = 0\n"
                                        "try:\n"
                                        "    while n < 1000:\n"
                                        "        if os.fork() == 0: time.sleep(60)\n"
                                        "        n += 1\n"
                                        "except OSError: print(n < 40)\n");

    (void)state;
    assert_string_equal(outcome.output, "True\n");
    close(outcome.results);
}

/* The end of the run ends what it started, and so does confine_end(), whatever signals are ignored.
 */
static void nothing_survives(void **state)
{
    struct place place = make_place("import os, signal, time\n"
                                    "for s in range(1, 32):\n"
                                    "    try: signal.signal(s, signal.SIG_IGN)\n"
                                    "    except (OSError, ValueError): pass\n"
                                    "for i in range(3):\n"
                                    "    if os.fork() == 0: os.setsid(); time.sleep(600)\n"
                                    "print('up', flush=True)\n"
                                    "time.sleep(600)\n");
    struct confine_report report;
    char text[8] = "";
    int output, results;
    struct confine *confine = start(&place, "/usr/bin/python3", &output);

    (void)state;
    confine_receive(confine, &report, &results);
    assert_int_equal(report.news, CONFINE_STARTED);
    assert_int_equal(read(output, text, 3), 3);
    confine_end(confine);
    assert_int_equal(read(output, text, 1), 0); /* the last writer is gone */
    close(output);
    close(results);
    remove_place(&place);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_algorithm_reads_data_and_writes_results),
        cmocka_unit_test(exit_code_and_signal_are_told),
        cmocka_unit_test(what_cannot_be_started_is_said),
        cmocka_unit_test(other_processes_cannot_be_seen_or_touched),
        cmocka_unit_test(the_file_system_cannot_be_left_or_changed),
        cmocka_unit_test(there_is_no_network),
        cmocka_unit_test(power_cannot_be_won),
        cmocka_unit_test(nothing_is_inherited),
        cmocka_unit_test(a_full_disk_is_an_error_inside_only),
        cmocka_unit_test(processes_are_bounded),
        cmocka_unit_test(nothing_survives),
    };

    if (confine_is_launcher(argc, argv))
        return confine_launch();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
