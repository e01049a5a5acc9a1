#include "tests/unit/unit.h"

#include "lib/program/log.h"

#include <unistd.h>

/* Runs body with standard error in a pipe and returns what it wrote. */
static char *captured(void (*body)(void))
{
    OWNED_BUF out = BUF_OF(64 * KIB);
    int ends[2], saved = dup(STDERR_FILENO);
    struct err err;

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    body();
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    assert_ok(file_read_fd(ends[0], &out, &err));
    close(ends[0]);
    return buf_take(&out);
}

static void speak(void)
{
    struct json *fields = json_new_object();

    log_start("cocos-test", LOG_INFO);
    log_debug("not this");
    log_info("line\nbreak %d", 7);
    log_set_request("r-1");
    json_set_int(fields, "bytes", 5);
    log_with(LOG_WARN, "careful", fields);
    log_set_request(NULL);
}

static void a_line_is_one_json_object(void **state)
{
    OWNED(free_str) char *text = captured(speak);
    char *rest = text, *first = strsep(&rest, "\n"), *second = strsep(&rest, "\n");
    OWNED_JSON *one = NULL;
    OWNED_JSON *two = NULL;
    struct err err;

    (void)state;
    assert_ok(json_parse(span_of_str(first), &one, &err));
    assert_string_equal(json_get_str(one, "level"), "info");
    assert_string_equal(json_get_str(one, "program"), "cocos-test");
    assert_string_equal(json_get_str(one, "msg"), "line\nbreak 7");
    assert_null(json_get(one, "request"));

    assert_ok(json_parse(span_of_str(second), &two, &err));
    assert_string_equal(json_get_str(two, "request"), "r-1");
    assert_int_equal(json_get_int(two, "bytes"), 5);
    assert_string_equal(rest, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_one_json_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
