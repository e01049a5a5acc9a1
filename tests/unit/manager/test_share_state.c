#include "tests/unit/unit.h"

#include "services/manager-api/link/share_state.h"

#define SPKI "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"
#define PIN  "sha256//glTDKakoUPbVOd03b0gW7idkUX2l4CNVFK9DMWRIDXo="

static const char whole[] =
    "{\"state\":\"Failed\",\"computation_id\":\"iris-1\",\"manifest_sha256\":\"00\","
    "\"awaiting\":{\"algorithm\":false,\"requirements\":false,\"datasets\":[],\"run\":false},"
    "\"platform\":\"vtpm\",\"spki_sha256\":\"" SPKI "\",\"failure\":{\"kind\":\"timeout\","
    "\"exit_code\":null,\"signal\":9,\"limit\":\"10m\"},\"time\":\"2026-01-01T00:00:00Z\","
    "\"seq\":7,\"pin\":\"" PIN "\"}";

static void an_agents_state_is_read(void **state)
{
    struct share_state said;
    struct err err;

    (void)state;
    assert_ok(share_state_decode(span_of_str(whole), &said, &err));
    assert_int_equal(said.state, STATE_FAILED);
    assert_string_equal(said.computation_id, "iris-1");
    assert_string_equal(said.pin, PIN);
    assert_string_equal(said.failure, "timeout");
    assert_int_equal(said.seq, 7);
}

static void nothing_is_needed_but_state_key_and_number(void **state)
{
    static const char text[] =
        "{\"state\":\"Idle\",\"computation_id\":null,\"failure\":null,\"spki_sha256\":\"" SPKI
        "\",\"seq\":0,\"pin\":\"" PIN "\"}";
    struct share_state said;
    struct err err;

    (void)state;
    assert_ok(share_state_decode(span_of_str(text), &said, &err));
    assert_string_equal(said.computation_id, "");
    assert_string_equal(said.failure, "");
}

static void check_state_refused(const char *text, enum err_kind kind)
{
    struct share_state said = {.seq = 77};
    struct err err;

    assert_fails(share_state_decode(span_of_str(text), &said, &err), kind);
    assert_int_equal(said.seq, 77);
}

static void hostile_states_are_refused(void **state)
{
    OWNED_BUF long_id = BUF_OF(8 * KIB);

    (void)state;
    check_state_refused("", ERR_MALFORMED);
    check_state_refused("[]", ERR_INPUT);
    check_state_refused("{}", ERR_INPUT);
    check_state_refused("{\"state\":\"Idle\"", ERR_MALFORMED);
    check_state_refused("{\"state\":\"Happy\",\"spki_sha256\":\"" SPKI "\",\"seq\":0,\"pin\":\"" PIN
                        "\"}",
                        ERR_INPUT);
    check_state_refused("{\"state\":1,\"spki_sha256\":\"" SPKI "\",\"seq\":0,\"pin\":\"" PIN "\"}",
                        ERR_INPUT);
    check_state_refused("{\"state\":\"Idle\",\"spki_sha256\":\"00\",\"seq\":0,\"pin\":\"" PIN "\"}",
                        ERR_INPUT);
    check_state_refused("{\"state\":\"Idle\",\"spki_sha256\":\"" SPKI "\",\"seq\":-1,\"pin\":\"" PIN
                        "\"}",
                        ERR_INPUT);
    check_state_refused("{\"state\":\"Idle\",\"state\":\"Idle\"}", ERR_INPUT);
    buf_printf(&long_id,
               "{\"state\":\"Idle\",\"computation_id\":\"%0100d\",\"spki_sha256\":\"" SPKI
               "\",\"seq\":0,\"pin\":\"" PIN "\"}",
               1);
    check_state_refused(buf_str(&long_id), ERR_INPUT);
}

static void a_pin_of_another_key_is_refused(void **state)
{
    static const char text[] = "{\"state\":\"Idle\",\"spki_sha256\":\"" SPKI "\",\"seq\":0,"
                               "\"pin\":\"sha256//AAAAKakoUPbVOd03b0gW7idkUX2l4CNVFK9DMWRIDXo=\"}";

    (void)state;
    check_state_refused(text, ERR_INPUT);
}

static void an_agents_event_is_read(void **state)
{
    static const char line[] = "{\"id\":3,\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"dataset\","
                               "\"subject\":\"iris-1\",\"data\":{\"filename\":\"iris.csv\"}}";
    OWNED_SHARE_EVENT event = {0};
    struct err err;

    (void)state;
    assert_ok(share_event_decode(span_of_str(line), &event, &err));
    assert_int_equal(event.id, 3);
    assert_string_equal(event.type, "dataset");
    assert_string_equal(event.subject, "iris-1");
    assert_string_equal(json_get_str(event.data, "filename"), "iris.csv");
}

static void hostile_events_are_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "null",
        "[1]",
        "{\"id\":1}",
        "{\"id\":0,\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"run\"}",
        "{\"id\":1,\"time\":\"yesterday\",\"type\":\"run\"}",
        "{\"id\":1,\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"vm.deleted\"}",
        "{\"id\":1,\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"run\\nevent: x\"}",
        "{\"id\":1,\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"run\",\"data\":[]}",
        "{\"id\":1,\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"run\",\"data\":\"x\"}",
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        OWNED_SHARE_EVENT event = {0};

        if (share_event_decode(span_of_str(lines[i]), &event, &err) == 0)
            fail_msg("accepted: %s", lines[i]);
    }
}

static void an_events_line_is_bounded(void **state)
{
    OWNED_BUF line = BUF_OF(64 * KIB);
    OWNED_SHARE_EVENT event = {0};
    struct err err;

    (void)state;
    buf_printf(
        &line,
        "{\"id\":1,\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"run\",\"data\":{\"a\":\"%0*d\"}}",
        (int)SHARE_EVENT_LINE_MAX, 1);
    assert_fails(share_event_decode(buf_span(&line), &event, &err), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agents_state_is_read),
        cmocka_unit_test(nothing_is_needed_but_state_key_and_number),
        cmocka_unit_test(hostile_states_are_refused),
        cmocka_unit_test(a_pin_of_another_key_is_refused),
        cmocka_unit_test(an_agents_event_is_read),
        cmocka_unit_test(hostile_events_are_refused),
        cmocka_unit_test(an_events_line_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
