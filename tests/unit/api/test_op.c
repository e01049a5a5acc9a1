#include "tests/unit/unit.h"

#include "lib/api/op.h"

/* What holds for every row, whichever service it is of. */
static void check_rows(const struct api_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct api_op *op = &ops[i];

        assert_true(op->path[0] == '/');
        assert_int_equal(op->body == API_BODY_NONE, op->body_max == 0);
        if (op->method == API_GET || op->method == API_HEAD || op->method == API_DELETE)
            assert_int_equal(op->body, API_BODY_NONE);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(ops[k].name, op->name);
            assert_false(ops[k].method == op->method && strcmp(ops[k].path, op->path) == 0);
        }
    }
}

static void rows_are_whole_and_unlike(void **state)
{
    (void)state;
    check_rows(manager_ops, MANAGER_OP_COUNT);
    check_rows(agent_ops, AGENT_OP_COUNT);
}

static void enums_name_their_rows(void **state)
{
    (void)state;
    assert_string_equal(manager_ops[MANAGER_OP_create_vm].name, "create_vm");
    assert_string_equal(agent_ops[AGENT_OP_put_dataset].path, "/v1/datasets/{filename}");
    assert_string_equal(api_method_names[agent_ops[AGENT_OP_head_dataset].method], "HEAD");
}

/* Only what tells nobody anything may be asked by anybody. */
static void open_operations_are_these_and_no_others(void **state)
{
    static const char *const open_ones[] = {"get_healthz", "get_readyz", "get_openapi",
                                            "get_metrics", "get_state",  "get_ima"};

    (void)state;
    for (size_t i = 0; i < AGENT_OP_COUNT; i++) {
        bool known = agent_ops[i].auth != API_AUTH_NONE;

        for (size_t k = 0; k < COUNT_OF(open_ones); k++)
            known |= strcmp(open_ones[k], agent_ops[i].name) == 0;
        assert_true(known);
    }
    for (size_t i = 0; i < MANAGER_OP_COUNT; i++)
        assert_true(manager_ops[i].auth != API_AUTH_NONE ||
                    !text_starts_with(manager_ops[i].path, "/v1/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_whole_and_unlike),
        cmocka_unit_test(enums_name_their_rows),
        cmocka_unit_test(open_operations_are_these_and_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
