#include "tests/unit/archive/forge.h"

#include "lib/archive/zip_read.h"

static const struct forged two[] = {{.name = "a", .data = "hello"},
                                    {.name = "bb", .data = "world"}};

/* Reads the whole directory and finds the data of every entry. */
static int read_all(struct span bytes, struct err *err)
{
    OWNED(close_fd) int fd = memfd_create("archive", MFD_CLOEXEC);
    struct zip_directory directory;
    bool more = true;

    if (file_write_fd(fd, bytes, err) < 0 || zip_directory_find(fd, &directory, err) < 0)
        return -1;
    for (;;) {
        OWNED_ZIP_ITEM item = {0};
        uint64_t offset;

        if (zip_directory_next(&directory, &item, &more, err) < 0)
            return -1;
        if (!more)
            return 0;
        if (zip_item_find_data(&directory, &item, &offset, err) < 0)
            return err_wrap(err, "'%s'", item.name);
    }
}

static int read_forged(const struct forged *files, size_t count, struct err *err)
{
    OWNED_BUF archive = BUF_OF(1 * MIB);

    forge(&archive, files, count);
    return read_all(buf_span(&archive), err);
}

#define REFUSED(says, ...)                                                                         \
    do {                                                                                           \
        struct err err;                                                                            \
                                                                                                   \
        assert_fails(read_forged(&(struct forged){__VA_ARGS__}, 1, &err), ERR_INPUT);              \
        if (strstr(err.text, says) == NULL)                                                        \
            fail_msg("'%s' does not say '%s'", err.text, says);                                    \
    } while (0)

static void what_is_cut_off_is_refused(void **state)
{
    OWNED_BUF archive = BUF_OF(1 * MIB);
    struct err err;

    (void)state;
    forge(&archive, two, 2);
    assert_ok(read_all(buf_span(&archive), &err));
    for (size_t len = 0; len < archive.len; len++)
        assert_fails(read_all(span_of(archive.data, len), &err), ERR_INPUT);
    for (size_t from = 1; from < archive.len; from++)
        assert_fails(read_all(span_part(buf_span(&archive), from, archive.len), &err), ERR_INPUT);
}

static void other_files_are_refused(void **state)
{
    OWNED(close_fd) int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    OWNED_BUF text = BUF_OF(256 * KIB);
    struct zip_directory directory;
    struct err err;

    (void)state;
    memset(buf_grow(&text, 200 * KIB), 'P', 200 * KIB);
    assert_fails(read_all(buf_span(&text), &err), ERR_INPUT);
    assert_fails(zip_directory_find(fd, &directory, &err), ERR_INPUT);
}

/* Each field of the end record, changed by one, contradicts something. */
static void an_end_that_lies_is_refused(void **state)
{
    static const size_t fields[] = {4, 6, 8, 10, 12, 16, 20};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        OWNED_BUF archive = BUF_OF(1 * MIB);

        forge(&archive, two, 2);
        archive.data[archive.len - ZIP_END_SIZE + fields[i]]++;
        assert_fails(read_all(buf_span(&archive), &err), ERR_INPUT);
    }
}

static void bytes_before_the_archive_are_refused(void **state)
{
    OWNED_BUF archive = BUF_OF(1 * MIB);
    OWNED_BUF prefixed = BUF_OF(1 * MIB);
    struct err err;

    (void)state;
    forge(&archive, two, 2);
    buf_add_str(&prefixed, "#!/bin/sh\n");
    buf_add_span(&prefixed, buf_span(&archive));
    assert_fails(read_all(buf_span(&prefixed), &err), ERR_INPUT);
}

static void comments_are_read_over(void **state)
{
    OWNED_BUF archive = BUF_OF(1 * MIB);
    struct err err;

    (void)state;
    forge(&archive, two, 2);
    archive.data[archive.len - 2] = 4;
    buf_add(&archive, "PK\x05\x06", 4);
    assert_ok(read_all(buf_span(&archive), &err));
}

static void headers_must_agree(void **state)
{
    (void)state;
    REFUSED("another file in the directory", .name = "a", .local_name = "b", .data = "x");
    REFUSED("another file in the directory", .name = "a", .local_name = "aa", .data = "x");
    REFUSED("another file in the directory", .name = "a", .local_method = 8, .data = "x");
    REFUSED("another file in the directory", .name = "a", .local_flags = 1, .data = "x");
    REFUSED("another file in the directory", .name = "a", .lie_offset = 1, .data = "xxxxxxxxxxx");
    REFUSED("lies outside", .name = "a", .data = "x", .lie_offset = 20);
    REFUSED("claims more bytes", .name = "a", .data = "x", .lie_offset = 33);
    REFUSED("reaches beyond the end", .name = "a", .data = "x", .lie_packed = 1, .lie_size = 1);
    REFUSED("claims more bytes", .name = "a", .data = "x", .lie_packed = 40, .lie_size = 40);
}

static void encrypted_entries_are_refused(void **state)
{
    static const uint16_t flags[] = {0x0001, 0x0020, 0x0040, 0x2000};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        REFUSED("is encrypted or a patch", .name = "a", .data = "x", .flags = flags[i]);
}

static void damaged_extra_fields_are_refused(void **state)
{
    (void)state;
    REFUSED("extra fields are damaged", .name = "a", .data = "x", .extra = "\x01\x00\x08\x00\x01",
            .extra_len = 5);
    REFUSED("extra fields are damaged", .name = "a", .data = "x",
            .extra = "\x01\x00\xff\x00\0\0\0\0\0", .extra_len = 9);
    REFUSED("extra fields are damaged", .name = "a", .data = "x", .lie_size = -2);
}

/* Two entries over the same bytes: the way to unpack much from little. */
static void overlapping_entries_are_refused(void **state)
{
    OWNED_BUF archive = BUF_OF(1 * MIB);
    struct forged file = {.name = "a", .data = "0123456789012345678901234567890123456789"};
    struct err err;
    size_t start;

    (void)state;
    forge_local(&archive, &file);
    start = archive.len;
    forge_central(&archive, &file, 0);
    forge_central(&archive, &file, 0);
    zip_add_end(&archive, 2, archive.len - start, start);
    assert_fails(read_all(buf_span(&archive), &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "claims more bytes"));
}

/* A small archive with all its zip64 records. */
static void forge64(struct buf *archive, int lie)
{
    static const char extra[] =
        "\x01\x00\x18\x00\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    struct forged file = {.name = "a",
                          .data = "x",
                          .lie_size = -2,
                          .lie_packed = -2,
                          .lie_offset = -1,
                          .extra = extra,
                          .extra_len = 28};
    size_t start, end;

    forge_local(archive, &file);
    start = archive->len;
    forge_central(archive, &file, 0);
    end = archive->len;
    zip_add_end(archive, 0xffff, end - start, start); /* too many, so that it is zip64 */
    archive->data[end + 24] = archive->data[end + 32] = 1;
    archive->data[end + 25] = archive->data[end + 33] = 0;
    if (lie >= 0)
        archive->data[end + (size_t)lie]++;
}

static void zip64_records_are_read(void **state)
{
    OWNED_BUF archive = BUF_OF(1 * MIB);
    struct err err;

    (void)state;
    forge64(&archive, -1);
    assert_ok(read_all(buf_span(&archive), &err));
}

static void zip64_records_that_lie_are_refused(void **state)
{
    static const int fields[] = {0, 4, 16, 20, 24, 32, 40, 48, 56, 60, 64, 72};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        OWNED_BUF archive = BUF_OF(1 * MIB);

        forge64(&archive, fields[i]);
        assert_fails(read_all(buf_span(&archive), &err), ERR_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_cut_off_is_refused),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(an_end_that_lies_is_refused),
        cmocka_unit_test(bytes_before_the_archive_are_refused),
        cmocka_unit_test(comments_are_read_over),
        cmocka_unit_test(headers_must_agree),
        cmocka_unit_test(encrypted_entries_are_refused),
        cmocka_unit_test(damaged_extra_fields_are_refused),
        cmocka_unit_test(overlapping_entries_are_refused),
        cmocka_unit_test(zip64_records_are_read),
        cmocka_unit_test(zip64_records_that_lie_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
