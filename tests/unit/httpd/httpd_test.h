/* What the tests of the server share. */
#ifndef COCOS_TESTS_HTTPD_TEST_H
#define COCOS_TESTS_HTTPD_TEST_H

#include "tests/unit/unit.h"

#include "lib/base/clock.h"
#include "tests/fakes/toy_service.h"

#include <pthread.h>
#include <unistd.h>

/* A fresh server for each test. */
static inline int toy_setup(void **state)
{
    (void)state;
    toy_start(NULL);
    return 0;
}

static inline int toy_teardown(void **state)
{
    (void)state;
    toy_stop(0);
    return 0;
}

#define TOY_TEST(name) cmocka_unit_test_setup_teardown(name, toy_setup, toy_teardown)

static inline struct json *body_of(const struct https_reply *reply)
{
    struct json *json = NULL;
    struct err err;

    if (json_parse(buf_span(&reply->body), &json, &err) < 0)
        fail_msg("'%s': %s", buf_str(&reply->body), err.text);
    return json;
}

static inline void assert_problem(const struct https_reply *reply, int status, const char *slug)
{
    OWNED_JSON *problem = body_of(reply);
    char type[80];

    snprintf(type, sizeof(type), "urn:cocos:problem:%s", slug);
    assert_int_equal(reply->status, status);
    assert_string_equal(https_header(reply, "Content-Type"), "application/problem+json");
    assert_string_equal(json_get_str(problem, "type"), type);
    assert_int_equal(json_get_int(problem, "status"), status);
    assert_string_equal(json_get_str(problem, "instance"), https_header(reply, "X-Request-Id"));
}

static inline void assert_between(int64_t value, int64_t least, int64_t most)
{
    if (value < least || value > most)
        fail_msg("%lld ms is not between %lld and %lld", (long long)value, (long long)least,
                 (long long)most);
}

#endif
