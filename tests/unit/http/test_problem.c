#include "tests/unit/unit.h"

#include "lib/http/problem.h"

static struct err err;

static int read_back(int status, const char *text)
{
    return problem_to_err(status, span_of_str(text), &err);
}

static void text_that_is_no_problem_is_quoted(void **state)
{
    (void)state;
    assert_int_equal(read_back(502, "<html>\x1b[31mBad\nGateway"), -1);
    assert_int_equal(err.kind, ERR_UNREACHABLE);
    assert_string_equal(err.text, "the server answered 502: '<html>\\x1b[31mBad\\x0aGateway'");
    read_back(401, "");
    assert_int_equal(err.kind, ERR_UNAUTHENTICATED);
    assert_string_equal(err.text, "the server answered 401");
    read_back(418, "[]");
    assert_int_equal(err.kind, ERR_INPUT);
    read_back(599, "{\"detail\": 7}");
    assert_int_equal(err.kind, ERR_INTERNAL);
    assert_string_equal(err.pointer, "");
}

static void a_slug_that_contradicts_the_status_is_ignored(void **state)
{
    (void)state;
    read_back(403, "{\"type\": \"urn:cocos:problem:no-space\", \"detail\": \"x\"}");
    assert_int_equal(err.kind, ERR_FORBIDDEN);
    read_back(422, "{\"type\": \"urn:cocos:problem:none-of-ours\", \"detail\": \"x\"}");
    assert_int_equal(err.kind, ERR_INPUT);
    read_back(422, "{\"type\": \"urn:cocos:problem:untrusted\", \"detail\": \"x\"}");
    assert_int_equal(err.kind, ERR_UNTRUSTED);
}

static void what_a_server_says_is_made_printable(void **state)
{
    (void)state;
    read_back(409, "{\"detail\": \"a\\u001b]0;b\", \"errors\": [{\"pointer\": \"/a\\u0007\"}]}");
    assert_string_equal(err.text, "a\\x1b]0;b");
    assert_string_equal(err.pointer, "/a\\x07");
}

static void errors_survive_the_way(void **state)
{
    (void)state;
    for (int kind = ERR_NONE + 1; kind < ERR_KIND_COUNT; kind++) {
        OWNED_JSON *problem = NULL;
        OWNED_BUF text = BUF_OF(4096);
        struct err sent;

        err_set_at(&sent, (enum err_kind)kind, "/datasets/0", "detail of %d", kind);
        problem = problem_of_err(&sent, "request-1");
        assert_string_equal(json_get_str(problem, "instance"), "request-1");
        assert_int_equal(json_get_int(problem, "status"), err_row(sent.kind)->http_status);
        assert_string_equal(json_get_str(problem, "title"), err_row(sent.kind)->title);
        json_write(problem, &text);

        problem_to_err(err_row(sent.kind)->http_status, buf_span(&text), &err);
        assert_int_equal(err.kind, kind);
        assert_string_equal(err.text, sent.text);
        assert_string_equal(err.pointer, "/datasets/0");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_no_problem_is_quoted),
        cmocka_unit_test(a_slug_that_contradicts_the_status_is_ignored),
        cmocka_unit_test(what_a_server_says_is_made_printable),
        cmocka_unit_test(errors_survive_the_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
