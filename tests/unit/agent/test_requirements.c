#include "tests/unit/unit.h"

#include "services/agent-api/runner/requirements.h"

#include <sys/stat.h>
#include <unistd.h>

/* A directory with a few distributions, as pip and as Debian leave them. */
static const char *const installed[] = {
    "numpy-1.24.2.dist-info",
    "scikit_learn-1.2.1.dist-info",
    "Foo.Bar-2.0.egg-info",
    "six-1.16.0-py3.11.egg-info",
    "notes.txt",
    "broken.dist-info",
    "a-1.0+local.1.dist-info",
};

static char dir[] = "/tmp/cocos-requirements-XXXXXX";

static size_t missing(const char *text, const char *expected_log)
{
    const char *const globs[] = {"/tmp/cocos-no-such-*", dir, NULL};
    OWNED_BUF log = BUF_OF(64 * KIB);
    struct err err;
    size_t count = 99;

    assert_ok(requirements_check(span_of_str(text), globs, &count, &log, &err));
    if (expected_log != NULL)
        assert_string_equal(buf_str(&log), expected_log);
    return count;
}

static int make_dir(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    for (size_t i = 0; i < COUNT_OF(installed); i++) {
        OWNED(free_str) char *path = mem_printf("%s/%s", dir, installed[i]);

        if (mkdir(path, 0755) < 0)
            return -1;
    }
    return 0;
}

static int remove_dir(void **state)
{
    struct err err;

    (void)state;
    return file_remove_tree(dir, &err);
}

static void what_is_installed_is_met(void **state)
{
    (void)state;
    assert_int_equal(missing("", ""), 0);
    assert_int_equal(missing("# nothing\n\n   \r\n\t# here\n", ""), 0);
    assert_int_equal(missing("numpy\nnumpy==1.24.2\nNumPy == 1.24.2 # why\r\n", ""), 0);
    assert_int_equal(missing("scikit-learn==1.2.1\nscikit.learn\nSCIKIT__LEARN", ""), 0);
    assert_int_equal(missing("foo-bar==2.0\nsix==1.16.0\na==1.0+local.1", ""), 0);
}

static void what_is_not_is_named_in_the_log(void **state)
{
    (void)state;
    assert_int_equal(missing("numpy==1.24\npandas\n",
                             "requirement 'numpy==1.24' is not in this image\n"
                             "requirement 'pandas' is not in this image\n"),
                     2);
    assert_int_equal(missing("nump\nnumpyy\nnotes\nbroken\n1.24.2", NULL), 5);
}

static void what_cannot_be_promised_is_not_met(void **state)
{
    const char *const lines[] = {
        "numpy>=1",     "numpy~=1.24",           "numpy[extra]",    "numpy; python_version>'3'",
        "-r other.txt", "--index-url https://x", "git+https://x/y", "./numpy",
        "numpy==",      "numpy==1.24.2,<2",      "numpy 1.24.2",    "numpy=1.24.2",
        "num\x01py",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (missing(lines[i], NULL) != 1)
            fail_msg("'%s' is met", lines[i]);
    assert_int_equal(missing("numpy>=1", "requirement 'numpy>=1' cannot be checked here: only "
                                         "name or name==version can\n"),
                     1);
}

static void what_is_no_text_is_refused(void **state)
{
    OWNED_BUF log = BUF_OF(64 * KIB);
    struct err err;
    size_t count;

    (void)state;
    assert_fails(requirements_check(span_of("a\0b", 3), requirements_globs, &count, &log, &err),
                 ERR_INPUT);
    assert_fails(requirements_check(span_of_str("\xff"), requirements_globs, &count, &log, &err),
                 ERR_INPUT);
}

static void long_lines_are_harmless(void **state)
{
    OWNED(free_str) char *line = mem_zeroed(100001, 1);

    (void)state;
    memset(line, 'a', 100000);
    assert_int_equal(missing(line, NULL), 1);
    memcpy(line, "numpy==", 7);
    assert_int_equal(missing(line, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_installed_is_met),
        cmocka_unit_test(what_is_not_is_named_in_the_log),
        cmocka_unit_test(what_cannot_be_promised_is_not_met),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(long_lines_are_harmless),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
