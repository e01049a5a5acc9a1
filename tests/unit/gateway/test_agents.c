/* The machines that dialled in to the try-out server. */
#include "tests/unit/unit.h"

#include "services/grpc-gateway/cvms_server/agents.h"

#include <pthread.h>

static int send_text(struct agents *agents, const char *name, const char *text, struct err *err)
{
    OWNED_BUF message = BUF_OF(1 * KIB);
    const struct agents_order order = {&message, 1};

    buf_add_str(&message, text);
    return agents_send(agents, name, &order, err);
}

static void one_name_is_here_once(void **state)
{
    struct agents *agents = agents_new(NULL, NULL);
    struct agent *first, *second;
    struct err err;

    (void)state;
    assert_fails(agents_enter(agents, "../x", &first, &err), ERR_INPUT);
    assert_ok(agents_enter(agents, "vm-1", &first, &err));
    assert_fails(agents_enter(agents, "vm-1", &second, &err), ERR_STATE);
    assert_ok(agents_enter_speaker(agents, "vm-1", &second, &err));
    assert_ptr_equal(first, second);
    assert_fails(agents_enter_speaker(agents, NULL, &second, &err), ERR_INPUT);
    agents_leave(agents, first);
    assert_ok(agents_enter(agents, "vm-1", &second, &err));
    assert_ptr_equal(first, second);
    agents_free(agents);
}

static void who_has_no_name_gets_one(void **state)
{
    struct agents *agents = agents_new(NULL, NULL);
    struct agent *first, *second, *third;
    OWNED_JSON *list = NULL;
    struct err err;

    (void)state;
    assert_ok(agents_enter(agents, NULL, &first, &err));
    assert_ok(agents_enter(agents, NULL, &second, &err));
    agents_leave(agents, first);
    assert_ok(agents_enter(agents, NULL, &third, &err));
    assert_ptr_equal(first, third);
    list = agents_list(agents);
    assert_int_equal(json_count(list), 2);
    assert_string_equal(json_get_str(json_at(list, 1), "id"), "agent-2");
    agents_free(agents);
}

static void no_more_are_known_than_may_be(void **state)
{
    struct agents *agents = agents_new(NULL, NULL);
    struct agent *agent;
    char name[16];
    struct err err;

    (void)state;
    for (int i = 0; i < AGENTS_MAX; i++) {
        snprintf(name, sizeof(name), "vm-%d", i);
        assert_ok(agents_enter(agents, name, &agent, &err));
    }
    assert_fails(agents_enter(agents, "one-more", &agent, &err), ERR_TOO_MANY);
    agents_free(agents);
}

static void orders_wait_in_order_and_go_with_who_leaves(void **state)
{
    struct agents *agents = agents_new(NULL, NULL);
    OWNED_BUF out = BUF_OF(1 * KIB);
    struct agent *agent;
    struct err err;

    (void)state;
    assert_fails(send_text(agents, "vm-1", "x", &err), ERR_NOT_FOUND);
    assert_ok(agents_enter(agents, "vm-1", &agent, &err));
    for (int i = 0; i < AGENTS_ORDERS; i++)
        assert_ok(send_text(agents, "vm-1", i == 0 ? "first" : "next", &err));
    assert_fails(send_text(agents, "vm-1", "x", &err), ERR_TOO_MANY);
    assert_true(agents_next_order(agents, agent, &out));
    assert_string_equal(buf_str(&out), "first");
    agents_leave(agents, agent);
    assert_false(agents_next_order(agents, agent, &out));
    assert_fails(send_text(agents, "vm-1", "x", &err), ERR_UNAVAILABLE);
    agents_free(agents);
}

static void *answer(void *arg)
{
    struct agents *agents = arg;
    OWNED_BUF asked = BUF_OF(1 * KIB);
    struct agent *agent;
    struct err err;

    if (agents_enter_speaker(agents, "vm-1", &agent, &err) < 0)
        return NULL;
    while (agents_next_order(agents, agent, &asked)) {
        struct json *data = json_new_object();

        json_set_str(data, "state", "Running");
        agents_heard(agents, agent, 1, "state", data);
    }
    return NULL;
}

static void a_state_is_asked_and_answered(void **state)
{
    struct agents *agents = agents_new(NULL, NULL);
    OWNED_BUF ask = BUF_OF(1 * KIB);
    OWNED_JSON *json = NULL;
    struct agent *agent;
    pthread_t thread;
    struct err err;

    (void)state;
    assert_ok(agents_enter(agents, "vm-1", &agent, &err));
    assert_fails(agents_ask_state(agents, "vm-1", &ask, 10, &json, &err), ERR_TIMEOUT);
    assert_int_equal(pthread_create(&thread, NULL, answer, agents), 0);
    assert_ok(agents_ask_state(agents, "vm-1", &ask, 10000, &json, &err));
    assert_string_equal(json_get_str(json, "state"), "Running");
    agents_leave(agents, agent);
    pthread_join(thread, NULL);
    agents_free(agents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_name_is_here_once),
        cmocka_unit_test(who_has_no_name_gets_one),
        cmocka_unit_test(no_more_are_known_than_may_be),
        cmocka_unit_test(orders_wait_in_order_and_go_with_who_leaves),
        cmocka_unit_test(a_state_is_asked_and_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
