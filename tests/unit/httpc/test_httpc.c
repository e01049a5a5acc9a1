/* The client kit against the server kit, both real, over TLS on loopback. */
#include "tests/unit/unit.h"

#include "lib/base/clock.h"
#include "lib/httpc/events.h"
#include "lib/httpc/httpc.h"
#include "tests/fakes/toy_service.h"

#include <sys/mman.h>
#include <unistd.h>

#define UPLOAD_SIZE (3 * MIB + 11)

static const struct api_op op_echo = {"get_echo",      API_GET,       "/v1/echo/{name}",
                                      API_AUTH_VIEWER, API_BODY_NONE, 0};
static const struct api_op op_none = {"none",        API_GET,       "/v1/nothing",
                                      API_AUTH_NONE, API_BODY_NONE, 0};
static const struct api_op op_json = {"post_json",     API_POST,      "/v1/json",
                                      API_AUTH_VIEWER, API_BODY_JSON, 64 * KIB};
static const struct api_op op_who = {"get_who",     API_GET,       "/v1/who",
                                     API_AUTH_NONE, API_BODY_NONE, 0};
static const struct api_op op_slow = {"get_slow",    API_GET,       "/v1/slow",
                                      API_AUTH_NONE, API_BODY_NONE, 0};
static const struct api_op op_upload = {"put_upload",    API_PUT,         "/v1/uploads/{name}",
                                        API_AUTH_VIEWER, API_BODY_STREAM, TOY_UPLOAD_MAX};
static const struct api_op op_head = {"head_upload",   API_HEAD,      "/v1/uploads/{name}",
                                      API_AUTH_VIEWER, API_BODY_NONE, 0};
static const struct api_op op_file = {"get_file",    API_GET,       "/v1/file",
                                      API_AUTH_NONE, API_BODY_NONE, 0};
static const struct api_op op_events = {"list_events", API_GET,       "/v1/events",
                                        API_AUTH_NONE, API_BODY_NONE, 0};

static char url[64];
static char pin[HTTPC_PIN_SIZE];
static bool stop_now;

static bool stopped(void *ctx)
{
    (void)ctx;
    return stop_now;
}

static int set_up(void **state)
{
    OWNED_BUF text = BUF_OF(HTTPC_PIN_SIZE);

    (void)state;
    toy_start(NULL);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u", toy.port);
    buf_add_str(&text, "sha256//");
    text_encode_base64(SPAN_OF_ARRAY(toy.server.id), &text);
    snprintf(pin, sizeof(pin), "%s", buf_str(&text));
    stop_now = false;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toy_stop(0);
    return 0;
}

static struct httpc_config config_of(void)
{
    return (struct httpc_config){
        .url = url,
        .trust = HTTPC_TRUST_PIN,
        .pin = pin,
        .token = "good",
        .clock = clock_now,
        .ticks_ms = clock_monotonic_ms,
        .stopped = stopped,
    };
}

static struct httpc *client_of(const struct httpc_config *config)
{
    struct httpc *client = NULL;
    struct err err;

    assert_ok(httpc_new(config, &client, &err));
    return client;
}

/* --- configuration --- */

static void addresses_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "127.0.0.1:1",
                                      "http://127.0.0.1",
                                      "https://",
                                      "https://u@h",
                                      "https://h/path",
                                      "https://h?x=1",
                                      "ftp://h",
                                      "https://h:port",
                                      NULL};
    struct httpc_config config = config_of();
    struct httpc *client = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; bad[i] != NULL; i++) {
        config.url = bad[i];
        assert_fails(httpc_new(&config, &client, &err), ERR_USAGE);
    }
    config.url = NULL;
    assert_fails(httpc_new(&config, &client, &err), ERR_USAGE);
}

static void a_slash_at_the_end_is_dropped(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = NULL;

    (void)state;
    config.url = "https://h:1/";
    client = client_of(&config);
    assert_string_equal(httpc_url(client), "https://h:1");
}

static void pins_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "sha256//",
                                      "sha256//AAAA",
                                      "sha1//AAAA",
                                      "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                      NULL};
    struct httpc_config config = config_of();
    struct httpc *client = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; bad[i] != NULL; i++) {
        config.pin = bad[i];
        assert_fails(httpc_new(&config, &client, &err), ERR_USAGE);
    }
}

static void a_ca_that_is_none_is_refused(void **state)
{
    struct httpc_config config = config_of();
    struct httpc *client = NULL;
    struct err err;

    (void)state;
    config.trust = HTTPC_TRUST_CA;
    config.ca_pem = span_of_str("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_fails(httpc_new(&config, &client, &err), ERR_INPUT);
}

/* --- asking --- */

static void paths_and_queries_arrive_as_they_were_meant(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_call call = {.op = &op_echo, .params = {"a b%c?#&\xc3\xa9"}, .query = "q=x%20y"};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_ok(httpc_perform(client, &call, &reply, &err));
    assert_int_equal(reply.status, 200);
    assert_true(reply.sent);
    assert_string_equal(json_get_str(reply.json, "name"), "a b%c?#&\xc3\xa9");
    assert_string_equal(json_get_str(reply.json, "q"), "x y");
    assert_string_equal(json_get_str(reply.json, "id"), reply.request_id);
    assert_string_equal(httpc_peer_pin(client), pin);
}

static void problems_become_errors_of_their_kind(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_call call = {.op = &op_none};
    OWNED_JSON *body = json_new_object();
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_NOT_FOUND);
    assert_int_equal(reply.status, 404);

    json_set_bool(body, "bad", true);
    call = (struct httpc_call){.op = &op_json, .json = body};
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_INPUT);
    assert_string_equal(err.pointer, "/bad");
    assert_non_null(strstr(err.text, "the toy does not want it"));
}

static void the_token_says_who_asks(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_echo, .params = {"x"}};
    OWNED_HTTPC_REPLY reply = {0};
    struct httpc *client;
    struct err err;

    (void)state;
    config.token = "bad";
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_FORBIDDEN);
    httpc_free(client);
    config.token = NULL;
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNAUTHENTICATED);
    httpc_free(client);
}

static void json_goes_up_and_comes_back(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    OWNED_JSON *body = json_new_object();
    struct httpc_call call = {.op = &op_json, .json = body};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED(free_str) char *large = mem_zeroed(70 * KIB, 1);
    struct err err;

    (void)state;
    json_set_str(body, "a", "b");
    assert_ok(httpc_perform(client, &call, &reply, &err));
    assert_int_equal(reply.status, 201);
    assert_string_equal(json_get_str(reply.json, "a"), "b");

    memset(large, 'x', 70 * KIB - 1);
    json_set_str(body, "a", large);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_TOO_LARGE);
    assert_false(reply.sent);
}

static void calls_share_one_connection(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_call call = {.op = &op_who};
    struct httpc_call refused = {.op = &op_none};
    OWNED_HTTPC_REPLY first = {0};
    OWNED_HTTPC_REPLY second = {0};
    struct err err;

    (void)state;
    assert_ok(httpc_perform(client, &call, &first, &err));
    assert_fails(httpc_perform(client, &refused, &second, &err), ERR_NOT_FOUND);
    assert_ok(httpc_perform(client, &call, &second, &err));
    assert_string_equal(json_get_str(first.json, "exporter"),
                        json_get_str(second.json, "exporter"));
}

/* --- who is at the other end --- */

static void another_key_than_pinned_is_not_trusted(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_who};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_HTTPC *client = NULL;
    struct err err;

    (void)state;
    config.pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNTRUSTED);
    assert_false(reply.sent);
}

static void an_unknown_issuer_is_not_trusted(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_who};
    OWNED_HTTPC_REPLY reply = {0};
    struct https_identity other;
    struct httpc *client;
    struct err err;

    (void)state;
    config.pin = NULL;
    config.trust = HTTPC_TRUST_SYSTEM;
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNTRUSTED);
    httpc_free(client);

    https_identity_make(KEY_P256, 1, &other);
    config.trust = HTTPC_TRUST_CA;
    config.ca_pem = buf_span(&other.certificate);
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNTRUSTED);
    httpc_free(client);
    https_identity_done(&other);
}

static void a_key_is_shown_in_the_handshake(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_who};
    char identity[KEY_IDENTITY_TEXT_SIZE];
    struct err err;

    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_KEY *key = NULL;
        OWNED_HTTPC *client = NULL;
        OWNED_HTTPC_REPLY reply = {0};

        assert_ok(key_generate((enum key_type)type, type == KEY_RSA ? 2048 : 0, &key, &err));
        key_identity_text(key, identity);
        config.key = key;
        client = client_of(&config);
        assert_ok(httpc_perform(client, &call, &reply, &err));
        assert_string_equal(json_get_str(reply.json, "peer"), identity);
    }
}

static void nobody_there_is_unreachable(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_who};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_HTTPC *client = NULL;
    struct err err;

    (void)state;
    config.url = "https://127.0.0.1:1";
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNREACHABLE);
    assert_int_equal(reply.status, 0);
    assert_non_null(strstr(err.text, "https://127.0.0.1:1"));
}

static void silence_is_a_timeout(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_slow};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_HTTPC *client = NULL;
    struct err err;

    (void)state;
    config.stall_timeout_ms = 1000;
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_TIMEOUT);
}

static void a_call_can_be_interrupted(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_slow};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_HTTPC *client = client_of(&config);
    struct err err;

    (void)state;
    stop_now = true;
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_INTERRUPTED);
}

/* --- bodies --- */

static int make_file(uint64_t size)
{
    OWNED(free_str) char *bytes = mem_zeroed(size + 1, 1);
    int fd = memfd_create("upload", MFD_CLOEXEC);

    toy_file_block(0, (uint8_t *)bytes, size);
    assert_int_equal(pwrite(fd, bytes, size, 0), (ssize_t)size);
    return fd;
}

static void note_progress(void *ctx, uint64_t done, uint64_t total)
{
    uint64_t *seen = ctx;

    seen[0] = done;
    seen[1] = total;
}

static void a_file_goes_up_whole(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_upload body = {.fd = make_file(UPLOAD_SIZE), .size = UPLOAD_SIZE};
    uint64_t seen[2] = {0};
    struct httpc_call call = {.op = &op_upload,
                              .params = {"x"},
                              .upload = &body,
                              .progress = note_progress,
                              .progress_ctx = seen};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED(free_str) char *bytes = mem_zeroed(UPLOAD_SIZE, 1);
    uint8_t sha256[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    struct err err;

    (void)state;
    toy_file_block(0, (uint8_t *)bytes, UPLOAD_SIZE);
    digest_of(DIGEST_SHA256, span_of(bytes, UPLOAD_SIZE), sha256);
    text_hex(sha256, sizeof(sha256), hex);
    assert_ok(httpc_perform(client, &call, &reply, &err));
    assert_string_equal(json_get_str(reply.json, "sha256"), hex);
    assert_int_equal(seen[0], UPLOAD_SIZE);
    assert_int_equal(seen[1], UPLOAD_SIZE);
    close(body.fd);
}

static void an_empty_file_goes_up(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_upload body = {.fd = make_file(0)};
    struct httpc_call call = {.op = &op_upload, .params = {"x"}, .upload = &body};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_ok(httpc_perform(client, &call, &reply, &err));
    assert_int_equal(atomic_load(&toy.finished), 1);
    close(body.fd);
}

static void a_refused_upload_sends_nothing(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_upload body = {.fd = make_file(UPLOAD_SIZE), .size = UPLOAD_SIZE};
    struct httpc_call call = {.op = &op_upload, .params = {"conflict"}, .upload = &body};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_STATE);
    assert_non_null(strstr(err.text, "there is one already"));
    assert_int_equal(atomic_load(&toy.written), 0);
    close(body.fd);
}

static void an_upload_that_fails_half_way_says_what_the_server_said(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_upload body = {.fd = make_file(16 * MIB), .size = 16 * MIB};
    struct httpc_call call = {.op = &op_upload, .params = {"x"}, .upload = &body};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    atomic_store(&toy.fail_write, true);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_NO_SPACE);
    assert_non_null(strstr(err.text, "the toy is full"));
    close(body.fd);
}

static void a_file_that_shrinks_meanwhile_is_an_error(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_upload body = {.fd = make_file(1 * MIB), .size = 2 * MIB};
    struct httpc_call call = {.op = &op_upload, .params = {"x"}, .upload = &body};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_INPUT);
    toy_await(&toy.aborted, 1, "an abort");
    assert_int_equal(atomic_load(&toy.finished), 0);
    close(body.fd);
}

static void asking_first_costs_no_connection(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_call ask = {.op = &op_head, .params = {"x"}};
    struct httpc_call who = {.op = &op_who};
    OWNED_HTTPC_REPLY before = {0};
    OWNED_HTTPC_REPLY after = {0};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_ok(httpc_perform(client, &who, &before, &err));
    assert_ok(httpc_perform(client, &ask, &reply, &err));
    assert_int_equal(reply.status, 200);
    assert_ok(httpc_perform(client, &who, &after, &err));
    assert_string_equal(json_get_str(before.json, "exporter"),
                        json_get_str(after.json, "exporter"));
}

static int take_all(void *to, struct span bytes, struct err *err)
{
    struct buf *all = to;

    buf_add_span(all, bytes);
    return buf_check(all, "the file", err);
}

static void a_file_comes_down_whole(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    OWNED_BUF all = BUF_OF(4 * MIB);
    struct httpc_sink sink = {.write = take_all, .to = &all, .max = 4 * MIB};
    struct httpc_call call = {.op = &op_file, .sink = &sink};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED(free_str) char *wanted = mem_zeroed(MIB + 7, 1);
    struct err err;

    (void)state;
    toy_file_block(0, (uint8_t *)wanted, MIB + 7);
    assert_ok(httpc_perform(client, &call, &reply, &err));
    assert_int_equal(reply.length, MIB + 7);
    assert_string_equal(reply.etag, "toy-1");
    assert_true(span_equal(buf_span(&all), span_of(wanted, MIB + 7)));
}

static void a_file_over_the_ceiling_is_cut_off(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    OWNED_BUF all = BUF_OF(4 * MIB);
    struct httpc_sink sink = {.write = take_all, .to = &all, .max = MIB};
    struct httpc_call call = {.op = &op_file, .sink = &sink};
    struct httpc_call collected = {.op = &op_file, .query = "size=20000000"};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_TOO_LARGE);
    assert_true(all.len <= MIB);
    assert_fails(httpc_perform(client, &collected, &reply, &err), ERR_TOO_LARGE);
}

static int take_none(void *to, struct span bytes, struct err *err)
{
    (void)to, (void)bytes;
    return err_set(err, ERR_NO_SPACE, "the disk is full");
}

static void what_the_sink_says_is_the_error(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_sink sink = {.write = take_none, .max = 4 * MIB};
    struct httpc_call call = {.op = &op_file, .sink = &sink};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_NO_SPACE);
    assert_string_equal(err.text, "the disk is full");
}

/* --- events --- */

struct hearing {
    char ids[256];
    int count;
    int enough; /* after so many the listener ends it; 0: never */
};

static int hear(void *ctx, const struct sse_event *event, struct err *err)
{
    struct hearing *hearing = ctx;
    size_t used = strlen(hearing->ids);

    snprintf(hearing->ids + used, sizeof(hearing->ids) - used, "%s ", event->id);
    if (++hearing->count == hearing->enough)
        return err_set(err, ERR_STATE, "enough");
    return 0;
}

static void a_list_of_events_comes_to_its_end(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_call call = {.op = &op_events};
    struct hearing hearing = {0};
    struct httpc_events events = {.listener = hear, .ctx = &hearing, .after = "2"};
    struct err err;

    (void)state;
    atomic_store(&toy.last_event, 5);
    assert_ok(httpc_listen(client, &call, &events, &err));
    assert_string_equal(hearing.ids, "3 4 5 ");
}

static void on_break(void *ctx, const struct err *why, unsigned pause_ms)
{
    (void)ctx, (void)why, (void)pause_ms;
    atomic_store(&toy.last_event, 6);
    atomic_store(&toy.end_events, false);
}

static void a_follower_takes_up_where_it_broke_off(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_call call = {.op = &op_events};
    struct hearing hearing = {.enough = 4};
    struct httpc_events events = {
        .listener = hear, .ctx = &hearing, .after = "2", .follow = true, .broke = on_break};
    struct err err;

    (void)state;
    atomic_store(&toy.end_events, true); /* the first stream is empty and ends at once */
    assert_fails(httpc_listen(client, &call, &events, &err), ERR_STATE);
    assert_string_equal(hearing.ids, "3 4 5 6 ");
}

static void a_follower_that_never_got_in_gives_up(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_events};
    struct hearing hearing = {0};
    struct httpc_events events = {.listener = hear, .ctx = &hearing, .follow = true};
    OWNED_HTTPC *client = NULL;
    struct err err;

    (void)state;
    config.url = "https://127.0.0.1:1";
    client = client_of(&config);
    assert_fails(httpc_listen(client, &call, &events, &err), ERR_UNREACHABLE);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_that_are_none_are_refused),
        SERVED(a_slash_at_the_end_is_dropped),
        SERVED(pins_that_are_none_are_refused),
        SERVED(a_ca_that_is_none_is_refused),
        SERVED(paths_and_queries_arrive_as_they_were_meant),
        SERVED(problems_become_errors_of_their_kind),
        SERVED(the_token_says_who_asks),
        SERVED(json_goes_up_and_comes_back),
        SERVED(calls_share_one_connection),
        SERVED(another_key_than_pinned_is_not_trusted),
        SERVED(an_unknown_issuer_is_not_trusted),
        SERVED(a_key_is_shown_in_the_handshake),
        SERVED(nobody_there_is_unreachable),
        SERVED(silence_is_a_timeout),
        SERVED(a_call_can_be_interrupted),
        SERVED(a_file_goes_up_whole),
        SERVED(an_empty_file_goes_up),
        SERVED(a_refused_upload_sends_nothing),
        SERVED(an_upload_that_fails_half_way_says_what_the_server_said),
        SERVED(a_file_that_shrinks_meanwhile_is_an_error),
        SERVED(asking_first_costs_no_connection),
        SERVED(a_file_comes_down_whole),
        SERVED(a_file_over_the_ceiling_is_cut_off),
        SERVED(what_the_sink_says_is_the_error),
        SERVED(a_list_of_events_comes_to_its_end),
        SERVED(a_follower_takes_up_where_it_broke_off),
        SERVED(a_follower_that_never_got_in_gives_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
