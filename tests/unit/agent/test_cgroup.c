#include "tests/unit/unit.h"

#include "services/agent-api/runner/cgroup.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where this machine has none, everything must still work, and do nothing. */
static struct cgroup make(const struct cgroup_host *host, uint64_t memory, unsigned processes)
{
    OWNED(free_str) char *name = mem_printf("cocos-test-%d", (int)getpid());
    struct cgroup group;
    struct err err;

    assert_ok(cgroup_new(host, name, memory, processes, &group, &err));
    assert_int_equal(group.version, cgroup_host_version(host));
    return group;
}

static bool is_there(const struct cgroup *group)
{
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++)
        if (group->dirs[i] != NULL && access(group->dirs[i], F_OK) < 0)
            return false;
    return true;
}

/* Runs job in the group and waits for it; returns its wait status. */
static int run_in(const struct cgroup *group, void (*job)(void))
{
    int status, go[2];
    char byte;
    struct err err;
    pid_t pid;

    assert_int_equal(pipe(go), 0);
    pid = fork();
    if (pid == 0) {
        if (read(go[0], &byte, 1) == 1)
            job();
        _exit(0);
    }
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++)
        if (group->dirs[i] != NULL)
            assert_ok(cgroup_add(group->dirs[i], pid, &err));
    assert_int_equal(write(go[1], "", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(go[0]);
    close(go[1]);
    return status;
}

static void take_memory(void)
{
    volatile char *bytes = mem_zeroed(256, MIB);

    for (size_t at = 0; at < 256 * MIB; at += 4096)
        bytes[at] = 1;
}

static void fork_twenty(void)
{
    pid_t children[20];
    int count = 0;

    while (count < 20 && (children[count] = fork()) > 0)
        count++;
    if (count < 20 && children[count] == 0)
        for (;;)
            pause();
    for (int i = 0; i < count; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
}

static void do_nothing(void)
{
}

static bool has_none(const struct cgroup_host *host)
{
    if (cgroup_host_version(host) != CGROUP_NONE)
        return false;
    printf("SKIP: no control groups here\n");
    return true;
}

static void a_group_is_made_and_removed(void **state)
{
    OWNED_OF(cgroup_host) *host = cgroup_host_new();
    struct cgroup group = make(host, 64 * MIB, 8);
    struct cgroup copy = group;

    (void)state;
    assert_true(is_there(&group));
    assert_int_equal(run_in(&group, do_nothing), 0);
    assert_false(cgroup_met_memory(&group));
    assert_false(cgroup_met_processes(&group));
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++)
        copy.dirs[i] = mem_strdup(group.dirs[i]);
    cgroup_done(&group);
    if (copy.dirs[0] != NULL)
        assert_false(is_there(&copy));
    cgroup_done(&copy); /* what is gone already is fine */
}

static void memory_that_is_not_there_is_told(void **state)
{
    OWNED_OF(cgroup_host) *host = cgroup_host_new();
    struct cgroup group;

    (void)state;
    if (has_none(host))
        return;
    group = make(host, 64 * MIB, 8);
    assert_true(WIFSIGNALED(run_in(&group, take_memory)));
    assert_true(cgroup_met_memory(&group));
    assert_false(cgroup_met_processes(&group));
    cgroup_done(&group);
}

static void too_many_processes_are_told(void **state)
{
    OWNED_OF(cgroup_host) *host = cgroup_host_new();
    struct cgroup group;

    (void)state;
    if (has_none(host))
        return;
    group = make(host, 64 * MIB, 8);
    run_in(&group, fork_twenty);
    assert_true(cgroup_met_processes(&group));
    assert_false(cgroup_met_memory(&group));
    cgroup_done(&group);
}

static void a_group_that_is_there_is_not_taken_over(void **state)
{
    OWNED_OF(cgroup_host) *host = cgroup_host_new();
    struct cgroup group, second;
    OWNED(free_str) char *name = mem_printf("cocos-test-%d", (int)getpid());
    struct err err;

    (void)state;
    if (has_none(host))
        return;
    group = make(host, 64 * MIB, 8);
    assert_fails(cgroup_new(host, name, 64 * MIB, 8, &second, &err), ERR_SYSTEM);
    assert_true(is_there(&group));
    cgroup_done(&group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_is_made_and_removed),
        cmocka_unit_test(memory_that_is_not_there_is_told),
        cmocka_unit_test(too_many_processes_are_told),
        cmocka_unit_test(a_group_that_is_there_is_not_taken_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
