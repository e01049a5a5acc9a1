/* Numbers, names and bars as a person sees them. */
#include "tests/unit/unit.h"

#include "cli/nearest.h"
#include "cli/print.h"
#include "cli/progress.h"

static void assert_bytes(uint64_t bytes, const char *wanted)
{
    OWNED_BUF out = BUF_OF(64);

    print_bytes(&out, bytes);
    assert_string_equal(buf_str(&out), wanted);
}

static void sizes_have_a_unit(void **state)
{
    (void)state;
    assert_bytes(0, "0 B");
    assert_bytes(1023, "1023 B");
    assert_bytes(1024, "1.0 KiB");
    assert_bytes(150 * KIB, "150 KiB");
    assert_bytes(3 * GIB / 2, "1.5 GiB");
    assert_bytes(UINT64_MAX, "16777216 TiB");
}

static void members_are_found_by_their_path(void **state)
{
    OWNED_JSON *json = NULL;
    struct err err;

    (void)state;
    assert_ok(json_parse(span_of_str("{\"a\": {\"b\": {\"c\": 7}}, \"n\": null}"), &json, &err));
    assert_int_equal(json_int(member_at(json, "a/b/c")), 7);
    assert_null(member_at(json, "a/x/c"));
    assert_null(member_at(json, "n/c"));
    assert_ptr_equal(member_at(json, ""), json);
}

static void assert_nearest(const char *wanted, const char *best)
{
    static const char *const words[] = {"checksum", "keys", "manifest hash", NULL};
    struct nearest nearest = nearest_of(wanted);

    for (size_t i = 0; words[i] != NULL; i++)
        nearest_try(&nearest, words[i]);
    assert_string_equal(nearest.best, best);
}

static void a_mistyped_word_finds_the_nearest(void **state)
{
    char lengthy[200];

    (void)state;
    assert_nearest("chcksum", "checksum");
    assert_nearest("kesy", "keys");
    assert_nearest("manifest hsah", "manifest hash");
    assert_nearest("nonsense", "");
    assert_nearest("", "");
    memset(lengthy, 'k', sizeof(lengthy) - 1);
    lengthy[sizeof(lengthy) - 1] = '\0';
    assert_nearest(lengthy, "");
}

static void assert_bar(struct progress_figures figures, unsigned columns, const char *wanted)
{
    OWNED_BUF out = BUF_OF(1 * KIB);

    progress_format(&out, &figures, columns);
    assert_string_equal(buf_str(&out), wanted);
}

static void a_bar_tells_how_far_how_fast_and_how_long(void **state)
{
    (void)state;
    assert_bar((struct progress_figures){"a", 512 * KIB, MIB, 100}, 100,
               "a [###############...............]  50%  512 KiB of 1.0 MiB");
    assert_bar((struct progress_figures){"a", MIB, 4 * MIB, 1000}, 100,
               "a [#######.......................]  25%  1.0 MiB of 4.0 MiB  1.0 MiB/s  3s left");
    assert_bar((struct progress_figures){"a", MIB, MIB, 1000}, 100,
               "a [##############################] 100%  1.0 MiB of 1.0 MiB  1.0 MiB/s");
}

static void a_bar_fits_the_terminal(void **state)
{
    (void)state;
    assert_bar((struct progress_figures){"a", 512 * KIB, MIB, 100}, 40,
               "a [#####......]  50%  512 KiB of 1.0 MiB");
    assert_bar((struct progress_figures){"a", 512 * KIB, MIB, 100}, 33, "a  512 KiB of 1.0 MiB");
    assert_bar((struct progress_figures){"iris.csv", 512 * KIB, MIB, 100}, 12, "iris.csv  51");
    assert_bar((struct progress_figures){"a", 7, UINT64_MAX, 100}, 80, "a  7 B");
    assert_bar((struct progress_figures){"a", 0, 0, 0}, 80, "a  0 B");
    assert_bar((struct progress_figures){"a", 2 * MIB, MIB, 10}, 80, /* more than was announced */
               "a [##############################] 100%  2.0 MiB of 1.0 MiB");
}

static void a_name_cannot_play_with_the_terminal(void **state)
{
    (void)state;
    assert_bar((struct progress_figures){"\033[2J", 7, UINT64_MAX, 100}, 80, "\\x1b[2J  7 B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_a_unit),
        cmocka_unit_test(members_are_found_by_their_path),
        cmocka_unit_test(a_mistyped_word_finds_the_nearest),
        cmocka_unit_test(a_bar_tells_how_far_how_fast_and_how_long),
        cmocka_unit_test(a_bar_fits_the_terminal),
        cmocka_unit_test(a_name_cannot_play_with_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
