#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
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

static int set_up(void **state)
{
    struct scratch *scratch = mem_new(struct scratch);

    memcpy(scratch->path, "/tmp/cocos-file-XXXXXX", 23);
    if (mkdtemp(scratch->path) == NULL)
        return -1;
    scratch->fd = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = scratch;
    return 0;
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
