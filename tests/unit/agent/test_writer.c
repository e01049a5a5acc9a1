#include "tests/unit/unit.h"

#include "lib/base/file.h"
#include "services/agent-api/engine/writer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define FILE_MAX (4 * MIB)

static int new_file(void)
{
    int fd = memfd_create("writer", MFD_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

/* No file of this process may become larger: like a full disk, without one. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void what_failed_once_stays_failed(void **state)
{
    OWNED(free_str) char *block = mem_zeroed(1, MIB);
    const size_t sizes[] = {100, MIB}; /* without the thread, and with it */

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        OWNED(close_fd) int fd = new_file();
        OWNED_OF(writer) *writer = writer_new(fd);
        struct err first, again;

        limit_files(10);
        writer_begin(writer, span_of(block, sizes[i]));
        assert_int_equal(writer_join(writer, &first), -1);
        limit_files(RLIM_INFINITY);
        writer_begin(writer, span_of(block, sizes[i]));
        assert_int_equal(writer_join(writer, &again), -1);
        assert_string_equal(first.text, again.text);
        assert_int_equal(lseek(fd, 0, SEEK_END), 10); /* nothing follows a hole */
    }
}

static void a_closed_file_is_an_error(void **state)
{
    OWNED_OF(writer) *writer = writer_new(-1);
    OWNED(free_str) char *block = mem_zeroed(1, MIB);
    struct err err;

    (void)state;
    writer_begin(writer, span_of(block, MIB));
    assert_int_equal(writer_join(writer, &err), -1);
}

static void blocks_of_any_size_are_written_in_order(void **state)
{
    const size_t sizes[] = {1, 300000, 10, 65536, 65537, 262144, 262144, 0, 7, 1048576};
    OWNED(close_fd) int fd = new_file();
    OWNED_OF(writer) *writer = writer_new(fd);
    OWNED_BUF whole = BUF_OF(FILE_MAX);
    OWNED(free_str) char *got = mem_zeroed(1, FILE_MAX);
    struct err err;
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        uint8_t *bytes = buf_grow(&whole, sizes[i]);

        for (size_t k = 0; k < sizes[i]; k++)
            bytes[k] = (uint8_t)(k * 31 + i);
    }
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        writer_begin(writer, span_of(whole.data + at, sizes[i]));
        assert_int_equal(writer_join(writer, &err), 0);
        at += sizes[i];
    }
    assert_int_equal(pread(fd, got, FILE_MAX, 0), whole.len);
    assert_memory_equal(got, whole.data, whole.len);
}

static void a_writer_that_goes_finishes_its_block(void **state)
{
    OWNED(close_fd) int fd = new_file();
    OWNED(free_str) char *block = mem_zeroed(1, MIB);
    struct writer *writer = writer_new(fd);

    (void)state;
    writer_free(NULL);
    writer_free(writer);
    writer = writer_new(fd);
    writer_begin(writer, span_of(block, MIB));
    writer_free(writer);
    assert_int_equal(lseek(fd, 0, SEEK_END), MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_failed_once_stays_failed),
        cmocka_unit_test(a_closed_file_is_an_error),
        cmocka_unit_test(blocks_of_any_size_are_written_in_order),
        cmocka_unit_test(a_writer_that_goes_finishes_its_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
