/* Where a computation server is. */
#include "tests/unit/unit.h"

#include "services/grpc-gateway/cvms/setup.h"

static void assert_read(const char *url, bool plaintext, const char *authority, const char *name)
{
    char got[CVMS_NAME_MAX];
    const char *at = NULL;
    struct err err;

    assert_ok(cvms_setup_read_url(url, plaintext, &at, got, &err));
    assert_string_equal(at, authority);
    assert_string_equal(got, name);
}

static void assert_refused(const char *url, bool plaintext)
{
    char got[CVMS_NAME_MAX];
    const char *at = NULL;
    struct err err;

    assert_fails(cvms_setup_read_url(url, plaintext, &at, got, &err), ERR_USAGE);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const urls[] = {
        "",         "host",       "host:",      ":7001",         "https://host",
        "host:0",   "host:65536", "host:70x",   "https://h:1/p", "u@host:1",
        "::1:7001", "[]:7001",    "ftp://h:1/", "host:7001 ",    "https://https://h:1",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++)
        assert_refused(urls[i], false);
}

static void plain_is_for_who_asks_for_it(void **state)
{
    (void)state;
    assert_refused("http://host:7001", false);
    assert_refused("https://host:7001", true);
    assert_read("http://host:7001", true, "host:7001", "host");
    assert_read("host:7001", true, "host:7001", "host");
}

static void the_name_is_what_the_certificate_must_say(void **state)
{
    (void)state;
    assert_read("https://cvms.example:7001", false, "cvms.example:7001", "cvms.example");
    assert_read("10.0.2.100:7001", false, "10.0.2.100:7001", "10.0.2.100");
    assert_read("https://[::1]:7001", false, "[::1]:7001", "::1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(plain_is_for_who_asks_for_it),
        cmocka_unit_test(the_name_is_what_the_certificate_must_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
