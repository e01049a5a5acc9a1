#include "tests/unit/unit.h"

#include "lib/api/op.h"
#include "lib/base/mem.h"

static void check_table(const struct api_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ops[i].path[0], '/');
        assert_true(ops[i].method < API_METHOD_COUNT);
        /* A body has a ceiling, and only a body has one. */
        assert_int_equal(ops[i].body != API_BODY_NONE, ops[i].body_max > 0);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(ops[i].name, ops[k].name);
            assert_false(ops[i].method == ops[k].method && strcmp(ops[i].path, ops[k].path) == 0);
        }
    }
}

static void rows_have_names_and_paths_of_their_own(void **state)
{
    (void)state;
    check_table(manager_ops, MANAGER_OP_COUNT);
    check_table(agent_ops, AGENT_OP_COUNT);
}

static void an_operations_number_is_that_of_its_row(void **state)
{
    (void)state;
    assert_string_equal(manager_ops[MANAGER_OP_create_vm].name, "create_vm");
    assert_string_equal(agent_ops[AGENT_OP_get_state].path, "/v1/state");
    assert_string_equal(api_method_names[manager_ops[MANAGER_OP_delete_vm].method], "DELETE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_names_and_paths_of_their_own),
        cmocka_unit_test(an_operations_number_is_that_of_its_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
