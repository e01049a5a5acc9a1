#include "tests/unit/httpd/httpd_test.h"

#include <sys/mman.h>

static void odd_request_ids_are_replaced(void **state)
{
    static const char *const odd[] = {"a b", "", "a\"b", "-x",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                      "aaaaaaaaaaaaaaaaaaaaaaa"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        char text[400];
        OWNED_REPLY reply = {0};

        snprintf(text, sizeof(text), "GET /healthz HTTP/1.1\r\nHost: t\r\nX-Request-Id: %s\r\n\r\n",
                 odd[i]);
        toy_ask(text, &reply);
        assert_int_equal(reply.status, 200);
        assert_int_equal(strlen(https_header(&reply, "X-Request-Id")), 36);
    }
}

static void query_parameters_come_once(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    toy_ask("GET /v1/echo/a?q=1&q=2 HTTP/1.1\r\n" GOOD "\r\n", &reply);
    assert_problem(&reply, 400, "malformed");
}

static void requests_are_counted(void **state)
{
    OWNED_REPLY reply = {0};
    OWNED_BUF text = BUF_OF(1 * MIB);

    (void)state;
    toy_ask("GET /v1/echo/a HTTP/1.1\r\nHost: t\r\n\r\n", &reply);
    for (int i = 0; i < 100; i++) {
        buf_reset(&text);
        metric_write(toy.metrics, &text);
        if (strstr(buf_str(&text), "cocos_http_requests_total{op=\"get_echo\",status=\"401\"} 1") !=
            NULL)
            return;
        usleep(20000);
    }
    fail_msg("not counted: %s", buf_str(&text));
}

/* Standard error of this process goes to a file while the request is served. */
static void ask_and_read_log(const char *request, struct buf *log)
{
    OWNED(close_fd) int saved = dup(STDERR_FILENO);
    OWNED(close_fd) int file = memfd_create("log", MFD_CLOEXEC);
    OWNED_REPLY reply = {0};
    struct err err;

    dup2(file, STDERR_FILENO);
    toy_ask(request, &reply);
    for (int i = 0; i < 200 && log->len == 0; i++) {
        usleep(10000);
        lseek(file, 0, SEEK_SET);
        assert_ok(file_read_fd(file, log, &err));
    }
    dup2(saved, STDERR_FILENO);
}

static void every_request_leaves_a_line(void **state)
{
    OWNED_BUF log = BUF_OF(64 * KIB);
    OWNED_JSON *line = NULL;
    struct err err;

    (void)state;
    ask_and_read_log("GET /v1/echo/a?q=secret HTTP/1.1\r\n" GOOD "X-Request-Id: id-7\r\n"
                     "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
                     "\r\n",
                     &log);
    assert_ok(json_parse(buf_span(&log), &line, &err));
    assert_string_equal(json_get_str(line, "request"), "id-7");
    assert_string_equal(json_get_str(line, "op"), "get_echo");
    assert_string_equal(json_get_str(line, "path"), "/v1/echo/a");
    assert_string_equal(json_get_str(line, "peer"), "127.0.0.1");
    assert_string_equal(json_get_str(line, "trace"), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_int_equal(json_get_int(line, "status"), 200);
    assert_null(strstr(buf_str(&log), "secret"));
    assert_null(strstr(buf_str(&log), "good"));
}

static void what_the_library_refused_leaves_a_line_too(void **state)
{
    OWNED_BUF log = BUF_OF(64 * KIB);
    OWNED_JSON *line = NULL;
    struct err err;

    (void)state;
    ask_and_read_log("GET /healthz HTTP/1.1\r\nNo-Host: t\r\n\r\n", &log);
    assert_ok(json_parse(buf_span(&log), &line, &err));
    assert_int_equal(json_get_int(line, "status"), 400);
}

static void odd_traceparents_are_ignored(void **state)
{
    static const char *const odd[] = {
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "00",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        OWNED(free_str)
        char *request =
            mem_printf("GET /healthz HTTP/1.1\r\nHost: t\r\ntraceparent: %s\r\n\r\n", odd[i]);
        OWNED_BUF log = BUF_OF(64 * KIB);

        ask_and_read_log(request, &log);
        assert_non_null(strstr(buf_str(&log), "get_healthz"));
        assert_null(strstr(buf_str(&log), "trace"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(odd_request_ids_are_replaced),
        TOY_TEST(query_parameters_come_once),
        TOY_TEST(requests_are_counted),
        TOY_TEST(every_request_leaves_a_line),
        TOY_TEST(what_the_library_refused_leaves_a_line_too),
        TOY_TEST(odd_traceparents_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
