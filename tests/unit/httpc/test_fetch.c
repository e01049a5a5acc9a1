/* Documents of services that are not ours. Rate limits, ceilings and broken services: tests/api. */
#include "tests/unit/httpc/served.h"

#include "lib/httpc/fetch.h"

static struct fetcher *fetcher_of(const struct fetch_config *config)
{
    struct fetcher *fetcher = NULL;
    struct err err;

    assert_ok(fetcher_new(config, &fetcher, &err));
    return fetcher;
}

static void only_https_addresses_are_asked(void **state)
{
    static const char *const bad[] = {"http://127.0.0.1/", "file:///etc/passwd", "ftp://h", ""};
    OWNED_FETCHER *fetcher = fetcher_of(&(struct fetch_config){.user_agent = "t"});
    OWNED_FETCH_REPLY reply = {0};
    OWNED_BUF out = BUF_OF(100);
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_fails(fetch_get(fetcher, bad[i], NULL, &out, &reply, &err), ERR_USAGE);
}

static void a_ca_that_is_none_is_refused(void **state)
{
    const struct fetch_config config = {.ca_pem = span_of_str("noise")};
    struct fetcher *fetcher = NULL;
    struct err err;

    (void)state;
    assert_int_equal(fetcher_new(&config, &fetcher, &err), -1);
    assert_null(fetcher);
}

static void nobody_there_is_unreachable(void **state)
{
    OWNED_FETCHER *fetcher = fetcher_of(&(struct fetch_config){.timeout_ms = 2000});
    OWNED_FETCH_REPLY reply = {0};
    OWNED_BUF out = BUF_OF(100);
    struct err err;

    (void)state;
    assert_fails(fetch_get(fetcher, "https://127.0.0.1:1/x", NULL, &out, &reply, &err),
                 ERR_UNREACHABLE);
    assert_int_equal(reply.status, 0);
    assert_non_null(strstr(err.text, "https://127.0.0.1:1/x"));
}

static void a_service_that_nobody_vouches_for_is_not_asked(void **state)
{
    OWNED_FETCHER *fetcher = fetcher_of(&(struct fetch_config){.timeout_ms = 5000});
    OWNED_FETCH_REPLY reply = {0};
    OWNED_BUF out = BUF_OF(100);
    struct err err;

    (void)state;
    assert_fails(fetch_get(fetcher, url, NULL, &out, &reply, &err), ERR_UNTRUSTED);
    assert_int_equal(out.len, 0);
}

static void a_caller_who_wants_to_stop_is_heard(void **state)
{
    const struct fetch_config config = {.stopped = stopped,
                                        .ca_pem = buf_span(&toy.server.certificate)};
    OWNED_FETCHER *fetcher = fetcher_of(&config);
    OWNED_FETCH_REPLY reply = {0};
    OWNED_BUF out = BUF_OF(100);
    struct err err;

    (void)state;
    stop_now = true;
    assert_fails(fetch_get(fetcher, url, NULL, &out, &reply, &err), ERR_INTERRUPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(only_https_addresses_are_asked),
        SERVED(a_ca_that_is_none_is_refused),
        SERVED(nobody_there_is_unreachable),
        SERVED(a_service_that_nobody_vouches_for_is_not_asked),
        SERVED(a_caller_who_wants_to_stop_is_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
