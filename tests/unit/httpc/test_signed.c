/* Signed requests, verified by a server that knows one key and binds to its own end of the
 * connection. */
#include "tests/unit/unit.h"

#include "lib/base/clock.h"
#include "lib/httpc/httpc.h"
#include "lib/http/signature.h"
#include "lib/httpd/httpd.h"
#include "tests/fakes/https_client.h"

#include <sys/mman.h>
#include <unistd.h>

#define COMPUTATION "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct api_op ops[] = {
    {"get_state", API_GET, "/v1/state", API_AUTH_NONE, API_BODY_NONE, 0},
    {"put_thing", API_PUT, "/v1/things/{name}", API_AUTH_KEY, API_BODY_STREAM, 64 * MIB},
    {"post_json", API_POST, "/v1/json", API_AUTH_KEY, API_BODY_JSON, 64 * KIB},
    {"get_thing", API_GET, "/v1/things/{name}", API_AUTH_KEY, API_BODY_NONE, 0},
};

/* The server, and what it saw. */
static struct {
    struct httpd *httpd;
    struct httpd_service service;
    struct https_identity identity;
    struct key *party;
    struct nonce_set *nonces;
    char url[64];
    int states; /* how often the opener was asked */
} served;

static int check_channel(struct httpd_request *rq, struct err *err)
{
    uint8_t exporter[32];
    char hex[65];

    if (httpd_export(rq, "EXPORTER-Channel-Binding", (struct span){0}, exporter, 32, err) < 0)
        return -1;
    text_hex(exporter, sizeof(exporter), hex);
    if (strcmp(hex, httpd_header(rq, "Cocos-Channel")) != 0)
        return err_set(err, ERR_UNAUTHENTICATED, "another connection");
    return 0;
}

static int admit(void *app, struct httpd_request *rq, struct err *err)
{
    struct signature_message message = {
        .method = httpd_method(rq),
        .path = httpd_path(rq),
        .query = httpd_query_text(rq),
        .content_digest = httpd_header(rq, "Content-Digest"),
        .computation = httpd_header(rq, "Cocos-Computation"),
        .channel = httpd_header(rq, "Cocos-Channel"),
    };
    const char *input = httpd_header(rq, "Signature-Input");
    OWNED_BUF bytes = BUF_OF(SIGNATURE_HEADER_MAX);
    struct signature_params params;
    uint8_t sha256[SHA256_SIZE];
    struct signature_fields fields = {input, httpd_header(rq, "Signature"), httpd_has_body(rq)};

    (void)app;
    if (input == NULL)
        return err_set(err, ERR_UNAUTHENTICATED, "no signature");
    if (signature_parse(&fields, clock_now(), &params, &bytes, err) < 0 ||
        signature_verify(&message, input, buf_span(&bytes), served.party, err) < 0 ||
        nonce_set_add(served.nonces, params.key_id, params.nonce, params.expires, clock_now(),
                      err) < 0 ||
        check_channel(rq, err) < 0)
        return -1;
    if (strcmp(message.computation, COMPUTATION) != 0)
        return err_set(err, ERR_UNAUTHENTICATED, "another computation");
    if (httpd_has_body(rq)) {
        if (content_digest_read(message.content_digest, sha256, err) < 0)
            return -1;
        httpd_expect_digest(rq, sha256);
    }
    return 0;
}

static int answer(void *app, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    (void)app, (void)err;
    if (httpd_op(rq) == &ops[0])
        served.states++;
    httpd_reply_json(reply, 200, json_new_object());
    return 0;
}

static int sink_write(void *to, struct span block, struct err *err)
{
    (void)to, (void)block, (void)err;
    return 0;
}

static int sink_finish(void *to, struct httpd_reply *reply, struct err *err)
{
    (void)to, (void)err;
    httpd_reply_empty(reply, 201);
    return 0;
}

static void sink_abort(void *to)
{
    (void)to;
}

static int open_sink(void *app, struct httpd_request *rq, uint64_t announced,
                     struct httpd_sink *ret, struct err *err)
{
    (void)app, (void)rq, (void)announced, (void)err;
    *ret = (struct httpd_sink){NULL, sink_write, sink_finish, sink_abort};
    return 0;
}

static const struct httpd_route routes[] = {
    {&ops[0], answer, NULL},
    {&ops[1], NULL, open_sink},
    {&ops[2], answer, NULL},
    {&ops[3], answer, NULL},
};

static void start_server(void)
{
    struct httpd_config config = {
        .listen = "127.0.0.1:0",
        .certificate = buf_span(&served.identity.certificate),
        .key = buf_span(&served.identity.key),
    };
    struct err err;

    served.service = (struct httpd_service){
        .routes = routes, .route_count = COUNT_OF(routes), .admit = admit, .cors_origins = ""};
    assert_ok(httpd_start(&config, &served.service, &served.httpd, &err));
    snprintf(served.url, sizeof(served.url), "https://127.0.0.1:%u", httpd_port(served.httpd));
}

static int set_up(void **state)
{
    struct err err;

    (void)state;
    https_identity_make(KEY_P256, 1, &served.identity);
    assert_ok(key_generate(KEY_ED25519, 0, &served.party, &err));
    served.nonces = nonce_set_new();
    served.states = 0;
    start_server();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    httpd_stop(served.httpd, 0);
    https_identity_done(&served.identity);
    key_free(served.party);
    nonce_set_free(served.nonces);
    return 0;
}

static struct httpc *client_of(const struct key *key)
{
    struct httpc_config config = {
        .url = served.url,
        .trust = HTTPC_TRUST_ANY,
        .key = key,
        .auth = HTTPC_AUTH_SIGNATURE,
        .opener = &ops[0],
        .clock = clock_now,
        .ticks_ms = clock_monotonic_ms,
    };
    struct httpc *client = NULL;
    struct err err;

    assert_ok(httpc_new(&config, &client, &err));
    return client;
}

static void the_connection_is_opened_first_and_then_used(void **state)
{
    OWNED_HTTPC *client = client_of(served.party);
    struct httpc_call call = {
        .op = &ops[3], .params = {"a b"}, .query = "x=1&y=%20", .computation = COMPUTATION};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_ok(httpc_perform(client, &call, &reply, &err));
    assert_int_equal(served.states, 1);
}

static void bodies_are_covered_by_their_digest(void **state)
{
    OWNED_HTTPC *client = client_of(served.party);
    OWNED_JSON *body = json_new_object();
    struct httpc_upload upload = {.fd = memfd_create("upload", MFD_CLOEXEC), .size = 3 * MIB + 5};
    struct httpc_call post = {.op = &ops[2], .json = body, .computation = COMPUTATION};
    struct httpc_call put = {
        .op = &ops[1], .params = {"x"}, .upload = &upload, .computation = COMPUTATION};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_int_equal(ftruncate(upload.fd, (off_t)upload.size), 0);
    json_set_str(body, "a", "b");
    assert_ok(httpc_perform(client, &post, &reply, &err));
    assert_ok(httpc_perform(client, &put, &reply, &err));
    assert_int_equal(reply.status, 201);
    upload.size = 0;
    assert_ok(httpc_perform(client, &put, &reply, &err));
    close(upload.fd);
}

static void a_stranger_or_another_computation_is_refused(void **state)
{
    OWNED_KEY *stranger = NULL;
    OWNED_HTTPC *client = NULL;
    struct httpc_call call = {.op = &ops[3], .params = {"x"}, .computation = COMPUTATION};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_ED25519, 0, &stranger, &err));
    client = client_of(stranger);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNAUTHENTICATED);
    httpc_free(client);

    client = client_of(served.party);
    call.computation = "00";
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNAUTHENTICATED);
    call.computation = NULL;
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNAUTHENTICATED);
}

static void after_a_restart_the_signature_is_made_anew(void **state)
{
    OWNED_HTTPC *client = client_of(served.party);
    struct httpc_call call = {.op = &ops[3], .params = {"x"}, .computation = COMPUTATION};
    OWNED_HTTPC_REPLY reply = {0};
    char before[sizeof(served.url)];
    struct httpd_config config;
    struct err err;

    (void)state;
    assert_ok(httpc_perform(client, &call, &reply, &err));
    memcpy(before, served.url, sizeof(before));
    config = (struct httpd_config){
        .listen = strstr(before, "127"),
        .certificate = buf_span(&served.identity.certificate),
        .key = buf_span(&served.identity.key),
    };
    httpd_stop(served.httpd, 0);
    assert_ok(httpd_start(&config, &served.service, &served.httpd, &err));
    assert_ok(httpc_perform(client, &call, &reply, &err));
    assert_int_equal(served.states, 2);
}

static void what_needs_no_identity_is_not_signed(void **state)
{
    OWNED_HTTPC *client = client_of(served.party);
    struct httpc_call call = {.op = &ops[0]};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_ok(httpc_perform(client, &call, &reply, &err));
    assert_int_equal(served.states, 1);
}

static void an_opener_that_nobody_answers_is_unreachable(void **state)
{
    OWNED_HTTPC *client = client_of(served.party);
    struct httpc_call call = {.op = &ops[3], .params = {"x"}, .computation = COMPUTATION};
    struct httpd_config config = {
        .listen = "127.0.0.1:0",
        .certificate = buf_span(&served.identity.certificate),
        .key = buf_span(&served.identity.key),
    };
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    httpd_stop(served.httpd, 0);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNREACHABLE);
    assert_ok(httpd_start(&config, &served.service, &served.httpd, &err));
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(the_connection_is_opened_first_and_then_used),
        SERVED(bodies_are_covered_by_their_digest),
        SERVED(a_stranger_or_another_computation_is_refused),
        SERVED(after_a_restart_the_signature_is_made_anew),
        SERVED(what_needs_no_identity_is_not_signed),
        SERVED(an_opener_that_nobody_answers_is_unreachable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
