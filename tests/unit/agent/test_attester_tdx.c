#include "tests/unit/unit.h"

#include "services/agent-api/attester/attester.h"
#include "tests/fakes/fake_tsm.h"

static const struct attester_places places = {.tsm = &fake_tsm_kernel};
static const uint8_t report_data[SHA512_SIZE] = {7};

static int begin(void **state)
{
    (void)state;
    fake_tsm_begin();
    fake_tsm.provider = "tdx_guest";
    fake_tsm.report = span_of_str("a quote");
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_tsm_end();
    return 0;
}

static void another_platform_is_none(void **state)
{
    const struct attester_places nothing = {.tsm = NULL};
    struct err err;

    (void)state;
    assert_fails(attester_tdx.probe(&nothing, &err), ERR_NOT_FOUND);
    fake_tsm.provider = "sev_guest";
    assert_fails(attester_tdx.probe(&places, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "sev_guest"));
}

static void a_quote_that_is_not_made_is_told(void **state)
{
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    struct err err;

    (void)state;
    fake_tsm.report = span_of_str("");
    assert_fails(attester_tdx.ask(&places, report_data, &answer, &err), ERR_SYSTEM);
}

static void the_quote_is_the_item(void **state)
{
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    struct err err;

    (void)state;
    fake_tsm.certificates = span_of_str("nothing of a quote");
    assert_ok(attester_tdx.probe(&places, &err));
    assert_ok(attester_tdx.ask(&places, report_data, &answer, &err));
    assert_string_equal(buf_str(&answer.item), "a quote");
    assert_memory_equal(fake_tsm.asked, report_data, SHA512_SIZE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(another_platform_is_none),
        TEST(a_quote_that_is_not_made_is_told),
        TEST(the_quote_is_the_item),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
