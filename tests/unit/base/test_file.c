#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Each test has a scratch directory of its own. */
struct scratch {
    char path[64];
    int fd;
};

static int set_up_in(const char *dir, void **state)
{
    struct scratch *scratch = mem_new(struct scratch);

    snprintf(scratch->path, sizeof(scratch->path), "%s/cocos-file-XXXXXX", dir);
    if (mkdtemp(scratch->path) == NULL)
        return -1;
    scratch->fd = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = scratch;
    return 0;
}

static int set_up(void **state)
{
    return set_up_in("/tmp", state);
}

/* Thousands of directories in each other take a disk many seconds. */
static int set_up_in_memory(void **state)
{
    return set_up_in("/dev/shm", state);
}

static int tear_down(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    int result = file_remove_tree(scratch->path, &err);

    close(scratch->fd);
    free(scratch);
    return result;
}

static char *path_of(const struct scratch *scratch, const char *name)
{
    return mem_printf("%s/%s", scratch->path, name);
}

static size_t count_entries(const struct scratch *scratch)
{
    DIR *dir = opendir(scratch->path);
    size_t count = 0;

    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2;
}

static void assert_content(const struct scratch *scratch, const char *name, const char *wanted)
{
    OWNED_BUF text = BUF_OF(4096);
    struct err err;

    assert_ok(file_read_at(scratch->fd, name, &text, &err));
    assert_string_equal(buf_str(&text), wanted);
}

static void what_is_no_regular_file_is_refused_without_blocking(void **state)
{
    static const char *const names[] = {"link", "fifo", "directory", "socket"};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct scratch *scratch = *state;
    OWNED(close_fd) int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    int fd = -1;
    struct err err;

    assert_int_equal(symlinkat("/etc/passwd", scratch->fd, "link"), 0);
    assert_int_equal(mkfifoat(scratch->fd, "fifo", 0600), 0);
    assert_int_equal(mkdirat(scratch->fd, "directory", 0700), 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", scratch->path);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWNED_BUF out = BUF_OF(4096);

        assert_int_equal(file_open_at(scratch->fd, names[i], &fd, &err), -1);
        assert_int_equal(file_read_at(scratch->fd, names[i], &out, &err), -1);
        assert_true(err.kind == ERR_INPUT || err.kind == ERR_SYSTEM);
    }
    assert_int_equal(fd, -1);
}

static void what_is_missing_is_not_found(void **state)
{
    struct scratch *scratch = *state;
    OWNED_BUF out = BUF_OF(4096);
    OWNED(free_str) char *path = path_of(scratch, "none/none");
    int fd;
    struct err err;

    assert_fails(file_open_at(scratch->fd, "none", &fd, &err), ERR_NOT_FOUND);
    assert_fails(file_read(path, &out, &err), ERR_NOT_FOUND);
    assert_fails(file_read_at(scratch->fd, "none", &out, &err), ERR_NOT_FOUND);
    assert_fails(file_create(path, span_of_str("x"), 0600, &err), ERR_NOT_FOUND);
    assert_fails(file_replace(path, span_of_str("x"), 0600, &err), ERR_NOT_FOUND);
}

static void a_file_over_the_ceiling_is_too_large(void **state)
{
    struct scratch *scratch = *state;
    OWNED(free_str) char *path = path_of(scratch, "f");
    OWNED_BUF exact = BUF_OF(5);
    OWNED_BUF small = BUF_OF(4);
    OWNED_BUF endless = BUF_OF(1 * MIB);
    struct err err;

    assert_ok(file_create(path, span_of_str("12345"), 0600, &err));
    assert_ok(file_read(path, &exact, &err));
    assert_fails(file_read(path, &small, &err), ERR_TOO_LARGE);
    assert_non_null(strstr(err.text, path));
    buf_reset(&small);
    assert_fails(file_read_at(scratch->fd, "f", &small, &err), ERR_TOO_LARGE);
    assert_fails(file_read("/dev/zero", &endless, &err), ERR_TOO_LARGE);
}

static void a_file_is_created_once(void **state)
{
    struct scratch *scratch = *state;
    OWNED(free_str) char *path = path_of(scratch, "f");
    struct stat st;
    struct err err;

    assert_ok(file_create(path, span_of_str("first"), 0600, &err));
    assert_fails(file_create(path, span_of_str("second"), 0600, &err), ERR_STATE);
    assert_content(scratch, "f", "first");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
}

static void failed_writes_are_told(void **state)
{
    OWNED(close_fd) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct err err;

    (void)state;
    assert_fails(file_write_fd(-1, span_of_str("x"), &err), ERR_SYSTEM);
    assert_fails(file_write_fd(full, span_of_str("x"), &err), ERR_NO_SPACE);
}

/* A file that cannot grow any more stands for a full disk. */
static void a_failed_write_leaves_nothing(void **state)
{
    struct scratch *scratch = *state;
    OWNED(free_str) char *path = path_of(scratch, "new");
    struct rlimit before, small;
    struct err err;

    assert_ok(file_replace_at(scratch->fd, "old", span_of_str("x"), 0600, &err));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_fails(file_create(path, span_of_str("12345"), 0600, &err), ERR_SYSTEM);
    assert_fails(file_replace_at(scratch->fd, "old", span_of_str("12345"), 0600, &err), ERR_SYSTEM);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_content(scratch, "old", "x");
    assert_int_equal(count_entries(scratch), 1);
}

static void replacing_is_whole_and_leaves_nothing_over(void **state)
{
    struct scratch *scratch = *state;
    OWNED(free_str) char *path = path_of(scratch, "f");
    struct stat st;
    struct err err;

    assert_ok(file_replace(path, span_of_str("first"), 0640, &err));
    assert_ok(file_replace_at(scratch->fd, "f", span_of_str("second"), 0604, &err));
    assert_content(scratch, "f", "second");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0604);
    assert_int_equal(count_entries(scratch), 1);
}

static void a_replacement_that_fails_keeps_the_old(void **state)
{
    struct scratch *scratch = *state;
    struct err err;

    assert_int_equal(mkdirat(scratch->fd, "f", 0700), 0); /* a file cannot take its place */
    assert_fails(file_replace_at(scratch->fd, "f", span_of_str("x"), 0600, &err), ERR_SYSTEM);
    assert_int_equal(count_entries(scratch), 1);
}

static void replacing_a_link_does_not_write_through_it(void **state)
{
    struct scratch *scratch = *state;
    struct stat st;
    struct err err;

    assert_ok(file_replace_at(scratch->fd, "target", span_of_str("old"), 0600, &err));
    assert_int_equal(symlinkat("target", scratch->fd, "link"), 0);
    assert_ok(file_replace_at(scratch->fd, "link", span_of_str("new"), 0600, &err));
    assert_content(scratch, "target", "old");
    assert_int_equal(fstatat(scratch->fd, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void links_that_the_user_names_are_followed(void **state)
{
    struct scratch *scratch = *state;
    OWNED(free_str) char *path = path_of(scratch, "link");
    OWNED_BUF out = BUF_OF(64);
    struct err err;

    assert_ok(file_replace_at(scratch->fd, "target", span_of_str("text"), 0600, &err));
    assert_int_equal(symlinkat("target", scratch->fd, "link"), 0);
    assert_ok(file_read(path, &out, &err));
    assert_string_equal(buf_str(&out), "text");
}

static void directories_are_made_with_their_parents(void **state)
{
    struct scratch *scratch = *state;
    OWNED(free_str) char *path = path_of(scratch, "a/b//c/");
    OWNED(free_str) char *blocked = path_of(scratch, "f/x");
    OWNED(free_str) char *file = path_of(scratch, "f");
    struct stat st;
    struct err err;

    assert_ok(file_make_dirs(path, 0700, &err));
    assert_ok(file_make_dirs(path, 0700, &err));
    assert_int_equal(fstatat(scratch->fd, "a/b/c", &st, 0), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_ok(file_create(file, span_of_str(""), 0600, &err));
    assert_fails(file_make_dirs(blocked, 0700, &err), ERR_SYSTEM);
    assert_fails(file_make_dirs(file, 0700, &err), ERR_SYSTEM);
}

static void removing_a_tree_follows_no_link(void **state)
{
    struct scratch *scratch = *state;
    OWNED(free_str) char *deep = path_of(scratch, "tree/a/b");
    OWNED(free_str) char *file = path_of(scratch, "tree/f");
    struct err err;

    assert_ok(file_make_dirs(deep, 0700, &err));
    assert_ok(file_replace_at(scratch->fd, "kept", span_of_str("x"), 0600, &err));
    assert_int_equal(mkdirat(scratch->fd, "outside", 0700), 0);
    assert_int_equal(symlinkat("../../outside", scratch->fd, "tree/a/link"), 0);
    assert_ok(file_create(file, span_of_str("x"), 0600, &err));
    assert_ok(file_remove_tree_at(scratch->fd, "tree", &err));
    assert_ok(file_remove_tree_at(scratch->fd, "tree", &err));
    assert_int_equal(count_entries(scratch), 2);
    assert_content(scratch, "kept", "x");
}

/* A chain of directories, one in another, with a file at the end of it. */
static void make_chain(int dir_fd, const char *name, unsigned depth)
{
    int fd = -1, deeper = -1;

    assert_int_equal(mkdirat(dir_fd, name, 0700), 0);
    fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY);
    for (unsigned i = 0; i < depth; i++) {
        assert_int_equal(mkdirat(fd, ".0", 0700), 0);
        deeper = openat(fd, ".0", O_RDONLY | O_DIRECTORY);
        close(fd);
        fd = deeper;
    }
    deeper = openat(fd, "end", O_WRONLY | O_CREAT, 0600);
    assert_true(deeper >= 0);
    close(deeper);
    close(fd);
}

static void a_tree_of_any_depth_is_removed_with_a_handful_of_descriptors(void **state)
{
    struct scratch *scratch = *state;
    struct rlimit before, few;
    struct err err;

    make_chain(scratch->fd, "deep", 5000);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = (rlim_t)scratch->fd + 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_ok(file_remove_tree_at(scratch->fd, "deep", &err));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(count_entries(scratch), 0);
}

/* The names that removal gives to what it moves may be taken already. */
static void names_that_are_in_the_way_do_not_hinder_a_removal(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    char name[32];

    assert_int_equal(mkdirat(scratch->fd, "tree", 0700), 0);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "tree/.%u", i);
        make_chain(scratch->fd, name, i % 4);
    }
    for (unsigned i = 40; i < 60; i++) {
        snprintf(name, sizeof(name), "tree/.%u", i);
        OWNED(free_str) char *path = path_of(scratch, name);

        assert_ok(file_create(path, span_of_str("x"), 0600, &err));
    }
    assert_ok(file_remove_tree_at(scratch->fd, "tree", &err));
    assert_int_equal(count_entries(scratch), 0);
}

static void a_removal_that_fails_says_what_is_in_the_way(void **state)
{
    struct scratch *scratch = *state;
    OWNED(free_str) char *deep = path_of(scratch, "tree/a/b/c");
    struct err err;

    if (geteuid() != 0) {
        print_message("SKIP: nothing is in the way of whoever owns the tree\n");
        skip();
    }
    assert_ok(file_make_dirs(deep, 0700, &err));
    (void)setfsuid(65534); /* to root no mode is in the way */
    assert_fails(file_remove_tree_at(scratch->fd, "tree", &err), ERR_SYSTEM);
    (void)setfsuid(geteuid());
    assert_non_null(strstr(err.text, "'tree'"));
}

/* By its owner, who is an ordinary user. */
static void a_tree_whose_directories_are_shut_is_removed(void **state)
{
    static const mode_t modes[] = {0000, 0100, 0200, 0300, 0400, 0500, 0600};
    struct scratch *scratch = *state;
    uid_t user = geteuid() == 0 ? 65534 : geteuid();
    int result = 0;
    struct err err;

    assert_int_equal(fchown(scratch->fd, user, (gid_t)-1), 0);
    (void)setfsuid(user); /* and as that one all of the following is done */
    for (size_t i = 0; result == 0 && i < COUNT_OF(modes); i++) {
        OWNED(free_str) char *deep = path_of(scratch, "tree/a/b/c");

        result = file_make_dirs(deep, 0700, &err);
        result |= fchmodat(scratch->fd, "tree/a/b/c", modes[i], 0);
        result |= fchmodat(scratch->fd, "tree/a/b", modes[i], 0);
        result |= fchmodat(scratch->fd, "tree/a", modes[i], 0);
        result |= fchmodat(scratch->fd, "tree", modes[i], 0);
        if (result == 0)
            result = file_remove_tree_at(scratch->fd, "tree", &err);
    }
    (void)setfsuid(geteuid());
    if (result != 0)
        fail_msg("%s", err.text);
    assert_int_equal(count_entries(scratch), 0);
}

/* --- somebody renames meanwhile --- */

struct rascal {
    pthread_t thread;
    int fd;
    atomic_bool over;
};

/* Puts a link to the outside where a directory was, and takes it back, as fast as it can. */
static void *swap_for_ever(void *arg)
{
    struct rascal *rascal = arg;

    while (!atomic_load(&rascal->over))
        (void)renameat2(rascal->fd, "tree/a", rascal->fd, "tree/link", RENAME_EXCHANGE);
    return NULL;
}

/* Some of these rounds meet the link between the look and the open. */
static void whoever_renames_meanwhile_harms_nothing_outside(void **state)
{
    struct scratch *scratch = *state;
    struct rascal rascal = {.fd = scratch->fd};
    OWNED(free_str) char *kept = path_of(scratch, "outside/kept");
    struct err err;

    assert_int_equal(mkdirat(scratch->fd, "outside", 0700), 0);
    assert_ok(file_create(kept, span_of_str("x"), 0600, &err));
    assert_int_equal(pthread_create(&rascal.thread, NULL, swap_for_ever, &rascal), 0);
    for (unsigned round = 0; round < 1000; round++) {
        (void)mkdirat(scratch->fd, "tree", 0700);
        (void)mkdirat(scratch->fd, "tree/a", 0700);
        (void)mkdirat(scratch->fd, "tree/a/b", 0700);
        (void)symlinkat("../outside", scratch->fd, "tree/link");
        (void)!file_remove_tree_at(scratch->fd, "tree", &err);
    }
    atomic_store(&rascal.over, true);
    pthread_join(rascal.thread, NULL);
    assert_content(scratch, "outside/kept", "x");
    assert_ok(file_remove_tree_at(scratch->fd, "tree", &err));
}

#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCRATCH(what_is_no_regular_file_is_refused_without_blocking),
        WITH_SCRATCH(what_is_missing_is_not_found),
        WITH_SCRATCH(a_file_over_the_ceiling_is_too_large),
        WITH_SCRATCH(a_file_is_created_once),
        cmocka_unit_test(failed_writes_are_told),
        WITH_SCRATCH(a_failed_write_leaves_nothing),
        WITH_SCRATCH(replacing_is_whole_and_leaves_nothing_over),
        WITH_SCRATCH(a_replacement_that_fails_keeps_the_old),
        WITH_SCRATCH(replacing_a_link_does_not_write_through_it),
        WITH_SCRATCH(links_that_the_user_names_are_followed),
        WITH_SCRATCH(directories_are_made_with_their_parents),
        WITH_SCRATCH(removing_a_tree_follows_no_link),
        cmocka_unit_test_setup_teardown(
            a_tree_of_any_depth_is_removed_with_a_handful_of_descriptors, set_up_in_memory,
            tear_down),
        WITH_SCRATCH(names_that_are_in_the_way_do_not_hinder_a_removal),
        WITH_SCRATCH(a_removal_that_fails_says_what_is_in_the_way),
        WITH_SCRATCH(a_tree_whose_directories_are_shut_is_removed),
        WITH_SCRATCH(whoever_renames_meanwhile_harms_nothing_outside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
