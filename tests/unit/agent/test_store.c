#include "tests/unit/unit.h"

#include "lib/archive/zip.h"
#include "services/agent-api/engine/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/cocos-store-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int remove_dir(void **state)
{
    struct err err;

    (void)state;
    return file_remove_tree(dir, &err);
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    struct err err;

    assert_ok(store_open(dir, &store, &err));
    return store;
}

static void receive(struct store *store, const char *bytes, struct incoming **ret)
{
    struct err err;

    assert_ok(incoming_begin(store, DIGEST_SHA3_256, UINT64_MAX, ret, &err));
    assert_ok(incoming_write(*ret, span_of_str(bytes), &err));
}

static size_t count_entries(const char *name)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", dir, name);
    DIR *entries = opendir(path);
    size_t count = 0;

    assert_non_null(entries);
    while (readdir(entries) != NULL)
        count++;
    closedir(entries);
    return count - 2;
}

/* How many bytes the files that this process has open under the directory hold. */
static uint64_t bytes_left(void)
{
    uint64_t sum = 0;

    for (int fd = 0; fd < 64; fd++) {
        OWNED(free_str) char *link = mem_printf("/proc/self/fd/%d", fd);
        char target[256] = "";
        struct stat st;

        if (readlink(link, target, sizeof(target) - 1) > 0 && text_starts_with(target, dir) &&
            fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
            sum += (uint64_t)st.st_size;
    }
    return sum;
}

static void expect_file(const char *path, const char *content, mode_t mode)
{
    OWNED_BUF text = BUF_OF(1000);
    struct stat st;
    struct err err;

    assert_ok(file_read(path, &text, &err));
    assert_string_equal(buf_str(&text), content);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, mode);
}

static void what_is_kept_is_whole_and_in_its_place(void **state)
{
    struct store *store = open_store();
    OWNED(free_str) char *dataset = mem_printf("%s/a b", store_datasets(store));
    struct incoming *incoming;
    uint8_t digest[DIGEST_SIZE_MAX], expected[DIGEST_SIZE_MAX];
    uint64_t bytes;
    struct err err;

    (void)state;
    receive(store, "hello ", &incoming);
    assert_ok(incoming_write(incoming, span_of_str("world"), &err));
    incoming_finish(incoming, digest, &bytes);
    digest_of(DIGEST_SHA3_256, span_of_str("hello world"), expected);
    assert_memory_equal(digest, expected, 32);
    assert_int_equal(bytes, 11);
    assert_ok(incoming_keep(incoming, STORE_ALGORITHM, NULL, &err));
    incoming_free(incoming);
    expect_file(store_algorithm(store), "hello world", 0555);

    receive(store, "data", &incoming);
    assert_ok(incoming_keep(incoming, STORE_DATASET, "a b", &err));
    incoming_free(incoming);
    expect_file(dataset, "data", 0444);
    assert_int_equal(count_entries("incoming"), 0);
    store_close(store);
    assert_int_equal(count_entries("."), 0);
}

static void what_is_not_kept_is_gone(void **state)
{
    struct store *store = open_store();
    struct incoming *incoming;

    (void)state;
    receive(store, "data", &incoming);
    assert_int_equal(count_entries("incoming"), 1);
    incoming_free(incoming);
    assert_int_equal(count_entries("incoming"), 0);
    incoming_free(NULL);
    store_close(store);
    store_close(NULL);
}

static void a_reset_takes_the_place_of_what_arrives(void **state)
{
    struct store *store = open_store();
    struct incoming *before, *after;
    struct err err;

    (void)state;
    receive(store, "data", &before);
    assert_int_equal(bytes_left(), 4);
    assert_ok(store_reset(store, &err));
    assert_int_equal(bytes_left(), 0); /* though it is still open */
    receive(store, "more", &after);
    assert_fails(incoming_write(before, span_of_str("x"), &err), ERR_STATE);
    assert_fails(incoming_keep(before, STORE_DATASET, "a", &err), ERR_STATE);
    incoming_free(before);
    assert_int_equal(count_entries("incoming"), 1);
    assert_ok(incoming_keep(after, STORE_DATASET, "a", &err));
    incoming_free(after);
    assert_int_equal(count_entries("datasets"), 1);
    assert_ok(store_reset(store, &err));
    assert_int_equal(count_entries("datasets"), 0);
    store_close(store);
}

static void a_result_that_is_being_read_is_emptied_by_a_reset(void **state)
{
    struct store *store = open_store();
    struct incoming *incoming;
    char byte;
    struct err err;
    int fd;

    (void)state;
    receive(store, "result", &incoming);
    assert_ok(incoming_keep(incoming, STORE_RESULT, NULL, &err));
    incoming_free(incoming);
    assert_ok(store_open_result(store, false, &fd, &err));
    assert_int_equal(read(fd, &byte, 1), 1);
    assert_ok(store_reset(store, &err));
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
    assert_fails(store_open_result(store, false, &fd, &err), ERR_NOT_FOUND);
    store_close(store);
}

static void one_store_a_directory(void **state)
{
    struct store *store = open_store(), *second;
    struct err err;

    (void)state;
    assert_fails(store_open(dir, &second, &err), ERR_STATE);
    store_close(store);
    store_close(open_store());
}

static void who_leaves_takes_nothing_of_the_next_one(void **state)
{
    struct store *first = open_store(), *second = NULL;
    OWNED_OF(incoming) *late = NULL;
    OWNED_OF(incoming) *fresh = NULL;
    uint8_t digest[SHA256_SIZE];
    uint64_t bytes;
    struct err err;

    (void)state;
    receive(first, "late", &late);
    store_leave(first);
    second = open_store();
    receive(second, "fresh", &fresh); /* of the same name as the other */
    assert_fails(incoming_write(late, span_of_str("later"), &err), ERR_STATE);
    incoming_free(late);
    late = NULL;
    store_leave(first);
    store_close(first);
    incoming_finish(fresh, digest, &bytes);
    assert_ok(incoming_keep(fresh, STORE_ALGORITHM, NULL, &err));
    expect_file(store_algorithm(second), "fresh", 0555);
    incoming_free(fresh);
    fresh = NULL;
    store_close(second);
}

static void more_than_there_is_room_for_is_refused_at_once(void **state)
{
    struct store *store = open_store();
    struct incoming *incoming;
    struct err err;

    (void)state;
    assert_fails(incoming_begin(store, DIGEST_SHA3_256, UINT64_MAX - 1, &incoming, &err),
                 ERR_NO_SPACE);
    assert_int_equal(count_entries("incoming"), 0);
    store_close(store);
}

static int collect(void *to, struct span bytes, struct err *err)
{
    buf_add_span(to, bytes);
    return buf_check(to, "archive", err);
}

static void an_archive_is_unpacked_beside_and_kept_as_a_directory(void **state)
{
    struct store *store = open_store();
    OWNED(free_str) char *path = mem_printf("%s/tree/deep/x", store_datasets(store));
    const struct zip_limits limits = {100, 1 * MIB};
    OWNED_BUF archive = BUF_OF(1 * MIB);
    char from[] = "/tmp/cocos-tree-XXXXXX";
    OWNED(free_str) char *file = NULL;
    struct incoming *incoming;
    struct err err;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(from));
    fd = open(from, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(fd, "deep", 0755), 0);
    file = mem_printf("%s/deep/x", from);
    assert_ok(file_create(file, span_of_str("content"), 0600, &err));
    assert_ok(zip_pack(fd, 0, &limits, collect, &archive, &err));
    close(fd);
    assert_ok(file_remove_tree(from, &err));

    assert_ok(incoming_begin(store, DIGEST_SHA3_256, archive.len, &incoming, &err));
    assert_ok(incoming_write(incoming, buf_span(&archive), &err));
    assert_ok(incoming_unpack(incoming, &err));
    assert_ok(incoming_keep(incoming, STORE_DATASET, "tree", &err));
    incoming_free(incoming);
    expect_file(path, "content", 0644);
    assert_int_equal(count_entries("incoming"), 0);
    store_close(store);
}

static void what_is_no_archive_leaves_nothing(void **state)
{
    struct store *store = open_store();
    struct incoming *incoming;
    struct err err;

    (void)state;
    receive(store, "no archive", &incoming);
    assert_fails(incoming_unpack(incoming, &err), ERR_INPUT);
    incoming_free(incoming);
    assert_int_equal(count_entries("incoming"), 0);
    assert_int_equal(count_entries("datasets"), 0);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_whole_and_in_its_place),
        cmocka_unit_test(what_is_not_kept_is_gone),
        cmocka_unit_test(a_reset_takes_the_place_of_what_arrives),
        cmocka_unit_test(a_result_that_is_being_read_is_emptied_by_a_reset),
        cmocka_unit_test(one_store_a_directory),
        cmocka_unit_test(who_leaves_takes_nothing_of_the_next_one),
        cmocka_unit_test(more_than_there_is_room_for_is_refused_at_once),
        cmocka_unit_test(an_archive_is_unpacked_beside_and_kept_as_a_directory),
        cmocka_unit_test(what_is_no_archive_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
