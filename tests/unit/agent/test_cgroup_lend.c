#include "tests/unit/unit.h"

#include "services/agent-api/runner/cgroup.h"
#include "services/agent-api/runner/power.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOMEBODY 1998765432U

/* What the owner does in a group that was lent to him, as somebody who may nothing. */
static int use(int go, int done)
{
    OWNED_OF(cgroup_host) *host = NULL;
    struct cgroup group;
    struct err err;
    char byte;

    if (read(go, &byte, 1) != 1 || power_become(SOMEBODY, &err) < 0 ||
        power_keep(POWER_NONE, &err) < 0)
        return 2;
    host = cgroup_host_new();
    if (cgroup_host_version(host) == CGROUP_NONE)
        return 3;
    if (cgroup_new(host, "cocos-below", 64 * MIB, 16, &group, &err) < 0)
        return 4;
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++)
        if (group.dirs[i] != NULL && cgroup_add(group.dirs[i], 0, &err) < 0)
            return 5;
    (void)!write(done, "", 1);
    pause();
    return 0;
}

static bool any_is_there(char *const dirs[CGROUP_DIRS_MAX])
{
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++)
        if (dirs[i] != NULL && access(dirs[i], F_OK) == 0)
            return true;
    return false;
}

static void the_owner_makes_groups_in_what_was_lent(void **state)
{
    OWNED_OF(cgroup_host) *host = cgroup_host_new();
    OWNED(free_str) char *name = mem_printf("cocos-lend-%d", (int)getpid());
    char *dirs[CGROUP_DIRS_MAX] = {NULL};
    int go[2], done[2], status = 0;
    struct cgroup group;
    char byte;
    pid_t pid;

    (void)state;
    if (geteuid() != 0 || cgroup_host_version(host) == CGROUP_NONE) {
        print_message("SKIP: no control groups to lend\n");
        skip();
    }
    assert_int_equal(pipe(go) + pipe(done), 0);
    pid = fork();
    if (pid == 0) {
        close(done[0]);
        _exit(use(go[0], done[1]));
    }
    close(done[1]);
    cgroup_lend(host, name, pid, SOMEBODY, &group);
    assert_int_equal(group.version, cgroup_host_version(host));
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++)
        dirs[i] = group.dirs[i] != NULL ? mem_strdup(group.dirs[i]) : NULL;
    assert_int_equal(write(go[1], "", 1), 1);
    if (read(done[0], &byte, 1) != 1) {
        waitpid(pid, &status, 0);
        cgroup_take_back(&group);
        fail_msg("the owner ended with %d", WEXITSTATUS(status));
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    cgroup_take_back(&group);
    assert_false(any_is_there(dirs));
    for (size_t i = 0; i < CGROUP_DIRS_MAX; i++)
        free_str(&dirs[i]);
}

static void what_cannot_be_lent_is_not(void **state)
{
    OWNED_OF(cgroup_host) *host = cgroup_host_new();
    struct cgroup group;

    (void)state;
    cgroup_lend(host, "no/such/place", getpid(), SOMEBODY, &group);
    assert_null(group.dirs[0]);
    assert_int_equal(group.version, CGROUP_NONE);
    cgroup_take_back(&group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owner_makes_groups_in_what_was_lent),
        cmocka_unit_test(what_cannot_be_lent_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
