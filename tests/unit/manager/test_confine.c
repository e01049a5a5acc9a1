/* Processes that shut the doors behind themselves, and then try them. */
#include "tests/unit/manager/scratch.h"

#include "services/manager-api/link/confine.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* What a try came to. */
enum { REFUSED = 10, DONE = 11, NOT_CONFINED = 12 };

static int tried(long result)
{
    return result >= 0 ? DONE : REFUSED;
}

/* Runs a try in a confined process. */
static int confined(int (*attempt)(const void *ctx), const void *ctx)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(confine("/usr/bin/env") < 0 ? NOT_CONFINED : attempt(ctx));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int try_to_read(const void *path)
{
    return tried(open(path, O_RDONLY));
}

static int try_to_write(const void *path)
{
    return tried(open(path, O_WRONLY | O_CREAT, 0600));
}

static int try_a_socket(const void *ctx)
{
    (void)ctx;
    return tried(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int try_new_namespaces(const void *ctx)
{
    (void)ctx;
    return tried(unshare(CLONE_NEWUSER));
}

static int try_to_mount(const void *ctx)
{
    (void)ctx;
    return tried(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
}

static int try_to_signal(const void *pid)
{
    return tried(kill(*(const pid_t *)pid, 0));
}

static int try_to_lift_a_bound(const void *ctx)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

    (void)ctx;
    return tried(setrlimit(RLIMIT_FSIZE, &none));
}

static void a_program_that_is_not_there_confines_nobody(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(confine("/no/such/program") < 0 ? REFUSED : DONE);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), REFUSED);
}

static void what_programs_need_to_run_is_there(void **state)
{
    (void)state;
    assert_int_equal(confined(try_to_read, "/usr/bin/env"), DONE);
    assert_int_equal(confined(try_to_read, "/dev/null"), DONE);
    assert_int_equal(confined(try_to_read, "/dev/urandom"), DONE);
}

static void other_doors_are_shut(void **state)
{
    SCRATCH dir = scratch_new();
    const pid_t parent = getpid();
    const struct {
        int (*attempt)(const void *ctx);
        const void *ctx;
    } rows[] = {
        {try_to_write, in(&dir, "new")}, {try_to_write, "/usr/new"}, {try_a_socket, NULL},
        {try_new_namespaces, NULL},      {try_to_mount, NULL},       {try_to_signal, &parent},
        {try_to_lift_a_bound, NULL},
    };

    (void)state;
    assert_int_equal(chmod(dir.path, 0777), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (confined(rows[i].attempt, rows[i].ctx) != REFUSED)
            fail_msg("row %zu", i);
}

static void files_of_this_host_cannot_be_read_even_when_anybody_may(void **state)
{
    (void)state;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) <= 0) {
        print_message("SKIP: this kernel has no Landlock\n");
        skip();
    }

    SCRATCH dir = scratch_new();
    put(&dir, "public", "x");
    assert_int_equal(chmod(dir.path, 0755), 0);
    assert_int_equal(confined(try_to_read, in(&dir, "public")), REFUSED);
    assert_int_equal(confined(try_to_read, "/etc/passwd"), REFUSED);
    assert_int_equal(confined(try_to_read, "/"), REFUSED);
}

/* Landlock knows nothing of files without a name, so this is about who one is. */
static void root_is_not_root_any_more(void **state)
{
    char path[64];

    (void)state;
    if (geteuid() != 0) {
        print_message("SKIP: we are not root\n");
        skip();
    }

    OWNED(close_fd) int fd = memfd_create("of root", 0);
    assert_true(fd >= 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    assert_int_equal(confined(try_to_read, path), DONE);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(confined(try_to_read, path), REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_is_not_there_confines_nobody),
        cmocka_unit_test(what_programs_need_to_run_is_there),
        cmocka_unit_test(other_doors_are_shut),
        cmocka_unit_test(files_of_this_host_cannot_be_read_even_when_anybody_may),
        cmocka_unit_test(root_is_not_root_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
