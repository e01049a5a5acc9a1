#include "tests/unit/unit.h"

#include "lib/attest/evidence/tpm_pb.h"
#include "lib/attest/evidence/tpm_quote.h"
#include "lib/attest/evidence/transcript.h"
#include "services/agent-api/attester/attester.h"
#include "tests/fakes/fake_tpm.h"

static struct fake_tpm fake;
static bool have_tpm;

static int start(void **state)
{
    (void)state;
    have_tpm = fake_tpm_start(&fake);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (have_tpm)
        fake_tpm_stop(&fake);
    return 0;
}

static void without_a_tpm_it_is_not_there(void **state)
{
    const struct attester_places nothing = {.tpm = NULL};
    struct err err;

    (void)state;
    assert_fails(attester_vtpm.probe(&nothing, &err), ERR_NOT_FOUND);
}

static void the_quote_answers_the_transcript_with_its_registers(void **state)
{
    static const uint8_t report_data[SHA512_SIZE] = {5};
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    OWNED_TPM_DEVICE *tpm = NULL;
    struct attester_places places = {.tpm = NULL};
    uint8_t extra[SHA256_SIZE];
    struct tpm_quote quote;
    struct tpm_pb pb;
    struct err err;

    (void)state;
    if (!have_tpm)
        skip();
    assert_ok(tpm_device_open(fake.tcti, &tpm, &err));
    places.tpm = tpm;
    assert_ok(attester_vtpm.probe(&places, &err));
    assert_ok(attester_vtpm.ask(&places, report_data, &answer, &err));

    assert_ok(tpm_pb_parse(buf_span(&answer.item), &pb, &err));
    assert_true(span_equal(pb.ak_public, tpm_device_ak(tpm)));
    assert_int_equal(pb.quote_count, 1);
    assert_int_equal(pb.quotes[0].bank.set, TPM_QUOTED_PCRS);
    assert_ok(tpm_quote_parse(pb.quotes[0].quote, &quote, &err));
    transcript_extra_data(report_data, extra);
    assert_true(span_equal(quote.extra_data, SPAN_OF_ARRAY(extra)));
}

static void a_tpm_that_is_gone_is_told(void **state)
{
    static const uint8_t report_data[SHA512_SIZE] = {5};
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    OWNED_TPM_DEVICE *tpm = NULL;
    struct err err;

    (void)state;
    if (!have_tpm)
        skip();
    assert_ok(tpm_device_open(fake.tcti, &tpm, &err));
    fake_tpm_stop(&fake);
    have_tpm = false;
    assert_fails(
        attester_vtpm.ask(&(struct attester_places){.tpm = tpm}, report_data, &answer, &err),
        ERR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_tpm_it_is_not_there),
        cmocka_unit_test(the_quote_answers_the_transcript_with_its_registers),
        cmocka_unit_test(a_tpm_that_is_gone_is_told),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
