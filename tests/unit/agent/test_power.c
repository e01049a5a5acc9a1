#include "tests/unit/unit.h"

#include "services/agent-api/runner/power.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOMEBODY 1998765432U

/* What a child has to say, which ends then: its status as the kernel knows it, or why not. */
static void in_a_child(int (*job)(struct err *err), struct buf *out)
{
    int pair[2], status;
    struct err err;
    pid_t pid;

    assert_int_equal(pipe(pair), 0);
    pid = fork();
    if (pid == 0) {
        if (job(&err) < 0) {
            dprintf(pair[1], "%s\n", err.text);
            _exit(0);
        }
        dup2(pair[1], 1);
        execl("/bin/cat", "cat", "/proc/self/status", NULL);
        _exit(1);
    }
    close(pair[1]);
    assert_ok(file_read_fd(pair[0], out, &err));
    close(pair[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void expect_line(const struct buf *status, const char *line)
{
    if (strstr((const char *)status->data, line) == NULL)
        fail_msg("no '%s' in:\n%s", line, (const char *)status->data);
}

static int keep_nothing(struct err *err)
{
    return power_keep(POWER_NONE, err);
}

static int become_and_keep_nothing(struct err *err)
{
    return power_become(SOMEBODY, err) < 0 ? -1 : power_keep(POWER_NONE, err);
}

static int become_and_keep_users(struct err *err)
{
    return power_become(SOMEBODY, err) < 0 ? -1 : power_keep(POWER_USERS, err);
}

static void who_keeps_nothing_gains_nothing(void **state)
{
    OWNED_BUF status = BUF_OF(64 * KIB);

    (void)state;
    if (geteuid() != 0)
        skip();
    in_a_child(keep_nothing, &status);
    expect_line(&status, "CapEff:\t0000000000000000\n");
    expect_line(&status, "CapPrm:\t0000000000000000\n");
    expect_line(&status, "CapBnd:\t0000000000000000\n");
    expect_line(&status, "CapAmb:\t0000000000000000\n");
    expect_line(&status, "NoNewPrivs:\t1\n");
}

static void root_becomes_somebody_without_any_power(void **state)
{
    OWNED_BUF status = BUF_OF(64 * KIB);

    (void)state;
    if (geteuid() != 0)
        skip();
    in_a_child(become_and_keep_nothing, &status);
    expect_line(&status, "Uid:\t1998765432\t1998765432\t1998765432\t1998765432\n");
    expect_line(&status, "Gid:\t1998765432\t1998765432\t1998765432\t1998765432\n");
    expect_line(&status, "Groups:\t \n");
    expect_line(&status, "CapPrm:\t0000000000000000\n");
    expect_line(&status, "CapBnd:\t0000000000000000\n");
}

static void what_is_kept_stays_across_user_and_program(void **state)
{
    OWNED_BUF status = BUF_OF(64 * KIB);

    (void)state;
    if (geteuid() != 0)
        skip();
    in_a_child(become_and_keep_users, &status);
    expect_line(&status, "Uid:\t1998765432\t");
    expect_line(&status, "CapPrm:\t00000000000000c0\n");
    expect_line(&status, "CapEff:\t00000000000000c0\n");
    expect_line(&status, "CapBnd:\t00000000000000c0\n");
    expect_line(&status, "NoNewPrivs:\t1\n");
}

static void an_ordinary_user_becomes_nobody_else(void **state)
{
    OWNED_BUF said = BUF_OF(64 * KIB);

    (void)state;
    in_a_child(geteuid() == 0 ? become_and_keep_nothing : become_and_keep_users, &said);
    if (geteuid() != 0)
        expect_line(&said, "become user 1998765432: Operation not permitted");
}

static void what_is_not_there_cannot_be_written(void **state)
{
    const struct power_user user = {1, 1};
    struct err err;

    (void)state;
    assert_fails(power_write_proc(getpid(), "no-such-file", "1", &err), ERR_SYSTEM);
    assert_fails(power_map(0, &user, 1, &err), ERR_SYSTEM);
    assert_fails(power_map(getpid(), &user, 1, &err), ERR_SYSTEM); /* it has a mapping */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_keeps_nothing_gains_nothing),
        cmocka_unit_test(root_becomes_somebody_without_any_power),
        cmocka_unit_test(what_is_kept_stays_across_user_and_program),
        cmocka_unit_test(an_ordinary_user_becomes_nobody_else),
        cmocka_unit_test(what_is_not_there_cannot_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
