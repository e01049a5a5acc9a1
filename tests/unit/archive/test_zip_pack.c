#include "tests/unit/archive/tree.h"

#include "lib/archive/zip.h"
#include "lib/crypto/digest.h"

static const struct zip_limits limits = {.files_max = 100, .bytes_max = 1 * MIB};

static int to_buf(void *to, struct span bytes, struct err *err)
{
    buf_add_span(to, bytes);
    return buf_check(to, "archive", err);
}

static int pack(const struct tree *tree, struct buf *out, struct err *err)
{
    return zip_pack(tree->fd, 0, &limits, to_buf, out, err);
}

/* The names in the central directory, one a line. */
static char *names_of(const struct buf *archive)
{
    struct buf names = BUF_OF(64 * KIB);
    const uint8_t *at = archive->data;

    while ((at = memmem(at, archive->len - (size_t)(at - archive->data), "PK\x01\x02", 4)) !=
           NULL) {
        buf_add(&names, at + 46, (size_t)(at[28] | at[29] << 8));
        buf_add_str(&names, "\n");
        at += 46;
    }
    return buf_take(&names);
}

struct meddler {
    const struct tree *tree;
    int change;
};

/* Changes the size of the file "f" as soon as its header was written. */
static int meddle(void *to, struct span bytes, struct err *err)
{
    struct meddler *meddler = to;
    OWNED(close_fd) int fd = openat(meddler->tree->fd, "f", O_WRONLY);

    (void)bytes;
    if (meddler->change != 0 && ftruncate(fd, 3 + meddler->change) < 0)
        return err_set_errno(err, ERR_SYSTEM, "truncate");
    meddler->change = 0;
    return 0;
}

static void a_file_that_changes_meanwhile_is_an_error(void **state)
{
    static const struct {
        int change;
        const char *text;
    } cases[] = {{1, "'f': became longer while it was packed"},
                 {-1, "'f': became shorter while it was packed"},
                 {-3, "'f': became shorter while it was packed"}};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_TREE tree = tree_new();
        struct meddler meddler = {&tree, cases[i].change};

        tree_add(&tree, "f", "abc");
        assert_fails(zip_pack(tree.fd, 0, &limits, meddle, &meddler, &err), ERR_INPUT);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void limits_hold(void **state)
{
    OWNED_TREE tree = tree_new();
    OWNED_BUF out = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    tree_add(&tree, "a", "12345");
    tree_add(&tree, "d/b", "12345");
    assert_ok(zip_pack(tree.fd, 0, &(struct zip_limits){3, 10}, to_buf, &out, &err));
    assert_fails(zip_pack(tree.fd, 0, &(struct zip_limits){2, 10}, to_buf, &out, &err),
                 ERR_TOO_LARGE);
    assert_fails(zip_pack(tree.fd, 0, &(struct zip_limits){3, 9}, to_buf, &out, &err),
                 ERR_TOO_LARGE);
}

static void huge_sparse_files_meet_the_limit_unread(void **state)
{
    OWNED_TREE tree = tree_new();
    OWNED_BUF out = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    tree_add(&tree, "a", "");
    assert_int_equal(truncate(tree.path, 0), -1);
    OWNED(free_str) char *path = mem_printf("%s/a", tree.path);
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    assert_fails(pack(&tree, &out, &err), ERR_TOO_LARGE);
}

/* Names are kept in memory to the end: a confined program must not fill it with them. */
static void names_have_a_ceiling_of_their_own(void **state)
{
    const struct zip_limits many = {.files_max = 100000, .bytes_max = 1 * MIB};
    OWNED_BUF out = BUF_OF(64 * MIB);
    OWNED_TREE tree = tree_new();
    char name[250], first[14 * sizeof(name) + 8] = "";
    struct err err;
    int deepest;

    (void)state;
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    for (int depth = 0; depth < 14; depth++)
        snprintf(first + strlen(first), sizeof(first) - strlen(first), "%s/", name);
    memcpy(first + strlen(first), "f", 2);
    tree_add(&tree, first, "");
    *strrchr(first, '/') = '\0';
    deepest = openat(tree.fd, first, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(deepest >= 0);
    for (int i = 0; i < 4900; i++) { /* times 3.5 KiB */
        char file[16];

        snprintf(file, sizeof(file), "%d", i);
        close(openat(deepest, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    close(deepest);
    assert_fails(zip_pack(tree.fd, 0, &many, to_buf, &out, &err), ERR_TOO_LARGE);
}

static void trees_without_end_are_refused(void **state)
{
    OWNED_TREE tree = tree_new();
    OWNED_BUF out = BUF_OF(64 * KIB);
    struct buf path = BUF_OF(4 * KIB);
    struct err err;

    (void)state;
    for (int i = 0; i < 64; i++)
        buf_add_str(&path, "d/");
    buf_add_str(&path, "f");
    tree_add(&tree, buf_str(&path), "");
    assert_ok(pack(&tree, &out, &err));
    buf_reset(&path);
    for (int i = 0; i < 65; i++)
        buf_add_str(&path, "d/");
    buf_add_str(&path, "f");
    tree_add(&tree, buf_str(&path), "");
    assert_fails(pack(&tree, &out, &err), ERR_TOO_LARGE);
    buf_done(&path);
}

static void the_sink_can_stop_it_anywhere(void **state)
{
    OWNED_TREE tree = tree_new();
    OWNED_BUF whole = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    tree_add(&tree, "a", "hello");
    tree_add(&tree, "b", "x");
    assert_ok(pack(&tree, &whole, &err));
    for (size_t room = 0; room < whole.len; room++) {
        OWNED_BUF out = BUF_OF(room);

        assert_fails(pack(&tree, &out, &err), ERR_TOO_LARGE);
    }
}

static void a_file_that_was_not_packed_whole_is_not_removed(void **state)
{
    OWNED_TREE tree = tree_new();
    OWNED_BUF out = BUF_OF(50);
    struct err err;

    (void)state;
    tree_add(&tree, "a", "hello");
    assert_fails(zip_pack(tree.fd, ZIP_FREE_AS_PACKED, &limits, to_buf, &out, &err), ERR_TOO_LARGE);
    tree_assert_file(&tree, "a", "hello");
}

static int remove_g(void *to, struct span bytes, struct err *err)
{
    const struct tree *tree = to;

    (void)bytes;
    return file_remove_tree_at(tree->fd, "g", err);
}

static void a_file_that_vanishes_meanwhile_is_an_error(void **state)
{
    OWNED_TREE tree = tree_new();
    struct err err;

    (void)state;
    tree_add(&tree, "f", "abc");
    tree_add(&tree, "g", "abc");
    assert_fails(zip_pack(tree.fd, 0, &limits, remove_g, &tree, &err), ERR_NOT_FOUND);
}

static void links_and_special_files_are_left_out(void **state)
{
    OWNED_TREE tree = tree_new();
    OWNED_BUF out = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    tree_add(&tree, "a", "hello");
    assert_int_equal(symlinkat("/etc/passwd", tree.fd, "link"), 0);
    assert_int_equal(symlinkat("/etc", tree.fd, "dirlink"), 0);
    assert_int_equal(mkfifoat(tree.fd, "pipe", 0600), 0);
    assert_int_equal(mkdirat(tree.fd, "empty", 0755), 0);
    assert_ok(pack(&tree, &out, &err));
    OWNED(free_str) char *names = names_of(&out);
    assert_string_equal(names, "a\n");
}

/* What the implementation in Go makes of the same two files, at UTC. */
static void the_bytes_are_those_of_the_reference(void **state)
{
    static const char wanted[] = "504b0304140008000000000021ec00000000000000000000000005000900612e7"
                                 "478745554050001000000006865"
                                 "6c6c6f0a504b070820303a360600000006000000504b030414000800000000002"
                                 "1ec000000000000000000000000"
                                 "090009007375622f622e747874555405000100000000"
                                 "78504b07088316dc8c0100000001000000504b01021403140008000000000021e"
                                 "c20303a36060000000600000005"
                                 "0009000000000000000000a48100000000612e747874555405000100000000504"
                                 "b01021403140008000000000021"
                                 "ec8316dc8c0100000001000000090009000000000000000000a48142000000737"
                                 "5622f622e747874555405000100"
                                 "000000504b050600000000020002007c000000830000000000";
    OWNED_TREE tree = tree_new();
    OWNED_BUF out = BUF_OF(64 * KIB);
    char hex[1024], digest_hex[65];
    uint8_t digest[32];
    struct err err;

    (void)state;
    tree_add(&tree, "sub/b.txt", "x");
    tree_add(&tree, "a.txt", "hello\n");
    assert_ok(pack(&tree, &out, &err));
    text_hex(out.data, out.len, hex);
    assert_string_equal(hex, wanted);
    digest_of(DIGEST_SHA3_256, buf_span(&out), digest);
    text_hex(digest, sizeof(digest), digest_hex);
    assert_string_equal(digest_hex,
                        "377d09a5652db1962f04b3f3f1ff4556e28b6b355fbf3f624727fa850b543258");
}

static void nothing_becomes_an_empty_archive(void **state)
{
    OWNED_TREE tree = tree_new();
    OWNED_BUF out = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    assert_ok(pack(&tree, &out, &err));
    assert_int_equal(out.len, 22);
}

static void entries_are_sorted_by_their_full_path(void **state)
{
    OWNED_TREE tree = tree_new();
    OWNED_BUF out = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    tree_add(&tree, "a0", "");
    tree_add(&tree, "a/z", "");
    tree_add(&tree, "a/b/c", "");
    tree_add(&tree, "a/b.c", "");
    tree_add(&tree, "a.txt", "");
    tree_add(&tree, "B", "");
    tree_add(&tree, "\xc3\xa9", "");
    assert_ok(pack(&tree, &out, &err));
    OWNED(free_str) char *names = names_of(&out);
    assert_string_equal(names, "B\na.txt\na/b.c\na/b/c\na/z\na0\n\xc3\xa9\n");
}

static void files_are_freed_as_they_are_packed(void **state)
{
    OWNED_TREE tree = tree_new();
    OWNED_BUF out = BUF_OF(64 * KIB);
    OWNED_BUF kept = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    tree_add(&tree, "a", "hello");
    tree_add(&tree, "d/b", "x");
    assert_ok(pack(&tree, &kept, &err));
    assert_ok(zip_pack(tree.fd, ZIP_FREE_AS_PACKED, &limits, to_buf, &out, &err));
    assert_true(span_equal(buf_span(&out), buf_span(&kept)));
    assert_null(tree_read(&tree, "a"));
    assert_null(tree_read(&tree, "d/b"));
}

static void content_over_one_block_is_whole(void **state)
{
    OWNED_TREE tree = tree_new();
    OWNED_BUF out = BUF_OF(2 * MIB);
    OWNED(free_str) char *text = mem_zeroed(700 * KIB + 1, 1);
    struct err err;

    (void)state;
    memset(text, 'x', 700 * KIB);
    text[300 * KIB] = 'y';
    tree_add(&tree, "big", text);
    assert_ok(pack(&tree, &out, &err));
    assert_memory_equal(out.data + 30 + 3 + 9, text, 700 * KIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_changes_meanwhile_is_an_error),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(huge_sparse_files_meet_the_limit_unread),
        cmocka_unit_test(names_have_a_ceiling_of_their_own),
        cmocka_unit_test(trees_without_end_are_refused),
        cmocka_unit_test(the_sink_can_stop_it_anywhere),
        cmocka_unit_test(a_file_that_was_not_packed_whole_is_not_removed),
        cmocka_unit_test(a_file_that_vanishes_meanwhile_is_an_error),
        cmocka_unit_test(links_and_special_files_are_left_out),
        cmocka_unit_test(the_bytes_are_those_of_the_reference),
        cmocka_unit_test(nothing_becomes_an_empty_archive),
        cmocka_unit_test(entries_are_sorted_by_their_full_path),
        cmocka_unit_test(files_are_freed_as_they_are_packed),
        cmocka_unit_test(content_over_one_block_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
