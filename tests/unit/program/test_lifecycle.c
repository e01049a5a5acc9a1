#include "tests/unit/unit.h"

#include "lib/program/lifecycle.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void signals_end_the_wait(void **state)
{
    (void)state;
    lifecycle_begin();
    kill(getpid(), SIGTERM);
    assert_int_equal(lifecycle_wait(), SIGTERM);
    kill(getpid(), SIGINT);
    assert_int_equal(lifecycle_wait(), SIGINT);
}

static void a_hangup_renews_where_that_is_wanted_and_ends_elsewhere(void **state)
{
    (void)state;
    lifecycle_begin();
    kill(getpid(), SIGHUP);
    assert_int_equal(lifecycle_wait_or_renew(), SIGHUP);
    kill(getpid(), SIGTERM);
    assert_int_equal(lifecycle_wait_or_renew(), SIGTERM);
    kill(getpid(), SIGHUP);
    assert_int_equal(lifecycle_wait(), SIGHUP);
}

static void *end_it(void *arg)
{
    lifecycle_end();
    return arg;
}

static void another_thread_may_end_the_program(void **state)
{
    pthread_t thread;

    (void)state;
    lifecycle_begin();
    pthread_create(&thread, NULL, end_it, NULL);
    assert_int_equal(lifecycle_wait(), 0);
    pthread_join(thread, NULL);
}

static void service_manager_is_told(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    char text[256] = "";

    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/test-notify-%d", (int)getpid());
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    lifecycle_ready();
    assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
    assert_string_equal(text, "READY=1");
    memset(text, 0, sizeof(text));
    lifecycle_status("%d VMs", 3);
    assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
    assert_string_equal(text, "STATUS=3 VMs");
    unsetenv("NOTIFY_SOCKET");
    lifecycle_ready(); /* nobody to tell: no harm */
    unlink(address.sun_path);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_end_the_wait),
        cmocka_unit_test(a_hangup_renews_where_that_is_wanted_and_ends_elsewhere),
        cmocka_unit_test(another_thread_may_end_the_program),
        cmocka_unit_test(service_manager_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
