#include "tests/unit/unit.h"

#include "lib/program/setting.h"

#include <unistd.h>

enum mode { MODE_AUTO, MODE_FAST };

struct config {
    char *listen;
    uint64_t max_vms;
    bool loud;
    uint64_t idle_time;
    int mode;
};

static const char *const modes[] = {"auto", "fast", NULL};

static const struct setting settings[] = {
    SETTING_TEXT(config, listen, "TEST_LISTEN", "127.0.0.1:1", "where to listen"),
    SETTING_U64(config, max_vms, "TEST_MAX_VMS", "10", 1, 100, "how many"),
    SETTING_BOOL(config, loud, "TEST_LOUD", "false", "say more"),
    SETTING_DURATION(config, idle_time, "TEST_IDLE_TIME", "90s", 1000, 3600000, "how long"),
    SETTING_CHOICE(config, mode, "TEST_MODE", "auto", modes, "which way"),
};

static const struct program_info info = {.name = "test",
                                         .summary = "a test",
                                         .essay = "Essay.",
                                         .settings = settings,
                                         .setting_count = COUNT_OF(settings)};

#define ARGS(...) ((char *[]){(char *)"test", __VA_ARGS__ __VA_OPT__(, ) NULL})

static int clear_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        unsetenv(settings[i].env);
    return 0;
}

static void defaults_fill_everything(void **state)
{
    struct config config = {0};
    struct err err;

    (void)state;
    assert_ok(setting_load(&info, 1, ARGS(), &config, &err));
    assert_string_equal(config.listen, "127.0.0.1:1");
    assert_int_equal(config.max_vms, 10);
    assert_false(config.loud);
    assert_int_equal(config.idle_time, 90000);
    assert_int_equal(config.mode, MODE_AUTO);
    setting_release(&info, &config);
}

static void flag_beats_environment_beats_file(void **state)
{
    char path[] = "/tmp/test-setting-XXXXXX", flag[64];
    int fd = mkstemp(path);
    struct config config = {0};
    struct err err;

    (void)state;
    assert_ok(
        file_write_fd(fd, span_of_str("# comment\nmax-vms = 20\nlisten=file\n\nloud = yes"), &err));
    close(fd);
    setenv("TEST_MAX_VMS", "30", 1);
    setenv("TEST_MODE", "fast", 1);
    snprintf(flag, sizeof(flag), "--config=%s", path);

    assert_ok(setting_load(&info, 5, ARGS((char *)"--max-vms", (char *)"40", flag), &config, &err));
    assert_int_equal(config.max_vms, 40);
    assert_string_equal(config.listen, "file");
    assert_true(config.loud);
    assert_int_equal(config.mode, MODE_FAST);
    setting_release(&info, &config);
    unlink(path);
}

static void refused(char **args, const char *words)
{
    struct config config = {0};
    struct err err;

    assert_fails(setting_load(&info, 0, args, &config, &err), ERR_USAGE);
    if (strstr(err.text, words) == NULL)
        fail_msg("expected '%s' in: %s", words, err.text);
    setting_release(&info, &config);
}

static void bad_values_are_named_with_their_source(void **state)
{
    (void)state;
    refused(ARGS((char *)"--max-vms", (char *)"0"), "--max-vms: expected a whole number from 1");
    refused(ARGS((char *)"--max-vms=101"), "to 100, got '101'");
    refused(ARGS((char *)"--max-vms"), "a value is missing");
    refused(ARGS((char *)"--mode=slow"), "expected auto|fast, got 'slow'");
    refused(ARGS((char *)"--idle-time=2h"), "from 1s to 1h, got '2h'");
    refused(ARGS((char *)"--loud=maybe"), "expected true or false");
    refused(ARGS((char *)"--unknown"), "unknown argument '--unknown'");
    refused(ARGS((char *)"word"), "unknown argument 'word'");
    refused(ARGS((char *)"--config"), "a value is missing");
    refused(ARGS((char *)"--config=/nonexistent"), "/nonexistent");
    setenv("TEST_MAX_VMS", "many", 1);
    refused(ARGS(), "TEST_MAX_VMS: expected a whole number");
}

static void file_lines_are_checked(void **state)
{
    static const char *const bad[] = {"nonsense", "no_such = 1", "max_vms = x", "= 3"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char path[] = "/tmp/test-setting-XXXXXX", flag[64];
        int fd = mkstemp(path);
        struct err err;

        assert_ok(file_write_fd(fd, span_of_str("\n"), &err));
        assert_ok(file_write_fd(fd, span_of_str(bad[i]), &err));
        close(fd);
        snprintf(flag, sizeof(flag), "--config=%s", path);
        refused(ARGS(flag), "line 2");
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults_fill_everything, clear_environment),
        cmocka_unit_test_setup(flag_beats_environment_beats_file, clear_environment),
        cmocka_unit_test_setup(bad_values_are_named_with_their_source, clear_environment),
        cmocka_unit_test_setup(file_lines_are_checked, clear_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
