#include "tests/unit/manager/scratch.h"

#include "services/manager-api/link/held.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static int open_dir(const struct scratch *dir)
{
    int fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

/* A file of so many bytes that is open and has no name any more. */
static int hold(const struct scratch *dir, const char *name, off_t bytes)
{
    int fd = open(in(dir, name), O_CREAT | O_RDWR | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, bytes), 0);
    assert_int_equal(unlink(in(dir, name)), 0);
    return fd;
}

static struct held count(pid_t pid, const struct scratch *dir)
{
    OWNED(close_fd) int fd = open_dir(dir);
    struct held held = {.files = 99};
    struct err err;

    assert_ok(held_count(pid, fd, &held, &err));
    return held;
}

static void what_was_removed_and_is_open_is_found(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED(close_fd) int first = hold(&dir, "a", 1000000);
    OWNED(close_fd) int again = dup(first);
    OWNED(close_fd) int second = hold(&dir, "b (deleted)", 5000);
    OWNED(close_fd) int named = open(in(&dir, "c"), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    struct held held = count(getpid(), &dir);

    (void)state;
    assert_int_equal(ftruncate(named, 7000), 0);
    assert_int_equal(held.files, 2);
    assert_int_equal(held.bytes, 1005000);
}

/* Also one that lies beside the share, or in another of a name that begins alike. */
static void what_lies_elsewhere_is_not_counted(void **state)
{
    SCRATCH dir = scratch_new();
    SCRATCH other = scratch_new();
    struct scratch below = {""};

    (void)state;
    assert_int_equal(mkdir(in(&dir, "out"), 0700), 0);
    assert_int_equal(mkdir(in(&dir, "outer"), 0700), 0);
    set_text(below.path, in(&dir, "out"));

    OWNED(close_fd) int beside = hold(&dir, "a", 100);
    OWNED(close_fd) int alike = hold(&dir, "outer/a", 100);
    OWNED(close_fd) int far = hold(&other, "a", 100);

    assert_int_equal(count(getpid(), &below).files, 0);
}

static void many_are_counted_up_to_the_ceiling(void **state)
{
    SCRATCH dir = scratch_new();
    int fds[HELD_FILES_MAX + 20];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = hold(&dir, "a", 1);
    assert_int_equal(count(getpid(), &dir).files, HELD_FILES_MAX + 1);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
}

static void another_process_is_looked_at_as_well(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED(close_fd) int fd = hold(&dir, "a", 4096);
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        pause();
        _exit(0);
    }
    close(fd);
    fd = -1;
    assert_int_equal(count(child, &dir).bytes, 4096);
    assert_int_equal(count(getpid(), &dir).files, 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void a_process_that_is_gone_is_not_found(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED(close_fd) int fd = open_dir(&dir);
    struct held held;
    struct err err;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    assert_fails(held_count(child, fd, &held, &err), ERR_NOT_FOUND);
    assert_fails(held_count(getpid(), -1, &held, &err), ERR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_removed_and_is_open_is_found),
        cmocka_unit_test(what_lies_elsewhere_is_not_counted),
        cmocka_unit_test(many_are_counted_up_to_the_ceiling),
        cmocka_unit_test(another_process_is_looked_at_as_well),
        cmocka_unit_test(a_process_that_is_gone_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
