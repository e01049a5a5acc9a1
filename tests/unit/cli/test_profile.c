#include "tests/unit/unit.h"

#include "cli/profile.h"

static void keys_may_be_spelled_with_either_dash(void **state)
{
    OWNED_OF(profile) *profile = NULL;
    struct err err;

    (void)state;
    assert_ok(profile_parse(span_of_str("# mine\n\n  manager-url=https://a \r\nagent_pin =\tx=y\n"
                                        "key = one\nkey = two"),
                            &profile, &err));
    assert_string_equal(profile_get(profile, "manager_url"), "https://a");
    assert_string_equal(profile_get(profile, "manager-url"), "https://a");
    assert_string_equal(profile_get(profile, "agent-pin"), "x=y");
    assert_string_equal(profile_get(profile, "key"), "two");
    assert_null(profile_get(profile, "manifest"));
    assert_null(profile_get(profile, "nonsense"));
}

static void an_empty_value_is_none(void **state)
{
    OWNED_OF(profile) *profile = NULL;
    struct err err;

    (void)state;
    assert_ok(profile_parse(span_of_str("key =\n"), &profile, &err));
    assert_null(profile_get(profile, "key"));
    assert_null(profile_get(NULL, "key"));
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    struct profile *profile = NULL;
    struct err err;

    (void)state;
    assert_fails(profile_parse(span_of_str("\n\nkeys = x\n"), &profile, &err), ERR_USAGE);
    assert_non_null(strstr(err.text, "line 3"));
    assert_fails(profile_parse(span_of_str("key\n"), &profile, &err), ERR_USAGE);
    assert_fails(profile_parse(span_of_str("= x\n"), &profile, &err), ERR_USAGE);
    assert_fails(profile_parse(span_of("key = a\0b", 9), &profile, &err), ERR_USAGE);
    assert_fails(profile_parse(span_of_str("key = \xff\n"), &profile, &err), ERR_USAGE);
    assert_null(profile);
}

static void profiles_lie_in_the_home_of_configuration(void **state)
{
    OWNED_BUF path = BUF_OF(4 * KIB);
    struct err err;

    (void)state;
    setenv("HOME", "/home/me", 1);
    unsetenv("XDG_CONFIG_HOME");
    assert_ok(profile_path("lab", ".conf", &path, &err));
    assert_string_equal(buf_str(&path), "/home/me/.config/cocos/lab.conf");
    buf_reset(&path);
    setenv("XDG_CONFIG_HOME", "/cfg", 1);
    assert_ok(profile_path("lab", ".ca.pem", &path, &err));
    assert_string_equal(buf_str(&path), "/cfg/cocos/lab.ca.pem");
    setenv("XDG_CONFIG_HOME", "relative", 1);
    unsetenv("HOME");
    assert_fails(profile_path("lab", ".conf", &path, &err), ERR_USAGE);
}

static void names_cannot_leave_that_place(void **state)
{
    static const char *const bad[] = {"", ".", "..", "a/b", "../x", "-x", ".x", NULL};
    OWNED_BUF path = BUF_OF(4 * KIB);
    struct err err;

    (void)state;
    setenv("HOME", "/home/me", 1);
    for (size_t i = 0; bad[i] != NULL; i++)
        assert_fails(profile_path(bad[i], ".conf", &path, &err), ERR_USAGE);
}

static void only_a_profile_that_was_named_must_exist(void **state)
{
    struct profile *profile = NULL;
    struct err err;

    (void)state;
    setenv("HOME", "/nonexistent", 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("COCOS_PROFILE");
    assert_ok(profile_load(NULL, &profile, &err));
    assert_null(profile);
    assert_fails(profile_load("lab", &profile, &err), ERR_USAGE);
    setenv("COCOS_PROFILE", "lab", 1);
    assert_fails(profile_load(NULL, &profile, &err), ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_may_be_spelled_with_either_dash),
        cmocka_unit_test(an_empty_value_is_none),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(profiles_lie_in_the_home_of_configuration),
        cmocka_unit_test(names_cannot_leave_that_place),
        cmocka_unit_test(only_a_profile_that_was_named_must_exist),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
