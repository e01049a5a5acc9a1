#include "tests/unit/unit.h"

#include "eos/init/tree.h"

#include <unistd.h>

static void only_the_whole_last_file_is_an_end(void **state)
{
    static const char *const CUT[] = {"", "c", "complete", "complete\n\n", "incomplete\n"};
    char path[] = "/tmp/test-tree-XXXXXX";
    struct err err;

    (void)state;
    assert_fails(tree_check_complete("/nonexistent/complete", &err), ERR_NO_SPACE);
    close(mkstemp(path));
    for (size_t i = 0; i < COUNT_OF(CUT); i++) {
        assert_ok(file_replace(path, span_of_str(CUT[i]), 0600, &err));
        assert_fails(tree_check_complete(path, &err), ERR_NO_SPACE);
    }
    assert_ok(file_replace(path, span_of_str("complete\n"), 0600, &err));
    assert_ok(tree_check_complete(path, &err));
    unlink(path);
}

static void state_leaves_room_for_programs(void **state)
{
    (void)state;
    assert_true(tree_state_bytes(400 * MIB) == 300 * MIB);
    assert_true(tree_state_bytes(0) == 0);
    assert_true(tree_state_bytes(UINT64_MAX) < UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_whole_last_file_is_an_end),
        cmocka_unit_test(state_leaves_room_for_programs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
