#include "tests/unit/unit.h"

#include "cli/command.h"

#define ARGV_MAX 16

/* Parses a command line, given as words. */
static int parse(const char *const words[], struct cli *cli, struct err *err)
{
    char *argv[ARGV_MAX] = {(char *)"cocos-cli"};
    int argc = 1;

    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)words[argc - 1];
    *cli = (struct cli){0};
    return cli_parse(argc, argv, cli, err);
}

#define PARSE(cli, ...) parse((const char *const[]){__VA_ARGS__, NULL}, cli, &err)

static void assert_usage(const char *const words[], const char *says)
{
    struct cli cli;
    struct err err = {0};

    assert_int_equal(parse(words, &cli, &err), -1);
    assert_int_equal(err.kind, ERR_USAGE);
    assert_non_null(strstr(err.text, says));
    cli_done(&cli);
}

#define ASSERT_USAGE(says, ...) assert_usage((const char *const[]){__VA_ARGS__, NULL}, says)

static int set_up(void **state)
{
    (void)state;
    setenv("HOME", "/nonexistent", 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("COCOS_KEY");
    unsetenv("COCOS_PROFILE");
    unsetenv("COCOS_POLICY");
    return 0;
}

static void commands_are_found_by_their_words(void **state)
{
    struct cli cli;
    struct err err;

    (void)state;
    assert_ok(PARSE(&cli, "manifest", "hash", "f.json"));
    assert_string_equal(cli.command->path, "manifest hash");
    assert_string_equal(cli_arg(&cli, 0), "f.json");
    assert_null(cli_arg(&cli, 1));
    cli_done(&cli);
}

static void an_argument_may_look_like_a_command(void **state)
{
    struct cli cli;
    struct err err;

    (void)state;
    assert_ok(PARSE(&cli, "checksum", "checksum"));
    assert_string_equal(cli.command->path, "checksum");
    assert_string_equal(cli_arg(&cli, 0), "checksum");
    cli_done(&cli);
}

static void common_flags_may_stand_before_the_command(void **state)
{
    struct cli cli;
    struct err err;

    (void)state;
    assert_ok(PARSE(&cli, "--json", "-v", "version"));
    assert_true(cli.options->json);
    assert_true(cli.options->verbose);
    cli_done(&cli);
}

static void values_may_be_attached_or_follow(void **state)
{
    static const char *const forms[][4] = {
        {"keys", "--name=a", NULL}, {"keys", "--name", "a", NULL}, {"keys", "-n", "a", NULL},
        {"keys", "-na", NULL},      {"keys", "-n=a", NULL},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct cli cli;
        const struct flag *flag;
        size_t base;

        assert_ok(parse(forms[i], &cli, &err));
        flag = flag_find(cli.command, span_of_str("name"), &base);
        assert_string_equal(*(const char **)((char *)cli.options + base + flag->offset), "a");
        cli_done(&cli);
    }
}

static void letters_may_be_put_together(void **state)
{
    struct cli cli;
    struct err err;

    (void)state;
    assert_ok(PARSE(&cli, "checksum", "-mbv", "x"));
    assert_true(cli.options->verbose);
    cli_done(&cli);
}

static void two_dashes_end_the_flags(void **state)
{
    struct cli cli;
    struct err err;

    (void)state;
    assert_ok(PARSE(&cli, "checksum", "--", "--json"));
    assert_false(cli.options->json);
    assert_string_equal(cli_arg(&cli, 0), "--json");
    cli_done(&cli);
}

static void a_dash_alone_is_an_argument(void **state)
{
    struct cli cli;
    struct err err;

    (void)state;
    assert_ok(PARSE(&cli, "manifest", "hash", "-"));
    assert_string_equal(cli_arg(&cli, 0), "-");
    cli_done(&cli);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    ASSERT_USAGE("unknown command 'x'", "x");
    ASSERT_USAGE("did you mean 'keys'", "kyes");
    ASSERT_USAGE("unknown command 'manifest hsh'", "manifest", "hsh", "f");
    ASSERT_USAGE("unknown flag '--nam'; did you mean '--name'", "keys", "--nam");
    ASSERT_USAGE("unknown flag '-x'", "keys", "-x");
    ASSERT_USAGE("needs a value: --name NAME", "keys", "--name");
    ASSERT_USAGE("takes no value", "keys", "--json=1");
    ASSERT_USAGE("needs PATH", "checksum");
    ASSERT_USAGE("takes no arguments", "version", "x");
    ASSERT_USAGE("'c' too many", "manifest", "send", "a", "b", "c");
    ASSERT_USAGE("from 1 to 1024", "create-vm", "--cpus", "0x10");
    ASSERT_USAGE("expected a duration", "create-vm", "--ttl", "-5s");
    ASSERT_USAGE("expected one of", "keys", "-k", "dsa");
}

static void what_comes_later_is_said(void **state)
{
    static const char *const lines[][5] = {
        {"create-vm", "--aws-region", "eu", NULL},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct cli cli;

        assert_int_equal(parse(lines[i], &cli, &err), -1);
        assert_int_equal(err.kind, ERR_UNSUPPORTED);
        assert_non_null(strstr(err.text, "not available yet"));
        cli_done(&cli);
    }
}

static void settings_come_from_the_environment_unless_said(void **state)
{
    struct cli cli;
    const struct flag *flag;
    struct err err;
    size_t base;

    (void)state;
    setenv("COCOS_KEY", "env.pem", 1);
    assert_ok(PARSE(&cli, "stop"));
    flag = flag_find(cli.command, span_of_str("key"), &base);
    assert_string_equal(*(const char **)((char *)cli.options + base + flag->offset), "env.pem");
    cli_done(&cli);
    assert_ok(PARSE(&cli, "stop", "--key", "flag.pem"));
    assert_string_equal(*(const char **)((char *)cli.options + base + flag->offset), "flag.pem");
    cli_done(&cli);
    setenv("COCOS_KEY", "", 1);
    assert_ok(PARSE(&cli, "stop"));
    assert_null(*(const char **)((char *)cli.options + base + flag->offset));
    cli_done(&cli);
}

static void help_is_given_whatever_else_is_missing(void **state)
{
    struct cli cli;
    struct err err;

    (void)state;
    assert_ok(PARSE(&cli, "checksum", "--help"));
    assert_true(cli.options->help);
    cli_done(&cli);
    assert_ok(PARSE(&cli, "manifest"));
    assert_null(cli.command);
    assert_string_equal(cli.topic, "manifest");
    cli_done(&cli);
    assert_ok(PARSE(&cli, "--version"));
    assert_true(cli.version);
    cli_done(&cli);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_found_by_their_words),
        cmocka_unit_test(an_argument_may_look_like_a_command),
        cmocka_unit_test(common_flags_may_stand_before_the_command),
        cmocka_unit_test(values_may_be_attached_or_follow),
        cmocka_unit_test(letters_may_be_put_together),
        cmocka_unit_test(two_dashes_end_the_flags),
        cmocka_unit_test(a_dash_alone_is_an_argument),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(what_comes_later_is_said),
        cmocka_unit_test(settings_come_from_the_environment_unless_said),
        cmocka_unit_test(help_is_given_whatever_else_is_missing),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
