#include "tests/unit/unit.h"

#include "lib/base/mem.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static void ask_for_too_much(int way)
{
    if (way == 0)
        free(mem_zeroed(SIZE_MAX / 2, 4));
    else
        free(mem_resize(NULL, SIZE_MAX / 2, 4));
}

static void sizes_that_overflow_abort(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        pid_t pid = fork();
        int status = 0;

        if (pid == 0) {
            close(STDERR_FILENO); /* a sanitizer would explain itself at length */
            ask_for_too_much(way);
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    }
}

static void nothing_is_still_memory(void **state)
{
    void *none = mem_zeroed(0, 0);
    void *resized = mem_resize(NULL, 0, 4);

    (void)state;
    assert_non_null(none);
    assert_non_null(resized);
    free(none);
    free(resized);
}

static void memory_starts_as_zeros(void **state)
{
    uint8_t *bytes = mem_zeroed(100, 3);

    (void)state;
    assert_true(span_is_zero(span_of(bytes, 300)));
    free(bytes);
}

static void copies_are_separate_and_end_in_nul(void **state)
{
    OWNED(free_str) char *copy = mem_copy("a\0b", 3);
    OWNED(free_str) char *none = mem_strdup(NULL);
    OWNED(free_str) char *text = mem_printf("%s-%d", "x", 5);

    (void)state;
    assert_memory_equal(copy, "a\0b", 4);
    assert_null(none);
    assert_string_equal(text, "x-5");
}

static void a_text_can_be_set_to_a_part_of_itself(void **state)
{
    OWNED(free_str) char *text = NULL;

    (void)state;
    mem_set_str(&text, "hello world");
    mem_set_str(&text, text + 6);
    assert_string_equal(text, "world");
    mem_set_str(&text, NULL);
    assert_null(text);
}

static void giving_leaves_null_behind(void **state)
{
    char *owner = mem_strdup("x");
    OWNED(free_str) char *taker = GIVE(owner);

    (void)state;
    assert_null(owner);
    assert_string_equal(taker, "x");
}

static void descriptors_are_closed_once(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), copy = fd;

    (void)state;
    close_fd(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(fcntl(copy, F_GETFD), -1);
    close_fd(&fd);
}

static void wiping_leaves_zeros(void **state)
{
    uint8_t bytes[16];

    (void)state;
    memset(bytes, 0xff, sizeof(bytes));
    mem_wipe(bytes, 15);
    assert_true(span_is_zero(span_of(bytes, 15)));
    assert_int_equal(bytes[15], 0xff);
    mem_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_overflow_abort),
        cmocka_unit_test(nothing_is_still_memory),
        cmocka_unit_test(memory_starts_as_zeros),
        cmocka_unit_test(copies_are_separate_and_end_in_nul),
        cmocka_unit_test(a_text_can_be_set_to_a_part_of_itself),
        cmocka_unit_test(giving_leaves_null_behind),
        cmocka_unit_test(descriptors_are_closed_once),
        cmocka_unit_test(wiping_leaves_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
