#include "tests/fakes/toy_service.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/crypto/secret.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_SIZE (1 * MIB + 7)

struct toy toy;

static int admit(void *app, struct httpd_request *rq, struct err *err)
{
    const char *authorization = httpd_header(rq, "Authorization");

    (void)app;
    if (authorization == NULL)
        return err_set(err, ERR_UNAUTHENTICATED, "no token");
    if (strcmp(authorization, "Bearer good") != 0)
        return err_set(err, ERR_FORBIDDEN, "another token");
    if (httpd_header(rq, "X-Expect") != NULL)
        httpd_expect_digest(rq, toy.expect);
    httpd_set_caller(rq, mem_strdup("the caller"), free);
    return 0;
}

static int get_healthz(void *app, struct httpd_request *rq, struct httpd_reply *reply,
                       struct err *err)
{
    struct json *json = json_new_object();

    (void)app;
    (void)rq;
    (void)err;
    json_set_str(json, "status", "ok");
    httpd_reply_json(reply, 200, json);
    return 0;
}

static int get_echo(void *app, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct json *json = json_new_object();

    (void)app;
    (void)err;
    json_set_str(json, "name", httpd_param(rq, "name"));
    json_set_str(json, "q", httpd_query(rq, "q"));
    json_set_str(json, "method", httpd_method(rq));
    json_set_str(json, "path", httpd_path(rq));
    json_set_str(json, "query", httpd_query_text(rq));
    json_set_str(json, "caller", httpd_caller(rq));
    json_set_str(json, "id", httpd_request_id(rq));
    httpd_reply_header(reply, "X-Toy", "yes");
    httpd_reply_json(reply, 200, json);
    return 0;
}

static int post_json(void *app, struct httpd_request *rq, struct httpd_reply *reply,
                     struct err *err)
{
    (void)app;
    if (json_get(httpd_json(rq), "bad") != NULL)
        return err_set_at(err, ERR_INPUT, "/bad", "the toy does not want it");
    httpd_reply_json(reply, 201, json_new_copy(httpd_json(rq)));
    return 0;
}

static int get_who(void *app, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    uint8_t peer[SHA256_SIZE], own[SHA256_SIZE], exported[32];
    struct json *json;

    (void)app;
    if (httpd_own_identity(rq, own, err) < 0 ||
        httpd_export(rq, "EXPORTER-toy", span_of_str("context"), exported, sizeof(exported), err) <
            0)
        return -1;
    json = json_new_object();
    if (httpd_peer_identity(rq, peer))
        json_set_hex(json, "peer", SPAN_OF_ARRAY(peer));
    json_set_hex(json, "own", SPAN_OF_ARRAY(own));
    json_set_hex(json, "exporter", SPAN_OF_ARRAY(exported));
    httpd_reply_json(reply, 200, json);
    return 0;
}

static int get_slow(void *app, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    (void)app;
    (void)rq;
    (void)err;
    pthread_mutex_lock(&toy.lock);
    atomic_fetch_add(&toy.waiting, 1);
    while (!toy.open_gate)
        pthread_cond_wait(&toy.changed, &toy.lock);
    atomic_fetch_sub(&toy.waiting, 1);
    pthread_mutex_unlock(&toy.lock);
    httpd_reply_empty(reply, 204);
    return 0;
}

/* --- uploads --- */

static int sink_write(void *to, struct span block, struct err *err)
{
    (void)to;
    atomic_fetch_add(&toy.write_calls, 1);
    if (atomic_load(&toy.slow_us) > 0)
        usleep(atomic_load(&toy.slow_us));
    if (atomic_load(&toy.fail_write))
        return err_set(err, ERR_NO_SPACE, "the toy is full");
    digest_add(to, block);
    atomic_fetch_add(&toy.written, block.len);
    return 0;
}

static int sink_finish(void *to, struct httpd_reply *reply, struct err *err)
{
    uint8_t sha256[SHA256_SIZE];
    struct json *json = json_new_object();

    (void)err;
    digest_finish(to, sha256);
    digest_free(to);
    json_set_hex(json, "sha256", SPAN_OF_ARRAY(sha256));
    httpd_reply_json(reply, 201, json);
    atomic_fetch_add(&toy.finished, 1);
    return 0;
}

static void sink_abort(void *to)
{
    digest_free(to);
    atomic_fetch_add(&toy.aborted, 1);
}

static int put_upload(void *app, struct httpd_request *rq, uint64_t announced,
                      struct httpd_sink *ret, struct err *err)
{
    (void)app;
    (void)announced;
    if (strcmp(httpd_param(rq, "name"), "conflict") == 0)
        return err_set(err, ERR_STATE, "there is one already");
    atomic_fetch_add(&toy.opened, 1);
    *ret = (struct httpd_sink){digest_new(DIGEST_SHA256), sink_write, sink_finish, sink_abort};
    return 0;
}

/* --- files and events --- */

static void file_sent(void *ctx, uint64_t from, uint64_t to)
{
    (void)ctx;
    atomic_store(&toy.sent_from, from);
    atomic_store(&toy.sent_to, to);
    atomic_fetch_add(&toy.files_sent, 1);
}

static void released(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&toy.released, 1);
}

void toy_file_block(uint64_t at, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)((at + i) * 2654435761U >> 13);
}

/* ?size=N makes a file of N zeros instead. */
static int get_file(void *app, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    OWNED(free_str) char *bytes = mem_zeroed(FILE_SIZE, 1);
    struct httpd_file file = {.size = FILE_SIZE,
                              .media_type = "application/zip",
                              .etag = "toy-1",
                              .sent = file_sent,
                              .release = released};

    (void)app;
    if (httpd_query(rq, "size") != NULL &&
        text_parse_u64(httpd_query(rq, "size"), 1024 * GIB, &file.size, err) < 0)
        return -1;
    file.fd = memfd_create("toy", MFD_CLOEXEC);
    toy_file_block(0, (uint8_t *)bytes, FILE_SIZE);
    if (ftruncate(file.fd, (off_t)file.size) < 0 ||
        (file.size == FILE_SIZE && pwrite(file.fd, bytes, FILE_SIZE, 0) != (ssize_t)FILE_SIZE))
        return err_set_errno(err, ERR_SYSTEM, "toy file");
    httpd_reply_file(reply, &file);
    return 0;
}

static int next_event(void *ctx, uint64_t *id, struct buf *out)
{
    (void)ctx;
    if (atomic_load(&toy.end_events))
        return -1;
    if (*id >= atomic_load(&toy.last_event))
        return 0;
    ++*id;
    buf_printf(out, "id: %llu\nevent: toy\ndata: {}\n\n", (unsigned long long)*id);
    return 1;
}

static int list_events(void *app, struct httpd_request *rq, struct httpd_reply *reply,
                       struct err *err)
{
    struct httpd_events events = {
        .after = httpd_last_event_id(rq), .next = next_event, .release = released};

    (void)app;
    (void)err;
    httpd_reply_events(reply, &events);
    return 0;
}

static const struct api_op ops[] = {
    {"get_healthz", API_GET, "/healthz", API_AUTH_NONE, API_BODY_NONE, 0},
    {"get_echo", API_GET, "/v1/echo/{name}", API_AUTH_VIEWER, API_BODY_NONE, 0},
    {"delete_echo", API_DELETE, "/v1/echo/{name}", API_AUTH_VIEWER, API_BODY_NONE, 0},
    {"post_json", API_POST, "/v1/json", API_AUTH_VIEWER, API_BODY_JSON, 64 * KIB},
    {"get_who", API_GET, "/v1/who", API_AUTH_NONE, API_BODY_NONE, 0},
    {"get_slow", API_GET, "/v1/slow", API_AUTH_NONE, API_BODY_NONE, 0},
    {"put_upload", API_PUT, "/v1/uploads/{name}", API_AUTH_VIEWER, API_BODY_STREAM, TOY_UPLOAD_MAX},
    {"head_upload", API_HEAD, "/v1/uploads/{name}", API_AUTH_VIEWER, API_BODY_NONE, 0},
    {"get_file", API_GET, "/v1/file", API_AUTH_NONE, API_BODY_NONE, 0},
    {"list_events", API_GET, "/v1/events", API_AUTH_NONE, API_BODY_NONE, 0},
};

static const struct httpd_route routes[] = {
    {&ops[0], get_healthz, NULL}, {&ops[1], get_echo, NULL}, {&ops[2], get_echo, NULL},
    {&ops[3], post_json, NULL},   {&ops[4], get_who, NULL},  {&ops[5], get_slow, NULL},
    {&ops[6], NULL, put_upload},  {&ops[7], get_echo, NULL}, {&ops[8], get_file, NULL},
    {&ops[9], list_events, NULL},
};

/* --- life --- */

static void die(const char *what, const struct err *err)
{
    fprintf(stderr, "toy: %s: %s\n", what, err->text);
    abort();
}

void toy_start(const struct httpd_config *config)
{
    struct httpd_config mine = config != NULL ? *config : (struct httpd_config){0};
    struct err err;

    toy = (struct toy){0};
    pthread_mutex_init(&toy.lock, NULL);
    pthread_cond_init(&toy.changed, NULL);
    https_identity_make(KEY_P256, 10, &toy.server);
    toy.metrics = metric_registry_new();
    toy.service = (struct httpd_service){.routes = routes,
                                         .route_count = COUNT_OF(routes),
                                         .admit = admit,
                                         .realm = "toy",
                                         .cors_origins = "https://ui.example, https://b.example",
                                         .metrics = toy.metrics};
    mine.listen = mine.listen != NULL ? mine.listen : "127.0.0.1:0";
    mine.certificate = buf_span(&toy.server.certificate);
    mine.key = buf_span(&toy.server.key);
    if (httpd_start(&mine, &toy.service, &toy.httpd, &err) < 0)
        die("start", &err);
    toy.port = httpd_port(toy.httpd);
}

void toy_stop(unsigned drain_ms)
{
    toy_open_gate();
    httpd_stop(toy.httpd, drain_ms);
    toy.httpd = NULL;
    metric_registry_free(toy.metrics);
    https_identity_done(&toy.server);
    pthread_cond_destroy(&toy.changed);
    pthread_mutex_destroy(&toy.lock);
}

void toy_open_gate(void)
{
    pthread_mutex_lock(&toy.lock);
    toy.open_gate = true;
    pthread_cond_broadcast(&toy.changed);
    pthread_mutex_unlock(&toy.lock);
}

struct https_client *toy_connect(void)
{
    struct https_client *client = https_open(toy.port, NULL);
    struct err err;

    if (client == NULL) {
        err_set(&err, ERR_UNREACHABLE, "no connection");
        die("connect", &err);
    }
    return client;
}

void toy_ask(const char *text, struct https_reply *ret)
{
    struct https_client *client = toy_connect();

    https_send(client, text, strlen(text));
    https_read(client, strncmp(text, "HEAD", 4) == 0, ret);
    https_close(client);
}

void toy_await(const atomic_int *counter, int wanted, const char *what)
{
    for (int i = 0; i < 6000; i++) {
        if (atomic_load(counter) >= wanted)
            return;
        usleep(10000);
    }
    fprintf(stderr, "toy: %s never came to %d\n", what, wanted);
    abort();
}
