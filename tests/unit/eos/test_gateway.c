#include "tests/unit/unit.h"

#include "eos/init/gateway.h"

#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOLD 7

/* What a watched directory says of a new file. */
static void write_created(int fd, const char *name)
{
    char bytes[sizeof(struct inotify_event) + 16] = {0};
    struct inotify_event event = {.mask = IN_CREATE, .len = 16};

    memcpy(bytes, &event, sizeof(event));
    strncpy(bytes + sizeof(event), name, 15);
    assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
}

/* Ends with TOLD at SIGHUP. */
static pid_t start_listener(void)
{
    sigset_t set;
    pid_t pid;
    int number;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid = fork();
    if (pid == 0) {
        alarm(20);
        sigwait(&set, &number);
        _exit(TOLD);
    }
    return pid;
}

static void one_that_runs_is_told_of_a_new_door_and_goes_on(void **state)
{
    struct gateway gateway = {0};
    int pipes[2], status;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    gateway.watch_fd = pipes[0];
    write_created(pipes[1], "gateway.key");
    gateway_look(&gateway, 40);
    assert_int_equal(gateway.wake_ms, 0); /* the socket comes last */
    write_created(pipes[1], "agent.sock");
    gateway_look(&gateway, 50);
    assert_int_equal(gateway.wake_ms, 50); /* none ran */
    pid = gateway.pid = start_listener();
    write_created(pipes[1], "agent.sock");
    gateway_look(&gateway, 60);
    assert_int_equal(gateway.pid, pid);
    assert_int_equal(gateway.wake_ms, 50);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == TOLD);
    close(pipes[0]);
    close(pipes[1]);
}

static void the_wait_doubles_and_has_an_end(void **state)
{
    (void)state;
    assert_int_equal(gateway_retry_delay_ms(1), 500);
    assert_int_equal(gateway_retry_delay_ms(2), 1000);
    assert_int_equal(gateway_retry_delay_ms(6), GATEWAY_RETRY_MAX_MS);
    assert_int_equal(gateway_retry_delay_ms(4000000000U), GATEWAY_RETRY_MAX_MS);
}

static void one_that_ends_is_started_again_for_ever(void **state)
{
    struct gateway gateway = {.pid = 7, .started_ms = 1000};

    (void)state;
    for (unsigned i = 1; i < 100; i++) {
        gateway_ended(&gateway, 2000);
        assert_int_equal(gateway.pid, 0);
        assert_int_equal(gateway.wake_ms, 2000 + gateway_retry_delay_ms(i));
    }
    gateway_ended(&gateway, 1000 + GATEWAY_STEADY_MS);
    assert_int_equal(gateway.crashes, 1);
}

static void without_a_door_none_is_started(void **state)
{
    struct gateway gateway = {.watch_fd = -1, .wake_ms = 5, .crashes = 3};

    (void)state;
    gateway_start(&gateway, false, 10);
    assert_int_equal(gateway.pid, 0);
    assert_int_equal(gateway.wake_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_runs_is_told_of_a_new_door_and_goes_on),
        cmocka_unit_test(the_wait_doubles_and_has_an_end),
        cmocka_unit_test(one_that_ends_is_started_again_for_ever),
        cmocka_unit_test(without_a_door_none_is_started),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
