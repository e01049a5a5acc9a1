#include "lib/httpd/internal.h"

#include "lib/http/problem.h"
#include "lib/program/log.h"

#include <stdio.h>
#include <unistd.h>

#define PROBLEM_MAX (16 * KIB)
#define EARLY_MAX   (8 * KIB)

/* --- what handlers say --- */

static void release_content(struct httpd_reply *reply)
{
    if (reply->kind == REPLY_FILE) {
        close_fd(&reply->file.fd);
        if (reply->file.release != NULL)
            reply->file.release(reply->file.ctx);
    }
    if (reply->kind == REPLY_EVENTS && reply->events.release != NULL)
        reply->events.release(reply->events.ctx);
    buf_done(&reply->bytes);
    reply->kind = REPLY_BYTES;
    reply->media_type[0] = '\0';
}

void httpd_reply_reset(struct httpd_reply *reply)
{
    release_content(reply);
    for (size_t i = 0; i < reply->header_count; i++) {
        free(reply->headers[i].name);
        free(reply->headers[i].value);
    }
    *reply = (struct httpd_reply){0};
}

static void set_media_type(struct httpd_reply *reply, const char *media_type)
{
    snprintf(reply->media_type, sizeof(reply->media_type), "%s", media_type);
}

void httpd_reply_header(struct httpd_reply *reply, const char *name, const char *value)
{
    if (reply->header_count == HTTPD_HEADERS_MAX)
        abort();
    reply->headers[reply->header_count].name = mem_strdup(name);
    reply->headers[reply->header_count++].value = mem_strdup(value);
}

void httpd_reply_empty(struct httpd_reply *reply, int status)
{
    release_content(reply);
    reply->status = status;
}

void httpd_reply_bytes(struct httpd_reply *reply, int status, const char *media_type,
                       struct buf *bytes)
{
    release_content(reply);
    reply->status = status;
    reply->bytes = *bytes;
    *bytes = BUF_OF(bytes->max);
    set_media_type(reply, media_type);
}

static void write_json(struct httpd_reply *reply, int status, const char *media_type,
                       const struct json *json)
{
    struct buf text = BUF_OF(SIZE_MAX / 2);

    json_write(json, &text);
    buf_add_u8(&text, '\n');
    httpd_reply_bytes(reply, status, media_type, &text);
}

void httpd_reply_json(struct httpd_reply *reply, int status, struct json *json)
{
    OWNED_JSON *owned = json;

    write_json(reply, status, "application/json", owned);
}

void httpd_reply_struct(struct httpd_reply *reply, int status, const struct json_table *table,
                        const void *in)
{
    struct buf text = BUF_OF(SIZE_MAX / 2);

    json_encode_text(table, in, &text);
    buf_add_u8(&text, '\n');
    httpd_reply_bytes(reply, status, "application/json", &text);
}

void httpd_reply_file(struct httpd_reply *reply, const struct httpd_file *file)
{
    release_content(reply);
    reply->status = 200;
    reply->kind = REPLY_FILE;
    reply->file = *file;
}

void httpd_reply_events(struct httpd_reply *reply, const struct httpd_events *events)
{
    release_content(reply);
    reply->status = 200;
    reply->kind = REPLY_EVENTS;
    reply->events = *events;
    set_media_type(reply, "text/event-stream");
}

/* Headers that were set before stay: Allow, Retry-After. */
void httpd_reply_write_problem(struct httpd_request *rq, const struct err *err,
                               struct httpd_reply *reply)
{
    OWNED_JSON *problem = problem_of_err(err, rq->id);
    const struct httpd_service *service = rq->httpd->service;
    char challenge[160];

    write_json(reply, err_row(err->kind)->http_status, PROBLEM_MEDIA_TYPE, problem);
    if (reply->status == 401 && rq->route != NULL) {
        snprintf(challenge, sizeof(challenge), "%s realm=\"%s\"",
                 rq->route->op->auth == API_AUTH_KEY ? "Signature" : "Bearer",
                 service->realm != NULL ? service->realm : "cocos");
        httpd_reply_header(reply, "WWW-Authenticate", challenge);
    }
}

void httpd_reply_problem(struct httpd_request *rq, const struct err *err)
{
    httpd_reply_write_problem(rq, err, &rq->reply);
}

/* --- sending it --- */

/* Calls add(name, value) for every header that goes out. */
typedef void add_header(void *to, const char *name, const char *value);

static void list_headers(struct httpd_request *rq, const struct httpd_reply *reply, add_header *add,
                         void *to)
{
    const char *origin = httpd_route_cors_origin(rq);

    add(to, "X-Request-Id", rq->id);
    add(to, "Cache-Control", "no-store");
    add(to, "X-Content-Type-Options", "nosniff");
    if (reply->media_type[0] != '\0')
        add(to, "Content-Type", reply->media_type);
    if (origin != NULL) {
        add(to, "Access-Control-Allow-Origin", origin);
        add(to, "Access-Control-Expose-Headers", "X-Request-Id, Location, ETag, Content-Range");
        add(to, "Vary", "Origin");
    }
    for (size_t i = 0; i < reply->header_count; i++)
        add(to, reply->headers[i].name, reply->headers[i].value);
}

static void add_to_response(void *to, const char *name, const char *value)
{
    if (MHD_add_response_header(to, name, value) != MHD_YES)
        log_error("header '%s' cannot be sent", name);
}

static struct MHD_Response *make_response(struct httpd_request *rq)
{
    struct httpd_reply *reply = &rq->reply;

    if (reply->kind == REPLY_FILE) {
        httpd_file_prepare(rq);
        if (reply->kind == REPLY_FILE)
            return httpd_file_response(rq);
    }
    if (reply->kind == REPLY_EVENTS && strcmp(rq->method, "HEAD") != 0)
        return httpd_stream_response(rq);
    rq->bytes_out = strcmp(rq->method, "HEAD") != 0 ? reply->bytes.len : 0;
    return MHD_create_response_from_buffer(reply->bytes.len, reply->bytes.data,
                                           MHD_RESPMEM_PERSISTENT);
}

/* Of a local connection with unread bytes at its end the kernel tells once, and whoever listens for
 * the next request would hear it: delivery.c has to. */
static bool is_last(const struct httpd_request *rq)
{
    return httpd_is_draining(rq->httpd) ||
           (httpd_is_local(rq) && rq->reply.kind == REPLY_FILE && strcmp(rq->method, "GET") == 0);
}

enum MHD_Result httpd_reply_send(struct httpd_request *rq)
{
    struct MHD_Response *response;
    enum MHD_Result result;

    if (rq->reply.status == 0)
        rq->reply.status = 204;
    response = make_response(rq);
    if (response == NULL)
        return MHD_NO;
    list_headers(rq, &rq->reply, add_to_response, response);
    if (is_last(rq))
        add_to_response(response, "Connection", "close");

    rq->status = rq->reply.status;
    rq->step = STEP_REPLIED;
    httpd_conn_enter(rq->conn, PHASE_REPLY);
    if (rq->upload != NULL)
        httpd_conn_set_silence(rq->mhd, rq->httpd->config.idle_timeout_ms);
    result = MHD_queue_response(rq->mhd, (unsigned)rq->status, response);
    MHD_destroy_response(response);
    return result;
}

void httpd_reply_sent(struct httpd_request *rq, bool complete)
{
    struct httpd_reply *reply = &rq->reply;

    if (!complete || strcmp(rq->method, "HEAD") == 0)
        return;
    if (reply->kind == REPLY_FILE && reply->file.sent != NULL)
        httpd_delivery_watch(rq);
}

/* --- in the middle of a body --- */

static void add_to_text(void *to, const char *name, const char *value)
{
    buf_printf(to, "%s: %s\r\n", name, value);
}

/* MHD answers before a body, and then hangs up on what the client is still sending, so that many a
 * client never sees the answer; or after the whole body, which may take gigabytes. This answer is
 * written past MHD, which sends nothing while a body comes in. */
void httpd_reply_send_early(struct httpd_request *rq, const struct httpd_reply *reply)
{
    OWNED_BUF text = BUF_OF(EARLY_MAX);

    buf_printf(&text, "HTTP/1.1 %d %s\r\n", reply->status,
               MHD_get_reason_phrase_for((unsigned)reply->status));
    list_headers(rq, reply, add_to_text, &text);
    buf_printf(&text, "Content-Length: %zu\r\nConnection: close\r\n\r\n", reply->bytes.len);
    buf_add_span(&text, buf_span(&reply->bytes));
    if (!text.overflow)
        httpd_tls_send(rq->conn->tls_session, buf_span(&text));
    rq->status = reply->status;
    rq->bytes_out = reply->bytes.len;
}
