/* Where a computation server is. */
#include "tests/unit/unit.h"

#include "lib/api/cvms_url.h"

static void assert_read(const char *url, bool is_plain, const char *authority, const char *host)
{
    struct api_cvms_url got;
    struct err err;

    assert_ok(api_cvms_url_read(url, &got, &err));
    assert_int_equal(got.is_plain, is_plain);
    assert_string_equal(got.authority, authority);
    assert_string_equal(got.host, host);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const urls[] = {
        "",
        "host",
        "host:",
        ":7001",
        "https://host",
        "host:0",
        "host:65536",
        "host:70x",
        "host:+1",
        "https://h:1/p",
        "u@host:1",
        "::1:7001",
        "[]:7001",
        "[::1:7001",
        "ftp://h:1/",
        "h,x:7001",
        "host:7001 ",
        "https://https://h:1",
        "h\n:1",
        "-h:1",
        "[h]:1",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct api_cvms_url got;
        struct err err;

        assert_fails(api_cvms_url_read(urls[i], &got, &err), ERR_INPUT);
    }
}

static void a_host_that_is_too_long_is_refused(void **state)
{
    char url[API_CVMS_HOST_SIZE + 8];
    struct api_cvms_url got;
    struct err err;

    (void)state;
    memset(url, 'h', sizeof(url));
    memcpy(url + API_CVMS_HOST_SIZE, ":1", 3);
    assert_fails(api_cvms_url_read(url, &got, &err), ERR_INPUT);
    assert_ok(api_cvms_url_read(url + 1, &got, &err));
}

static void what_is_an_address_is_taken_apart(void **state)
{
    (void)state;
    assert_read("https://cvms.example:7001", false, "cvms.example:7001", "cvms.example");
    assert_read("http://cvms-1:7001", true, "cvms-1:7001", "cvms-1");
    assert_read("10.0.2.100:7001", false, "10.0.2.100:7001", "10.0.2.100");
    assert_read("https://[::1]:7001", false, "[::1]:7001", "::1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_host_that_is_too_long_is_refused),
        cmocka_unit_test(what_is_an_address_is_taken_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
