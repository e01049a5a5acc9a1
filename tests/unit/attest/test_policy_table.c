/* docs/policy.md and the table that reads policies say the same. */
#include "tests/unit/unit.h"

#include "lib/attest/policy.h"

struct page {
    struct buf text;
    size_t members; /* that the table has */
};

static void check_member(struct page *page, const char *path)
{
    char quoted[128];

    snprintf(quoted, sizeof(quoted), "`%s`", path);
    if (strstr(buf_str(&page->text), quoted) == NULL)
        fail_msg("docs/policy.md does not have %s", quoted);
    page->members++;
}

static void check_table(struct page *page, const struct json_table *table, const char *prefix)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct json_field *field = &table->fields[i];
        char path[96];

        snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", field->key);
        if (field->type == JSON_TYPE_OBJECT)
            check_table(page, field->table, path);
        /* A part is a section, not a row. */
        if (field->type != JSON_TYPE_OBJECT || prefix[0] != '\0')
            check_member(page, path);
    }
}

static void read_page(struct page *page)
{
    struct err err;

    *page = (struct page){.text = BUF_OF(1 * MIB)};
    assert_ok(file_read("docs/policy.md", &page->text, &err));
}

static void every_member_is_in_the_page(void **state)
{
    struct page page;

    (void)state;
    read_page(&page);
    check_table(&page, &policy_table, "");
    assert_true(page.members > 50);
    buf_done(&page.text);
}

/* Counts the members in the first column of the page's tables; each must have been found in the
 * table. */
static size_t count_rows(const char *text)
{
    size_t count = 0;

    for (const char *line = text; line != NULL; line = strchr(line + 1, '\n')) {
        const char *end;

        if (*line == '\n')
            line++;
        if (!text_starts_with(line, "| `"))
            continue;
        end = strstr(line, "` |");
        for (const char *c = line; c <= end; c++)
            count += *c == '`' ? 1 : 0;
    }
    return count / 2;
}

static void the_page_has_no_other_member(void **state)
{
    struct page page;

    (void)state;
    read_page(&page);
    check_table(&page, &policy_table, "");
    assert_int_equal(count_rows(buf_str(&page.text)), page.members);
    buf_done(&page.text);
}

static void waivers_and_platforms_are_in_the_page(void **state)
{
    struct page page;

    (void)state;
    read_page(&page);
    for (int i = 0; i < WAIVER_COUNT; i++)
        check_member(&page, waiver_names[i]);
    for (int i = 0; i < KIND_COUNT; i++)
        check_member(&page, attest_kind_names[i]);
    buf_done(&page.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_in_the_page),
        cmocka_unit_test(the_page_has_no_other_member),
        cmocka_unit_test(waivers_and_platforms_are_in_the_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
