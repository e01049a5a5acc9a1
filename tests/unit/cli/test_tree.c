/* The tables themselves: whatever is printed from them can only be as good as they are. */
#include "tests/unit/unit.h"

#include "cli/command.h"
#include "cli/describe.h"
#include "cli/profile.h"

#include <ctype.h>

static bool is_setting_of_profile(const char *name)
{
    OWNED_BUF line = BUF_OF(256);
    OWNED_OF(profile) *profile = NULL;
    struct err err;

    buf_printf(&line, "%s = x\n", name);
    return profile_parse(buf_span(&line), &profile, &err) == 0;
}

static void every_command_is_complete(void **state)
{
    const struct command *command = NULL;

    (void)state;
    while ((command = command_next(command)) != NULL) {
        size_t length = strlen(command->summary);

        assert_non_null(command->args);
        assert_non_null(command->run);
        assert_true(command->options_size >= sizeof(struct common_options));
        assert_true(command->args_min <= command->args_max);
        assert_int_equal(command->args_max == 0, command->args[0] == '\0');
        assert_true(isupper((unsigned char)command->summary[0]));
        assert_true(command->summary[length - 1] != '.');
        assert_ptr_equal(command_find(command->path), command);
    }
}

static void every_flag_is_sound(void **state)
{
    const struct command *command = NULL;

    (void)state;
    while ((command = command_next(command)) != NULL) {
        const struct flag *flag;
        size_t set = 0, at = 0, base;

        while ((flag = command_flag(command, &set, &at, &base)) != NULL) {
            size_t length = strlen(flag->help);
            size_t found;

            assert_ptr_equal(flag_find(command, span_of_str(flag->name), &found), flag);
            assert_int_equal(
                flag->letter != 0 && flag_find_letter(command, flag->letter, &found) != flag, 0);
            if (flag->type == FLAG_LATER)
                continue;
            assert_true(length > 0 && flag->help[length - 1] != '.');
            assert_int_equal(flag->type == FLAG_BOOL, flag->value == NULL);
            assert_int_equal(flag->type == FLAG_CHOICE, flag->choices != NULL);
            assert_int_equal(flag->type == FLAG_U64 || flag->type == FLAG_DURATION, flag->max > 0);
            assert_true(base + flag->offset < command->options_size);
        }
    }
}

/* The manager's own settings, which doctor reads, are no settings of a client. */
static void every_setting_may_stand_in_a_profile(void **state)
{
    const struct command *command = NULL;

    (void)state;
    while ((command = command_next(command)) != NULL) {
        const struct flag *flag;
        size_t set = 0, at = 0, base;

        while ((flag = command_flag(command, &set, &at, &base)) != NULL)
            if (flag->env != NULL && strcmp(command->path, "doctor") != 0)
                assert_true(is_setting_of_profile(flag->name));
    }
}

static void every_environment_variable_is_described(void **state)
{
    const struct command *command = NULL;

    (void)state;
    while ((command = command_next(command)) != NULL) {
        const struct flag *flag;
        size_t set = 0, at = 0, base;

        while ((flag = command_flag(command, &set, &at, &base)) != NULL) {
            const struct described *row = described_environment;

            if (flag->env == NULL || flag->type == FLAG_LATER ||
                strcmp(command->path, "doctor") == 0)
                continue;
            while (row->name != NULL && strcmp(row->name, flag->env) != 0)
                row++;
            assert_non_null(row->name);
        }
    }
}

static void every_exit_code_is_described(void **state)
{
    (void)state;
    for (int kind = ERR_NONE; kind < ERR_KIND_COUNT; kind++) {
        const struct described *row = described_exit_codes;
        char code[16];

        snprintf(code, sizeof(code), "%d", err_row((enum err_kind)kind)->exit_code);
        while (row->name != NULL && strcmp(row->name, code) != 0)
            row++;
        assert_non_null(row->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_complete),
        cmocka_unit_test(every_flag_is_sound),
        cmocka_unit_test(every_setting_may_stand_in_a_profile),
        cmocka_unit_test(every_environment_variable_is_described),
        cmocka_unit_test(every_exit_code_is_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
