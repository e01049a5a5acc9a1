#include "tests/unit/unit.h"

#include "services/agent-api/config.h"

#include <unistd.h>

static void what_is_asked_for_must_be_there(void **state)
{
    struct config config = {.platform = PLATFORM_TDX};
    const char *name = NULL;
    struct err err;

    (void)state;
    if (access("/dev/tdx_guest", F_OK) == 0)
        return;
    assert_fails(config_find_platform(&config, &name, &err), ERR_USAGE);
    assert_string_equal(err.text, "platform tdx: there is no /dev/tdx_guest");
}

static void what_needs_no_device_is_as_it_is_said(void **state)
{
    struct config config = {.platform = PLATFORM_NONE};
    const char *name = NULL;
    struct err err;

    (void)state;
    assert_ok(config_find_platform(&config, &name, &err));
    assert_string_equal(name, "none");
    config.platform = PLATFORM_SIM;
    assert_ok(config_find_platform(&config, &name, &err));
    assert_string_equal(name, "sim");
}

static void auto_finds_something(void **state)
{
    struct config config = {.platform = PLATFORM_AUTO};
    const char *name = NULL;
    struct err err;

    (void)state;
    assert_ok(config_find_platform(&config, &name, &err));
    assert_string_not_equal(name, "auto");
    assert_string_not_equal(name, "sim");
}

static void settings_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < agent_info.setting_count; i++) {
        assert_true(text_starts_with(agent_info.settings[i].env, "COCOS_AGENT_"));
        assert_non_null(agent_info.settings[i].help);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for_must_be_there),
        cmocka_unit_test(what_needs_no_device_is_as_it_is_said),
        cmocka_unit_test(auto_finds_something),
        cmocka_unit_test(settings_are_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
