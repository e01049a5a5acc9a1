#include "tests/unit/unit.h"

#include "services/agent-api/attester/tsm.h"
#include "tests/fakes/fake_tsm.h"

static int begin(void **state)
{
    (void)state;
    fake_tsm_begin();
    fake_tsm.provider = "sev_guest\n";
    fake_tsm.report = span_of_str("a report");
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_int_equal(fake_tsm.left, 0);
    fake_tsm_end();
    return 0;
}

static struct tsm_question question_of(uint8_t fill)
{
    struct tsm_question question = {.service = NULL};

    memset(question.report_data, fill, SHA512_SIZE);
    return question;
}

static void without_the_interface_there_is_none(void **state)
{
    const struct tsm_kernel nowhere = {"/no/such/place", tsm_linux.make, tsm_linux.remove};
    struct tsm_question question = question_of(1);
    struct tsm_answer answer;
    char provider[32];
    struct err err;

    (void)state;
    assert_fails(tsm_ask(&nowhere, &question, &answer, &err), ERR_NOT_FOUND);
    fake_tsm.provider = NULL;
    assert_fails(tsm_ask(&fake_tsm_kernel, &question, &answer, &err), ERR_NOT_FOUND);
    assert_fails(tsm_find_provider(&fake_tsm_kernel, provider, sizeof(provider), &err),
                 ERR_NOT_FOUND);
}

static void an_answer_without_a_report_is_none(void **state)
{
    struct tsm_question question = question_of(1);
    struct tsm_answer answer;
    struct err err;

    (void)state;
    fake_tsm.report = span_of_str("");
    assert_fails(tsm_ask(&fake_tsm_kernel, &question, &answer, &err), ERR_SYSTEM);
}

static void a_provider_of_endless_name_is_refused(void **state)
{
    char provider[32];
    struct err err;

    (void)state;
    fake_tsm.provider = "a_provider_whose_name_is_longer_than_any";
    assert_fails(tsm_find_provider(&fake_tsm_kernel, provider, sizeof(provider), &err), ERR_SYSTEM);
}

static void the_question_is_asked_whole_and_the_answer_read(void **state)
{
    struct tsm_question question = question_of(0x2a);
    OWNED_TSM_ANSWER answer = {.provider = ""};
    struct err err;

    (void)state;
    fake_tsm.certificates = span_of_str("certificates");
    assert_ok(tsm_ask(&fake_tsm_kernel, &question, &answer, &err));
    assert_string_equal(answer.provider, "sev_guest");
    assert_string_equal(buf_str(&answer.report), "a report");
    assert_string_equal(buf_str(&answer.certificates), "certificates");
    assert_int_equal(answer.manifest.len, 0);
    assert_memory_equal(fake_tsm.asked, question.report_data, SHA512_SIZE);
}

static void a_host_without_certificates_has_none(void **state)
{
    struct tsm_question question = question_of(1);
    OWNED_TSM_ANSWER answer = {.provider = ""};
    struct err err;

    (void)state;
    assert_ok(tsm_ask(&fake_tsm_kernel, &question, &answer, &err));
    assert_int_equal(answer.certificates.len, 0);
}

static void what_another_wrote_in_between_is_asked_again(void **state)
{
    struct tsm_question question = question_of(1);
    OWNED_TSM_ANSWER answer = {.provider = ""};
    struct err err;

    (void)state;
    fake_tsm.disturbed = 2;
    assert_ok(tsm_ask(&fake_tsm_kernel, &question, &answer, &err));
    assert_int_equal(fake_tsm.made, 3);
}

static void a_disturbance_without_end_is_told(void **state)
{
    struct tsm_question question = question_of(1);
    struct tsm_answer answer;
    struct err err;

    (void)state;
    fake_tsm.disturbed = 1000;
    assert_fails(tsm_ask(&fake_tsm_kernel, &question, &answer, &err), ERR_SYSTEM);
    assert_non_null(strstr(err.text, "somebody else"));
}

static void a_service_is_asked_for_by_its_name(void **state)
{
    struct tsm_question question = question_of(1);
    OWNED_TSM_ANSWER answer = {.provider = ""};
    struct tsm_answer unused;
    struct err err;

    (void)state;
    question.service = "c476f1eb-0123-45a5-9641-b4e7dde5bfe3";
    assert_fails(tsm_ask(&fake_tsm_kernel, &question, &unused, &err), ERR_UNSUPPORTED);
    fake_tsm.manifest = span_of_str("a manifest");
    assert_ok(tsm_ask(&fake_tsm_kernel, &question, &answer, &err));
    assert_string_equal(buf_str(&answer.manifest), "a manifest");
    assert_string_equal(fake_tsm.service, question.service);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(without_the_interface_there_is_none),
        TEST(an_answer_without_a_report_is_none),
        TEST(a_provider_of_endless_name_is_refused),
        TEST(the_question_is_asked_whole_and_the_answer_read),
        TEST(a_host_without_certificates_has_none),
        TEST(what_another_wrote_in_between_is_asked_again),
        TEST(a_disturbance_without_end_is_told),
        TEST(a_service_is_asked_for_by_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
