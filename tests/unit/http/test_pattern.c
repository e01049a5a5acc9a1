#include "tests/unit/unit.h"

#include "lib/http/pattern.h"

static struct pattern_match match;

static void refuses_other_paths(void **state)
{
    static const char *const others[] = {
        "",          "/",          "/v1",           "/v1/vms",    "/v1/vms/",
        "v1/vms/a",  "/v1/vms/a/", "/v1/vms/a/b",   "/v1/vms//a", "//v1/vms/a",
        "/V1/vms/a", "/v1/vmsx/a", "/v1/%76ms/abc",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (pattern_matches("/v1/vms/{id}", others[i], &match))
            fail_msg("'%s' must not match", others[i]);
    assert_false(pattern_matches("/v1/vms", "*", &match));
    assert_false(pattern_matches("/v1/vms", "/v1/vms/", &match));
}

static void refuses_dangerous_values(void **state)
{
    static const char *const values[] = {
        "..",    ".",         "%2e%2e", "%2E",  "a%2fb",       "%2F",  "%00",
        "a%00b", "%",         "%4",     "%g0",  "%0g",         "%ff",  "%c0%af",
        "%80",   "%ed%a0%80", " ",      "a\tb", "caf\xc3\xa9", "\x7f",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char path[64];

        snprintf(path, sizeof(path), "/v1/datasets/%s", values[i]);
        if (pattern_matches("/v1/datasets/{filename}", path, &match))
            fail_msg("'%s' must not match", values[i]);
    }
}

static void bounds_the_length_of_values(void **state)
{
    char path[PATTERN_VALUE_MAX + 16] = "/d/";

    (void)state;
    memset(path + 3, 'a', PATTERN_VALUE_MAX);
    assert_true(pattern_matches("/d/{name}", path, &match));
    assert_int_equal(strlen(pattern_get(&match, "name")), PATTERN_VALUE_MAX);
    path[3 + PATTERN_VALUE_MAX] = 'a';
    assert_false(pattern_matches("/d/{name}", path, &match));
}

static void bounds_the_number_of_values(void **state)
{
    (void)state;
    assert_true(pattern_matches("/{a}/{b}/{c}/{d}", "/1/2/3/4", &match));
    assert_false(pattern_matches("/{a}/{b}/{c}/{d}/{e}", "/1/2/3/4/5", &match));
}

static void yields_decoded_values(void **state)
{
    (void)state;
    assert_true(pattern_matches("/v1/{kind}/x/{name}", "/v1/vms/x/caf%C3%A9%20+%7e", &match));
    assert_int_equal(match.count, 2);
    assert_string_equal(pattern_get(&match, "kind"), "vms");
    assert_string_equal(pattern_get(&match, "name"), "caf\xc3\xa9 +~");
    assert_null(pattern_get(&match, "other"));
}

static void matches_plain_paths(void **state)
{
    (void)state;
    assert_true(pattern_matches("/v1/vms", "/v1/vms", &match));
    assert_true(pattern_matches("/", "/", &match));
    assert_int_equal(match.count, 0);
}

static void fill_is_the_way_back(void **state)
{
    const char *const values[] = {"a b/../c", "100%"};
    OWNED_BUF out = BUF_OF(256);

    (void)state;
    pattern_fill("/v1/vms/{id}/x/{name}", values, &out);
    assert_string_equal(buf_str(&out), "/v1/vms/a%20b%2F..%2Fc/x/100%25");

    buf_reset(&out);
    pattern_fill("/healthz", NULL, &out);
    assert_string_equal(buf_str(&out), "/healthz");
}

static void decode_is_strict(void **state)
{
    OWNED_BUF out = BUF_OF(8);
    struct err err;

    (void)state;
    assert_fails(percent_decode(span_of_str("abc%4"), &out, &err), ERR_MALFORMED);
    assert_fails(percent_decode(span_of_str("%"), &out, &err), ERR_MALFORMED);
    assert_fails(percent_decode(span_of_str("%zz"), &out, &err), ERR_MALFORMED);
    assert_fails(percent_decode(span_of_str("a b"), &out, &err), ERR_MALFORMED);
    buf_reset(&out);
    assert_ok(percent_decode(span_of_str("%41%62"), &out, &err));
    assert_string_equal(buf_str(&out), "Ab");
    assert_fails(percent_decode(span_of_str("0123456789"), &out, &err), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_other_paths),
        cmocka_unit_test(refuses_dangerous_values),
        cmocka_unit_test(bounds_the_length_of_values),
        cmocka_unit_test(bounds_the_number_of_values),
        cmocka_unit_test(yields_decoded_values),
        cmocka_unit_test(matches_plain_paths),
        cmocka_unit_test(fill_is_the_way_back),
        cmocka_unit_test(decode_is_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
