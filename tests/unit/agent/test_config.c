#include "tests/unit/unit.h"

#include "services/agent-api/config.h"

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
        cmocka_unit_test(settings_are_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
