/* Calls as they go out, and answers as they come back. */
#include "tests/unit/httpc/served.h"

#include <sys/mman.h>
#include <unistd.h>

static const struct api_op op_echo = {"get_echo",      API_GET,       "/v1/echo/{name}",
                                      API_AUTH_VIEWER, API_BODY_NONE, 0};
static const struct api_op op_none = {"none",        API_GET,       "/v1/nothing",
                                      API_AUTH_NONE, API_BODY_NONE, 0};
static const struct api_op op_json = {"post_json",     API_POST,      "/v1/json",
                                      API_AUTH_VIEWER, API_BODY_JSON, 64 * KIB};
static const struct api_op op_who = {"get_who",     API_GET,       "/v1/who",
                                     API_AUTH_NONE, API_BODY_NONE, 0};
static const struct api_op op_upload = {"put_upload",    API_PUT,         "/v1/uploads/{name}",
                                        API_AUTH_VIEWER, API_BODY_STREAM, TOY_UPLOAD_MAX};
static const struct api_op op_head = {"head_upload",   API_HEAD,      "/v1/uploads/{name}",
                                      API_AUTH_VIEWER, API_BODY_NONE, 0};

#define UPLOAD_SIZE (3 * MIB + 11)

static int make_file(uint64_t size)
{
    OWNED(free_str) char *bytes = mem_zeroed(size + 1, 1);
    int fd = memfd_create("upload", MFD_CLOEXEC);

    toy_file_block(0, (uint8_t *)bytes, size);
    assert_int_equal(pwrite(fd, bytes, size, 0), (ssize_t)size);
    return fd;
}

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

/* A source that gives 1,000 bytes at a time, and fails after fail_at of them. */
struct trickle {
    size_t at, size, fail_at;
};

static int read_trickle(void *from, void *to, size_t room, size_t *ret_len, struct err *err)
{
    struct trickle *trickle = from;
    size_t left = trickle->size - trickle->at;

    if (trickle->fail_at > 0 && trickle->at >= trickle->fail_at)
        return err_set(err, ERR_NO_SPACE, "the source dried up");
    *ret_len = left < 1000 ? left : 1000;
    if (*ret_len > room)
        *ret_len = room;
    toy_file_block(trickle->at, to, *ret_len);
    trickle->at += *ret_len;
    return 0;
}

static void a_body_of_unknown_length_goes_up_whole_or_not_at_all(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct trickle trickle = {.size = UPLOAD_SIZE};
    struct httpc_upload body = {.read = read_trickle, .from = &trickle};
    struct httpc_call call = {.op = &op_upload, .params = {"x"}, .upload = &body};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_ok(httpc_perform(client, &call, &reply, &err));
    assert_int_equal(atomic_load(&toy.written), UPLOAD_SIZE);
    assert_int_equal(atomic_load(&toy.finished), 1);

    trickle = (struct trickle){.size = UPLOAD_SIZE, .fail_at = MIB};
    httpc_reply_done(&reply);
    reply = (struct httpc_reply){0};
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_NO_SPACE);
    assert_non_null(strstr(err.text, "the source dried up"));
    toy_await(&toy.aborted, 1, "aborted");
    assert_int_equal(atomic_load(&toy.finished), 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(paths_and_queries_arrive_as_they_were_meant),
        SERVED(problems_become_errors_of_their_kind),
        SERVED(json_goes_up_and_comes_back),
        SERVED(an_empty_file_goes_up),
        SERVED(a_refused_upload_sends_nothing),
        SERVED(an_upload_that_fails_half_way_says_what_the_server_said),
        SERVED(a_body_of_unknown_length_goes_up_whole_or_not_at_all),
        SERVED(asking_first_costs_no_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
