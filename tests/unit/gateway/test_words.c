/* What is said to a computation server. */
#include "tests/unit/unit.h"

#include "services/grpc-gateway/cvms/words.h"
#include "services/grpc-gateway/proto/unpack.h"

#include <proto/cvms.pb-c.h>

#include <stdio.h>

static Cvms__ClientStreamMessage *read_back(const struct buf *bytes, ProtobufCMessage **owner)
{
    struct err err;

    assert_ok(proto_unpack(&cvms__client_stream_message__descriptor, buf_span(bytes), 1 * MIB,
                           owner, &err));
    return (Cvms__ClientStreamMessage *)*owner;
}

static void a_log_is_text_that_every_server_takes(void **state)
{
    static const uint8_t odd[] = {'a', 0xff, '\t', 'b'};
    OWNED_BUF out = BUF_OF(64 * KIB);
    OWNED_PROTO *owner = NULL;
    Cvms__ClientStreamMessage *said;
    struct err err;

    (void)state;
    assert_ok(words_log("c\xff", "INFO", SPAN_OF_ARRAY(odd), 17, &out, &err));
    said = read_back(&out, &owner);
    assert_int_equal(said->message_case, CVMS__CLIENT_STREAM_MESSAGE__MESSAGE_AGENT_LOG);
    assert_string_equal(said->agent_log->message, "a\\xff\\x09b");
    assert_string_equal(said->agent_log->computation_id, "c\\xff");
    assert_int_equal(said->agent_log->timestamp->seconds, 17);
}

static void a_refusal_says_why(void **state)
{
    OWNED_BUF out = BUF_OF(64 * KIB);
    OWNED_PROTO *owner = NULL;
    Cvms__ClientStreamMessage *said;
    struct err err;

    (void)state;
    assert_ok(words_run("c", "no", &out, &err));
    said = read_back(&out, &owner);
    assert_int_equal(said->message_case, CVMS__CLIENT_STREAM_MESSAGE__MESSAGE_RUN_RES);
    assert_string_equal(said->run_res->error, "no");
}

static void an_event_carries_what_it_is_about(void **state)
{
    OWNED_JSON *about = json_new_object();
    const struct words_event event = {
        .computation = "c", .type = "Failed", .status = "Failed", .time = 1, .about = about};
    OWNED_BUF out = BUF_OF(64 * KIB);
    OWNED_PROTO *owner = NULL;
    const Cvms__AgentEvent *said;
    struct err err;

    (void)state;
    json_set_int(about, "code", 3);
    assert_ok(words_event(&event, &out, &err));
    said = read_back(&out, &owner)->agent_event;
    assert_string_equal(said->originator, "agent");
    assert_int_equal(said->details.len, strlen("{\"code\":3}"));
    assert_memory_equal(said->details.data, "{\"code\":3}", said->details.len);
}

static void assert_steps(const char *from, const char *to, const char *wanted)
{
    OWNED_BUF steps = BUF_OF(1 * KIB);
    struct words_step step;

    for (size_t i = 0; words_step(from, to, i, &step); i++)
        buf_printf(&steps, "%s%s/%s", i > 0 ? " " : "", step.type, step.status);
    assert_string_equal(buf_str(&steps), wanted);
}

static void states_are_told_as_the_older_programs_did(void **state)
{
    (void)state;
    assert_steps("ReceivingManifest", "ReceivingAlgorithm", "ReceivingAlgorithm/InProgress");
    assert_steps("ReceivingAlgorithm", "ReceivingData", "ReceivingData/InProgress");
    assert_steps("ReceivingData", "Running", "Running/Starting Running/InProgress");
    assert_steps("ReceivingAlgorithm", "Running", "Running/Starting Running/InProgress");
    assert_steps("Running", "ConsumingResults", "Running/Completed ConsumingResults/Ready");
    assert_steps("ConsumingResults", "Complete", "Complete/Completed");
    assert_steps("Running", "Failed", "Running/Failed Failed/Failed");
    assert_steps("ReceivingManifest", "Failed", "Failed/Failed");
    assert_steps("Complete", "ReceivingManifest", "");
    assert_steps(NULL, NULL, "Stopped/Stopped");
}

/* Two bytes can become a struct of a hundred. */
static void a_small_message_does_not_become_a_large_one(void **state)
{
    OWNED_BUF bytes = BUF_OF(1 * MIB);
    OWNED_PROTO *owner = NULL;
    struct err err;

    (void)state;
    for (int i = 0; i < 100000; i++)
        buf_add(&bytes, "\x22\x00", 2);
    assert_fails(proto_unpack(&cvms__computation_run_req__descriptor, buf_span(&bytes), 1 * MIB,
                              &owner, &err),
                 ERR_MALFORMED);
    assert_ok(proto_unpack(&cvms__computation_run_req__descriptor,
                           span_part(buf_span(&bytes), 0, 2000), 1 * MIB, &owner, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_is_text_that_every_server_takes),
        cmocka_unit_test(a_refusal_says_why),
        cmocka_unit_test(an_event_carries_what_it_is_about),
        cmocka_unit_test(states_are_told_as_the_older_programs_did),
        cmocka_unit_test(a_small_message_does_not_become_a_large_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
