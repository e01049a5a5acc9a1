#include "tests/unit/archive/forge.h"

#include <signal.h>
#include <sys/resource.h>

static const struct zip_limits limits = {.files_max = 8, .bytes_max = 1 * MIB};

static int unpack(const struct forged *files, size_t count, const struct tree *tree,
                  struct err *err)
{
    OWNED_BUF archive = BUF_OF(4 * MIB);

    forge(&archive, files, count);
    return unpack_bytes(buf_span(&archive), tree, &limits, err);
}

static void assert_refused(const struct forged *files, size_t count, const char *says)
{
    OWNED_TREE tree = tree_new();
    struct err err;

    if (unpack(files, count, &tree, &err) == 0)
        fail_msg("accepted '%s' (%s)", files[count - 1].name, says);
    assert_int_equal(err.kind, ERR_INPUT);
    if (strstr(err.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, says);
}

#define REFUSED(says, ...) assert_refused(&(struct forged){__VA_ARGS__}, 1, says)

static void the_forger_can_make_a_sound_archive(void **state)
{
    struct forged file = {.name = "a/b", .data = "hello"};
    OWNED_TREE tree = tree_new();
    struct err err;

    (void)state;
    assert_ok(unpack(&file, 1, &tree, &err));
    tree_assert_file(&tree, "a/b", "hello");
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const names[] = {
        "/etc/x", "../x",  "a/../x", "a/..", "..",  ".",       "./x",   "a/./x", "a//x", "/",
        "//",     "a/b/.", "../",    "./",   "a\n", "\x1b[2J", "a\x7f", "a\tb",  "",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        REFUSED("no name that can be unpacked", .name = names[i]);
    REFUSED("'a\\x00b' is no name", .name = "a\0b", .name_len = 3);
    REFUSED("no name that", .name = "\0", .name_len = 1);
}

static void long_and_deep_names_are_refused(void **state)
{
    OWNED(free_str) char *step = mem_zeroed(257, 1);
    OWNED(free_str) char *deep = mem_zeroed(131, 1);
    OWNED(free_str) char *whole = mem_zeroed(5000, 1);

    (void)state;
    memset(step, 'x', 256);
    REFUSED("no name that", .name = step);
    for (int i = 0; i < 130; i++)
        deep[i] = i % 2 ? '/' : 'd';
    REFUSED("no name that", .name = deep);
    for (int i = 0; i < 4999; i++)
        whole[i] = i % 100 == 99 ? '/' : 'd';
    REFUSED("no name that", .name = whole);
}

static void links_and_special_files_are_refused(void **state)
{
    static const uint32_t modes[] = {S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK, 0x1000};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(modes); i++)
        REFUSED("'x': is a link or a special file", .name = "x", .data = "/etc/passwd",
                .mode = modes[i] | 0777);
    REFUSED("by its mode", .name = "x", .mode = S_IFDIR | 0755);
    REFUSED("by its mode", .name = "x/", .mode = S_IFREG | 0644);
    REFUSED("directory with content", .name = "x/", .data = "y", .mode = S_IFDIR | 0755);
}

static void nothing_is_written_twice(void **state)
{
    struct forged twice[] = {{.name = "a", .data = "1"}, {.name = "a", .data = "2"}};
    struct forged below[] = {{.name = "a", .data = "1"}, {.name = "a/b", .data = "2"}};
    struct forged above[] = {{.name = "a/b", .data = "1"}, {.name = "a", .data = "2"}};
    struct forged as_directory[] = {{.name = "a", .data = "1"},
                                    {.name = "a/", .mode = S_IFDIR | 0755}};

    (void)state;
    assert_refused(twice, 2, "'a': is there already");
    assert_refused(below, 2, "'a/b': 'a' is in the way");
    assert_refused(above, 2, "'a': is there already");
    assert_refused(as_directory, 2, "'a': 'a' is in the way");
}

static void links_that_lie_there_are_not_followed(void **state)
{
    struct forged through = {.name = "link/x", .data = "1"};
    struct forged over = {.name = "link", .data = "1"};
    OWNED_TREE tree = tree_new(), other = tree_new();
    struct err err;

    (void)state;
    assert_int_equal(symlinkat(other.path, tree.fd, "link"), 0);
    assert_fails(unpack(&through, 1, &tree, &err), ERR_INPUT);
    assert_fails(unpack(&over, 1, &tree, &err), ERR_INPUT);
    assert_null(tree_read(&other, "x"));
}

static void limits_hold(void **state)
{
    struct forged files[] = {{.name = "a/b/c", .data = "12345"}, {.name = "d", .data = "12345"}};
    OWNED_BUF archive = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    forge(&archive, files, 2);
    for (int i = 0; i < 3; i++) {
        struct zip_limits cases[] = {{4, 10}, {3, 10}, {4, 9}};
        OWNED_TREE tree = tree_new();

        if (i == 0)
            assert_ok(unpack_bytes(buf_span(&archive), &tree, &cases[i], &err));
        else
            assert_fails(unpack_bytes(buf_span(&archive), &tree, &cases[i], &err), ERR_TOO_LARGE);
    }
}

/* data as deflate has it, without a header. */
static void deflated(const void *data, size_t len, struct buf *out)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
    uint8_t block[4096];

    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
    do {
        stream.next_out = block;
        stream.avail_out = sizeof(block);
        assert_int_not_equal(deflate(&stream, Z_FINISH), Z_STREAM_ERROR);
        buf_add(out, block, sizeof(block) - stream.avail_out);
    } while (stream.avail_out == 0);
    deflateEnd(&stream);
}

/* A megabyte of zeros in a kilobyte, which says that it is one byte, or just fills the limit. */
static void bombs_stop_at_what_they_announced(void **state)
{
    OWNED(free_str) char *zeros = mem_zeroed(2 * MIB, 1);
    OWNED_BUF packed = BUF_OF(1 * MIB);
    OWNED_TREE tree = tree_new();
    struct err err;

    (void)state;
    deflated(zeros, 2 * MIB, &packed);
    struct forged file = {
        .name = "x", .data = (char *)packed.data, .data_len = packed.len, .method = 8};

    file.lie_size = 1 - (int)packed.len;
    assert_refused(&file, 1, "'x': is longer than the archive says");
    file.lie_size = (int)(2 * MIB) - (int)packed.len;
    assert_fails(unpack(&file, 1, &tree, &err), ERR_TOO_LARGE);
    assert_null(tree_read(&tree, "x"));
}

static void what_is_no_archive_is_refused(void **state)
{
    OWNED_TREE tree = tree_new();
    struct err err;

    (void)state;
    assert_fails(unpack_bytes(span_of_str("hello"), &tree, &limits, &err), ERR_INPUT);
}

/* A file that cannot grow any more stands for a full disk. */
static void a_disk_that_takes_no_more_is_an_error(void **state)
{
    struct rlimit before, small;
    struct forged file = {.name = "x", .data = "0123456789"};
    OWNED_BUF packed = BUF_OF(1 * MIB);
    OWNED_BUF stored = BUF_OF(1 * MIB);
    OWNED_BUF squeezed = BUF_OF(1 * MIB);
    struct forged other = {.name = "y", .method = 8};
    OWNED_TREE tree = tree_new();
    OWNED(close_fd) int stored_fd = memfd_create("archive", MFD_CLOEXEC);
    OWNED(close_fd) int squeezed_fd = memfd_create("archive", MFD_CLOEXEC);
    struct err err;

    (void)state;
    deflated("0123456789", 10, &packed);
    other.data = (char *)packed.data;
    other.data_len = packed.len;
    other.lie_size = 10 - (int)packed.len;
    forge(&stored, &file, 1);
    forge(&squeezed, &other, 1);
    assert_ok(file_write_fd(stored_fd, buf_span(&stored), &err));
    assert_ok(file_write_fd(squeezed_fd, buf_span(&squeezed), &err));

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 5, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_fails(zip_unpack(stored_fd, tree.fd, &limits, &err), ERR_SYSTEM);
    assert_fails(zip_unpack(squeezed_fd, tree.fd, &limits, &err), ERR_SYSTEM);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

static void damaged_content_is_refused(void **state)
{
    OWNED_BUF packed = BUF_OF(1 * MIB);

    (void)state;
    REFUSED("'x': checksum is wrong", .name = "x", .data = "hello", .lie_crc = true);
    REFUSED("two different sizes", .name = "x", .data = "hello", .lie_size = 1);
    REFUSED("compressed data is damaged", .name = "x", .data = "\xff\xff\xff", .method = 8);
    REFUSED("does not end where", .name = "x", .method = 8);

    deflated("hello hello", 11, &packed);
    struct forged file = {.name = "x",
                          .data = (char *)packed.data,
                          .data_len = packed.len,
                          .method = 8,
                          .lie_size = 11 - (int)packed.len};

    assert_refused(&file, 1, "checksum is wrong"); /* the forger's is of the packed bytes */
    file.lie_size++;
    assert_refused(&file, 1, "is shorter than the archive says");
    file.data_len--; /* and what is left still says that it is 11 bytes */
    assert_refused(&file, 1, "does not end where");
    buf_add_str(&packed, "zz");
    file.data = (char *)packed.data;
    file.data_len = packed.len;
    file.lie_size = 11 - (int)packed.len;
    assert_refused(&file, 1, "does not end where");
}

static void unknown_compressions_are_unsupported(void **state)
{
    struct forged file = {.name = "x", .data = "hello", .method = 12};
    OWNED_TREE tree = tree_new();
    struct err err;

    (void)state;
    assert_fails(unpack(&file, 1, &tree, &err), ERR_UNSUPPORTED);
}

/* Made by the zipfile module of Python: a directory, an executable, deflate and a comment. */
static void archives_of_others_are_read(void **state)
{
    static const char hex[] =
        "504b03041400000000000000215c000000000000000000000000040000006469722f504b030414000000"
        "08000000215c9e50947d0b000000f00000000a0000006469722f72756e2e7368cb48cdc9c957c8183124"
        "00504b03041400000000000000215c0bf94356060000000600000003000000746f7073746f726564504b"
        "010214031400000000000000215c000000000000000000000000040000000000000000001000ed410000"
        "00006469722f504b010214031400000008000000215c9e50947d0b000000f00000000a00000000000000"
        "00000000ed81220000006469722f72756e2e7368504b010214031400000000000000215c0bf943560600"
        "000006000000030000000000000000000000a48155000000746f70504b050600000000030003009b0000"
        "007c00000009006120636f6d6d656e74";
    OWNED_BUF archive = BUF_OF(4096);
    OWNED_TREE tree = tree_new();
    struct stat st;
    struct err err;

    (void)state;
    assert_ok(text_decode_hex(span_of_str(hex), &archive, &err));
    assert_ok(unpack_bytes(buf_span(&archive), &tree, &limits, &err));
    tree_assert_file(&tree, "top", "stored");
    OWNED(free_str) char *text = tree_read(&tree, "dir/run.sh");
    assert_int_equal(strlen(text), 240);
    assert_true(text_starts_with(text, "hello hello "));
    assert_int_equal(fstatat(tree.fd, "dir/run.sh", &st, 0), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0755);
    assert_int_equal(fstatat(tree.fd, "top", &st, 0), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0644);
}

static void setuid_bits_are_dropped(void **state)
{
    struct forged file = {.name = "x", .data = "1", .mode = S_IFREG | 07777};
    OWNED_TREE tree = tree_new();
    struct stat st;
    struct err err;

    (void)state;
    assert_ok(unpack(&file, 1, &tree, &err));
    assert_int_equal(fstatat(tree.fd, "x", &st, 0), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0755);
}

static int to_fd(void *to, struct span bytes, struct err *err)
{
    return file_write_fd(*(int *)to, bytes, err);
}

static void what_is_packed_is_unpacked(void **state)
{
    OWNED_TREE from = tree_new(), to = tree_new();
    OWNED(close_fd) int fd = memfd_create("archive", MFD_CLOEXEC);
    OWNED(free_str) char *big = mem_zeroed(600 * KIB + 1, 1);
    struct err err;

    (void)state;
    memset(big, 'z', 600 * KIB);
    tree_add(&from, "a", "");
    tree_add(&from, "b/c/d", "deep");
    tree_add(&from, "caf\xc3\xa9~", "name");
    tree_add(&from, "big", big);
    assert_ok(zip_pack(from.fd, 0, &limits, to_fd, &fd, &err));
    assert_ok(zip_unpack(fd, to.fd, &limits, &err));
    tree_assert_file(&to, "a", "");
    tree_assert_file(&to, "b/c/d", "deep");
    tree_assert_file(&to, "caf\xc3\xa9~", "name");
    tree_assert_file(&to, "big", big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forger_can_make_a_sound_archive),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(long_and_deep_names_are_refused),
        cmocka_unit_test(links_and_special_files_are_refused),
        cmocka_unit_test(nothing_is_written_twice),
        cmocka_unit_test(links_that_lie_there_are_not_followed),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(bombs_stop_at_what_they_announced),
        cmocka_unit_test(what_is_no_archive_is_refused),
        cmocka_unit_test(a_disk_that_takes_no_more_is_an_error),
        cmocka_unit_test(damaged_content_is_refused),
        cmocka_unit_test(unknown_compressions_are_unsupported),
        cmocka_unit_test(archives_of_others_are_read),
        cmocka_unit_test(setuid_bits_are_dropped),
        cmocka_unit_test(what_is_packed_is_unpacked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
