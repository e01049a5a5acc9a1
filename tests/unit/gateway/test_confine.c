#include "tests/unit/unit.h"

#include "services/grpc-gateway/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each of these must fail for want of permission. */
static int refused(void)
{
    static char *const argv[] = {(char *)"/bin/true", NULL};
    int wrong = 0;

    execv(argv[0], argv);
    wrong += errno != EPERM;
    wrong += fork() >= 0 || errno != EPERM;
    wrong += unshare(CLONE_NEWUSER) == 0 || errno != EPERM;
    wrong += open("/tmp/cocos-gateway-confined", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EPERM;
    wrong += socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != EPERM;
    wrong +=
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ||
        errno != EPERM;
    wrong += ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 || errno != EPERM;
    return wrong;
}

static void *do_nothing(void *arg)
{
    return arg;
}

/* What it lives by. */
static int granted(void)
{
    pthread_t thread;
    int pair[2], wrong = 0, spool = memfd_create("spool", MFD_CLOEXEC);
    char byte = 'x';

    wrong +=
        pthread_create(&thread, NULL, do_nothing, NULL) != 0 || pthread_join(thread, NULL) != 0;
    wrong += spool < 0 || write(spool, &byte, 1) != 1 || pread(spool, &byte, 1, 0) != 1;
    wrong += socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0;
    wrong += socket(AF_INET, SOCK_STREAM, 0) < 0;
    wrong += open("/etc/hosts", O_RDONLY) < 0;
    wrong += mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
             MAP_FAILED;
    return wrong;
}

static int child_says(int (*what)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct err err;

        _exit(confine_self(&err) < 0 ? 100 : what());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_confined_gateway_starts_nothing_and_writes_nowhere(void **state)
{
    (void)state;
    assert_int_equal(child_says(refused), 0);
}

static void a_confined_gateway_has_what_it_lives_by(void **state)
{
    (void)state;
    assert_int_equal(child_says(granted), 0);
}

/* Threads that were there before are bound as well. */
static void *await_and_fork(void *arg)
{
    char byte;

    (void)!read(*(int *)arg, &byte, 1);
    return (void *)(intptr_t)(fork() >= 0);
}

static int older_thread(void)
{
    static int ends[2];
    pthread_t thread;
    void *forked;
    struct err err;

    if (pipe(ends) < 0 || pthread_create(&thread, NULL, await_and_fork, &ends[0]) != 0 ||
        confine_self(&err) < 0 || write(ends[1], "x", 1) != 1)
        return 1;
    pthread_join(thread, &forked);
    return forked == NULL ? 0 : 2;
}

static void threads_of_before_are_confined_too(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(older_thread());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_confined_gateway_starts_nothing_and_writes_nowhere),
        cmocka_unit_test(a_confined_gateway_has_what_it_lives_by),
        cmocka_unit_test(threads_of_before_are_confined_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
