#include "tests/unit/unit.h"

#include "services/agent-api/keeper/ward.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A directory that everybody may go through, and the wards in it. */
struct world {
    char dir[64], state[96];
    struct wards *wards;
};

static void world_make(struct world *w)
{
    struct err err;

    *w = (struct world){.dir = "/tmp/cocos-ward-XXXXXX"};
    assert_non_null(mkdtemp(w->dir));
    assert_int_equal(chmod(w->dir, 0755), 0);
    snprintf(w->state, sizeof(w->state), "%s/state", w->dir);
    assert_ok(wards_open(w->state, &w->wards, &err));
}

static void world_done(struct world *w)
{
    struct err err;

    wards_free(w->wards);
    assert_ok(file_remove_tree(w->dir, &err));
}
#define OWNED_WORLD __attribute__((cleanup(world_done))) struct world

static bool is_there(const struct world *w, const char *name)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", w->state, name);

    return access(path, F_OK) == 0;
}

/* A shell in the ward, whose output is read to its end: that of all who have it open. */
static pid_t start(struct ward *ward, const char *script, int *ret_output)
{
    int pair[2];
    struct err err;
    pid_t pid;

    assert_int_equal(pipe(pair), 0);
    assert_ok(ward_fork(ward, &pid, &err));
    if (pid == 0) {
        dup2(pair[1], 1);
        execl("/bin/sh", "sh", "-c", script, NULL);
        _exit(127);
    }
    close(pair[1]);
    *ret_output = pair[0];
    return pid;
}

static void read_all(int output, struct buf *ret)
{
    struct err err;

    alarm(20);
    assert_ok(file_read_fd(output, ret, &err));
    alarm(0);
    close(output);
}

static void a_directory_has_one_keeper(void **state)
{
    struct wards *second = NULL;
    OWNED_WORLD w;
    struct err err;

    (void)state;
    world_make(&w);
    assert_fails(wards_open(w.state, &second, &err), ERR_STATE);
    assert_fails(wards_open("/proc/x", &second, &err), ERR_SYSTEM);
}

static void what_an_earlier_one_left_is_removed_and_nothing_else(void **state)
{
    OWNED(free_str) char *left = NULL, *other = NULL;
    OWNED_WORLD w;
    struct err err;

    (void)state;
    world_make(&w);
    left = mem_printf("%s/cocos-worker-1-0/datasets", w.state);
    other = mem_printf("%s/another", w.state);
    assert_ok(file_make_dirs(left, 0700, &err));
    assert_ok(file_make_dirs(other, 0700, &err));
    wards_free(w.wards);
    assert_ok(wards_open(w.state, &w.wards, &err));
    assert_false(is_there(&w, "cocos-worker-1-0"));
    assert_true(is_there(&w, "another"));
}

static void a_door_in_a_directory_of_others_is_none(void **state)
{
    struct ward ward = WARD_NONE;
    OWNED(free_str) char *door = NULL, *nowhere = NULL;
    struct stat status;
    OWNED_WORLD w;
    struct err err;

    (void)state;
    if (geteuid() != 0)
        skip();
    world_make(&w);
    door = mem_printf("%s/agent.sock", w.dir);
    nowhere = mem_printf("%s/nowhere/agent.sock", w.dir);
    assert_fails(ward_make(w.wards, nowhere, &ward, &err), ERR_USAGE);
    assert_fails(ward_make(w.wards, door, &ward, &err), ERR_USAGE);
    assert_int_equal(stat(w.dir, &status), 0);
    assert_int_equal(status.st_uid, 0);

    assert_int_equal(chmod(w.dir, 0700), 0);
    assert_int_equal(chown(w.dir, 1998765432, 0), 0); /* somebody's own */
    assert_fails(ward_make(w.wards, door, &ward, &err), ERR_USAGE);

    assert_int_equal(chown(w.dir, 0, 0), 0);
    assert_ok(ward_make(w.wards, door, &ward, &err));
    assert_int_equal(stat(w.dir, &status), 0);
    assert_int_equal(status.st_uid, ward.uid);
    ward_end(&ward);
    assert_int_equal(stat(w.dir, &status), 0);
    assert_int_equal(status.st_uid, 0);
}

static void a_door_passes_from_one_to_the_next(void **state)
{
    struct ward first = WARD_NONE, second = WARD_NONE;
    OWNED(free_str) char *door = NULL;
    struct stat status;
    OWNED_WORLD w;
    struct err err;

    (void)state;
    if (geteuid() != 0)
        skip();
    world_make(&w);
    assert_int_equal(chmod(w.dir, 0700), 0);
    door = mem_printf("%s/agent.sock", w.dir);
    assert_ok(ward_make(w.wards, door, &first, &err));
    assert_ok(ward_make(w.wards, door, &second, &err));
    assert_int_not_equal(first.uid, second.uid);
    ward_end(&first);
    assert_int_equal(stat(w.dir, &status), 0);
    assert_int_equal(status.st_uid, second.uid);
    ward_end(&second);
}

/* Whatever it does to the directory: the next one finds it as it was. */
static void a_door_comes_back_as_it_was(void **state)
{
    struct ward first = WARD_NONE, second = WARD_NONE;
    OWNED(free_str) char *door = NULL;
    struct stat status;
    OWNED_WORLD w;
    struct err err;

    (void)state;
    if (geteuid() != 0)
        skip();
    world_make(&w);
    assert_int_equal(chmod(w.dir, 0700), 0);
    door = mem_printf("%s/agent.sock", w.dir);
    assert_ok(ward_make(w.wards, door, &first, &err));
    assert_int_equal(chmod(w.dir, 0777), 0);
    assert_ok(ward_make(w.wards, door, &second, &err));
    ward_end(&first);
    assert_int_equal(chmod(w.dir, 0777), 0);
    ward_end(&second);
    assert_int_equal(stat(w.dir, &status), 0);
    assert_int_equal(status.st_uid, 0);
    assert_int_equal(status.st_mode & 07777, 0700);
}

static void a_process_is_in_its_directory_and_without_power(void **state)
{
    OWNED_BUF said = BUF_OF(64 * KIB);
    OWNED(free_str) char *expected = NULL;
    struct ward ward;
    OWNED_WORLD w;
    struct err err;
    int output;
    pid_t pid;

    (void)state;
    world_make(&w);
    assert_ok(ward_make(w.wards, NULL, &ward, &err));
    pid = start(&ward, "pwd; touch mine && echo made; id -u; cat /proc/self/status", &output);
    read_all(output, &said);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    expected = mem_printf("%s/%s\nmade\n%u\n", w.state, ward.name,
                          ward.own ? ward.uid : (unsigned)geteuid());
    assert_true(text_starts_with(buf_str(&said), expected));
    assert_non_null(strstr(buf_str(&said), "NoNewPrivs:\t1\n"));
    assert_non_null(strstr(buf_str(&said), ward.own ? "CapBnd:\t00000000000000" : "CapBnd:"));
    assert_null(strstr(buf_str(&said), "CapEff:\t000001"));
    assert_true(is_there(&w, ward.name));
    ward_end(&ward);
    assert_int_equal(ward.dir_fd, -1);
    ward_end(&ward);
}

static void nothing_that_it_started_outlives_it(void **state)
{
    OWNED_BUF said = BUF_OF(64 * KIB);
    struct ward ward, other;
    OWNED_WORLD w;
    struct err err;
    int output, others;
    pid_t pid, stays;

    (void)state;
    world_make(&w);
    assert_ok(ward_make(w.wards, NULL, &ward, &err));
    assert_ok(ward_make(w.wards, NULL, &other, &err));
    if (!ward.own)
        skip();
    stays = start(&other, "exec sleep 60", &others);
    pid = start(&ward, "setsid sleep 60 & echo begun", &output);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    ward_end(&ward);
    read_all(output, &said); /* whoever still had it open would keep us waiting */
    assert_string_equal(buf_str(&said), "begun\n");
    assert_int_equal(waitpid(stays, NULL, WNOHANG), 0);
    kill(stays, SIGKILL);
    waitpid(stays, NULL, 0);
    close(others);
    ward_end(&other);
}

/* It stops and kills everybody whom it may, as soon as there is somebody. */
static void who_hunts_it_is_not_its_prey(void **state)
{
    struct ward ward;
    OWNED_WORLD w;
    struct err err;
    pid_t pid;

    (void)state;
    world_make(&w);
    assert_ok(ward_make(w.wards, NULL, &ward, &err));
    if (!ward.own)
        skip();
    assert_ok(ward_fork(&ward, &pid, &err));
    while (pid == 0)
        kill(-1, SIGSTOP); /* all but itself */
    usleep(100000);
    alarm(20);
    ward_kill(&ward);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    alarm(0);
    ward_end(&ward);
}

/* The end of who is traced waits for the tracer, whose end is not waited for. */
static void a_tracer_does_not_keep_it(void **state)
{
    struct ward ward;
    OWNED_WORLD w;
    struct err err;
    pid_t pid;

    (void)state;
    world_make(&w);
    assert_ok(ward_make(w.wards, NULL, &ward, &err));
    if (!ward.own)
        skip();
    assert_ok(ward_fork(&ward, &pid, &err));
    if (pid == 0) {
        prctl(PR_SET_DUMPABLE, 1);
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        if (fork() == 0)
            ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
        for (;;)
            pause();
    }
    usleep(200000);
    alarm(20);
    kill(pid, SIGKILL);
    ward_kill(&ward);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    alarm(0);
    ward_end(&ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_has_one_keeper),
        cmocka_unit_test(what_an_earlier_one_left_is_removed_and_nothing_else),
        cmocka_unit_test(a_door_in_a_directory_of_others_is_none),
        cmocka_unit_test(a_door_passes_from_one_to_the_next),
        cmocka_unit_test(a_door_comes_back_as_it_was),
        cmocka_unit_test(a_process_is_in_its_directory_and_without_power),
        cmocka_unit_test(nothing_that_it_started_outlives_it),
        cmocka_unit_test(who_hunts_it_is_not_its_prey),
        cmocka_unit_test(a_tracer_does_not_keep_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
