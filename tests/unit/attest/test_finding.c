#include "tests/unit/unit.h"

#include "lib/attest/finding.h"

#include <ctype.h>

static void every_row_is_complete_and_its_id_unique(void **state)
{
    (void)state;
    for (int i = 0; i < FINDING_COUNT; i++) {
        const struct finding_row *row = finding_row((enum finding_id)i);

        assert_true(strlen(row->what) > 10);
        assert_true(strlen(row->hint) > 10);
        assert_true(strlen(row->spec) > 3);
        assert_int_equal(finding_of_text(row->id), i);
        for (const char *c = row->id; *c != '\0'; c++)
            assert_true(islower((unsigned char)*c) || *c == '.' || *c == '_' ||
                        isdigit((unsigned char)*c));
    }
    assert_int_equal(finding_of_text("no.such.finding"), FINDING_COUNT);
}

/* Other kinds have pages of their own. */
static void every_finding_about_hardware_is_in_the_docs(void **state)
{
    static const char *const kinds[] = {"snp.", "policy.", "dcap.", "tdx.", "sgx."};
    OWNED_BUF page = BUF_OF(1 * MIB);
    struct err err;

    (void)state;
    assert_ok(file_read("docs/attestation.md", &page, &err));
    for (int i = 0; i < FINDING_COUNT; i++) {
        const char *id = finding_row((enum finding_id)i)->id;
        bool here = false;
        char quoted[80];

        for (size_t j = 0; j < COUNT_OF(kinds); j++)
            here = here || text_starts_with(id, kinds[j]);
        if (!here)
            continue;
        snprintf(quoted, sizeof(quoted), "`%s`", id);
        if (strstr(buf_str(&page), quoted) == NULL)
            fail_msg("docs/attestation.md does not have %s", quoted);
    }
}

static void placeholders_become_the_findings_words(void **state)
{
    struct finding finding = {.id = FINDING_SNP_TCB_REPORTED};
    OWNED_BUF what = BUF_OF(1024);
    OWNED_BUF hint = BUF_OF(1024);

    (void)state;
    finding_subject(&finding, "%s", "ucode");
    finding_expect(&finding, "%d", 9);
    finding_got(&finding, "%d", 8);
    finding_write_what(&finding, &what);
    finding_write_hint(&finding, &hint);
    assert_string_equal(buf_str(&what), "REPORTED_TCB against snp.min_tcb in ucode");
    assert_string_equal(buf_str(&hint), "update the machine's firmware until ucode is 9, or lower "
                                        "snp.min_tcb.ucode to 8");
    finding_done(&finding);
}

/* Words from outside are no templates: they are replaced once, and never looked at again. */
static void what_came_from_outside_is_no_template(void **state)
{
    struct finding finding = {.id = FINDING_SNP_TCB_REPORTED};
    OWNED_BUF what = BUF_OF(1024);

    (void)state;
    finding_subject(&finding, "%s", "{got}%s{subject}");
    finding_got(&finding, "%s", "x");
    finding_write_what(&finding, &what);
    assert_string_equal(buf_str(&what), "REPORTED_TCB against snp.min_tcb in {got}%s{subject}");
    finding_done(&finding);
}

static void control_characters_do_not_reach_the_reader(void **state)
{
    struct finding finding = {.id = FINDING_SNP_TCB_REPORTED};

    (void)state;
    finding_got(&finding, "%s", "a\x1b[31mb\nc\xff");
    assert_string_equal(finding.got, "a\\x1b[31mb\\x0ac\\xff");
    finding_done(&finding);
}

static void long_texts_are_cut(void **state)
{
    struct finding finding = {.id = FINDING_SNP_TCB_REPORTED};
    uint8_t bytes[5000] = {0};
    char text[5000];

    (void)state;
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    finding_got(&finding, "%s", text);
    assert_true(strlen(finding.got) < FINDING_TEXT_MAX);
    finding_expect_hex(&finding, SPAN_OF_ARRAY(bytes));
    assert_true(strlen(finding.expected) < FINDING_TEXT_MAX);
    finding_done(&finding);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete_and_its_id_unique),
        cmocka_unit_test(every_finding_about_hardware_is_in_the_docs),
        cmocka_unit_test(placeholders_become_the_findings_words),
        cmocka_unit_test(what_came_from_outside_is_no_template),
        cmocka_unit_test(control_characters_do_not_reach_the_reader),
        cmocka_unit_test(long_texts_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
