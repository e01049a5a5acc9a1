#include "tests/unit/unit.h"

#include "lib/program/event.h"

static int added;

static void on_added(void *ctx)
{
    (void)ctx;
    added++;
}

static struct json *data_of(const char *text)
{
    struct json *data = json_new_object();

    json_set_str(data, "text", text);
    return data;
}

static void stream_form_has_id_type_and_data(void **state)
{
    OWNED_OF(event_log) *log = event_log_new(4, on_added, NULL);
    OWNED_BUF out = BUF_OF(4096);
    uint64_t id = 0;

    (void)state;
    added = 0;
    assert_int_equal(event_log_add(log, 1, "vm.created", "a", data_of("x\n")), 1);
    assert_int_equal(added, 1);
    assert_true(event_log_next(log, NULL, &id, &out));
    assert_string_equal(buf_str(&out),
                        "id: 1\nevent: vm.created\n"
                        "data: {\"id\":1,\"time\":\"1970-01-01T00:00:01Z\",\"type\":\"vm.created\","
                        "\"subject\":\"a\",\"data\":{\"text\":\"x\\n\"}}\n\n");
    assert_false(event_log_next(log, NULL, &id, &out));
}

static void reader_resumes_and_filters(void **state)
{
    OWNED_OF(event_log) *log = event_log_new(10, NULL, NULL);
    OWNED_BUF out = BUF_OF(4096);
    uint64_t id = 1;

    (void)state;
    event_log_add(log, 1, "t", "a", NULL);
    event_log_add(log, 1, "t", "b", NULL);
    event_log_add(log, 1, "t", "a", NULL);
    assert_true(event_log_next(log, "a", &id, &out));
    assert_int_equal(id, 3);
    assert_false(event_log_next(log, "a", &id, &out));
    event_log_add(log, 1, "t", "b", NULL);
    assert_false(event_log_next(log, "a", &id, &out));
    assert_int_equal(id, 4); /* what was passed over is not looked at again */
}

static void old_events_give_way(void **state)
{
    OWNED_OF(event_log) *log = event_log_new(3, NULL, NULL);
    OWNED_BUF out = BUF_OF(4096), lines = BUF_OF(4096);
    uint64_t id = 0;

    (void)state;
    for (int i = 0; i < 10; i++)
        event_log_add(log, i, "t", NULL, data_of("d"));
    assert_int_equal(event_log_last_id(log), 10);
    assert_true(event_log_next(log, NULL, &id, &out));
    assert_int_equal(id, 8);

    event_log_write_line(log, 7, &lines);
    assert_int_equal(lines.len, 0);
    event_log_write_line(log, 8, &lines);
    assert_true(text_starts_with(buf_str(&lines), "{\"id\":8,"));
}

static void ids_follow_those_of_another_log(void **state)
{
    OWNED_OF(event_log) *log = event_log_new(3, NULL, NULL);
    OWNED_BUF out = BUF_OF(4096), line = BUF_OF(4096);
    uint64_t id = 0;

    (void)state;
    event_log_begin(log, 5000);
    assert_int_equal(event_log_last_id(log), 5000);
    assert_false(event_log_next(log, NULL, &id, &out)); /* nothing of the other is here */
    event_log_write_line(log, 5000, &line);
    assert_int_equal(line.len, 0);
    assert_int_equal(event_log_add(log, 1, "t", "s", NULL), 5001);
    assert_int_equal(event_log_add(log, 1, "t", "s", NULL), 5002);
    id = 0;
    assert_true(event_log_next(log, NULL, &id, &out));
    assert_int_equal(id, 5001);
    event_log_write_line(log, 5002, &line);
    assert_true(text_starts_with(buf_str(&line), "{\"id\":5002,"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_form_has_id_type_and_data),
        cmocka_unit_test(reader_resumes_and_filters),
        cmocka_unit_test(old_events_give_way),
        cmocka_unit_test(ids_follow_those_of_another_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
