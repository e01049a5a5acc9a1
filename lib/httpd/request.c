#include "lib/httpd/internal.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/crypto/secret.h"
#include "lib/program/log.h"

#include <stdio.h>

#define LOGGED_PATH_MAX 300

/* --- its life --- */

void *httpd_request_begin(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct httpd *httpd = cls;
    struct httpd_request *rq;
    bool closed;
    char *query;

    pthread_mutex_lock(&httpd->lock);
    closed = httpd->closed;
    if (!closed)
        httpd->request_count++;
    pthread_mutex_unlock(&httpd->lock);
    if (closed)
        return NULL;

    rq = mem_new(struct httpd_request);
    rq->httpd = httpd;
    rq->mhd = mhd;
    rq->conn = httpd_conn_of(mhd);
    rq->path = mem_strdup(uri != NULL ? uri : "");
    query = strchr(rq->path, '?');
    if (query != NULL)
        *query++ = '\0';
    rq->query_text = query != NULL ? query : "";
    rq->method = "";
    rq->started_ms = clock_monotonic_ms();
    atomic_init(&rq->refs, 1);
    httpd_gate_init(&rq->gate);
    httpd_conn_enter(rq->conn, PHASE_HEADERS);
    return rq;
}

static void request_free(struct httpd_request *rq)
{
    if (rq->release_caller != NULL)
        rq->release_caller(rq->caller);
    httpd_upload_free(rq->upload);
    httpd_reply_reset(&rq->reply);
    for (size_t i = 0; i < rq->query_count; i++) {
        free(rq->query[i].name);
        free(rq->query[i].value);
    }
    buf_done(&rq->body);
    buf_done(&rq->pending);
    json_free(rq->json);
    httpd_gate_done(&rq->gate);
    free(rq->path);
    free(rq);
}

void httpd_request_ref(struct httpd_request *rq)
{
    atomic_fetch_add(&rq->refs, 1);
}

void httpd_request_unref(struct httpd_request *rq)
{
    struct httpd *httpd = rq->httpd;

    if (atomic_fetch_sub(&rq->refs, 1) != 1)
        return;
    request_free(rq);
    pthread_mutex_lock(&httpd->lock);
    httpd->request_count--;
    if (httpd->draining)
        pthread_cond_signal(&httpd->ended);
    pthread_mutex_unlock(&httpd->lock);
}

static void count(const struct httpd_request *rq, double seconds)
{
    const struct httpd *httpd = rq->httpd;
    const char *op = rq->route != NULL ? rq->route->op->name : "none";
    char label[128];

    if (httpd->requests == NULL)
        return;
    snprintf(label, sizeof(label), "op=\"%s\",status=\"%d\"", op, rq->status);
    metric_add(httpd->requests, label, 1);
    snprintf(label, sizeof(label), "op=\"%s\"", op);
    metric_observe(httpd->seconds, label, seconds);
    metric_add(httpd->bytes_in, "", (double)rq->bytes_in);
    metric_add(httpd->bytes_out, "", (double)rq->bytes_out);
}

static void log_access(const struct httpd_request *rq, int64_t ms, bool complete)
{
    struct json *fields = json_new_object();
    OWNED_BUF path = BUF_OF(LOGGED_PATH_MAX + 4);

    text_add_printable(&path, span_of_str(rq->path), LOGGED_PATH_MAX);
    json_set_str(fields, "peer", rq->conn->peer);
    json_set_str(fields, "method", rq->method);
    json_set_str(fields, "path", buf_str(&path));
    if (rq->route != NULL)
        json_set_str(fields, "op", rq->route->op->name);
    json_set_int(fields, "status", rq->status);
    json_set_int(fields, "ms", ms);
    json_set_int(fields, "bytes_in", (int64_t)rq->bytes_in);
    json_set_int(fields, "bytes_out", (int64_t)rq->bytes_out);
    if (!complete)
        json_set_bool(fields, "cut", true);
    if (rq->trace[0] != '\0')
        json_set_str(fields, "trace", rq->trace);
    log_set_request(rq->id);
    log_with(LOG_INFO, "request", fields);
    log_set_request(NULL);
}

/* What MHD answered by itself (431 and the like) is known to it alone. */
static int final_status(struct httpd_request *rq)
{
    const union MHD_ConnectionInfo *info;

    if (rq->status != 0)
        return rq->status;
    info = MHD_get_connection_info(rq->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
    return info != NULL ? (int)info->http_status : 0;
}

void httpd_request_completed(void *cls, struct MHD_Connection *mhd, void **context,
                             enum MHD_RequestTerminationCode code)
{
    bool complete = code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
    struct httpd_request *rq = *context;
    int64_t ms;

    (void)cls;
    (void)mhd;
    *context = NULL;
    if (rq == NULL)
        return;
    ms = clock_monotonic_ms() - rq->started_ms;
    httpd_say_last_word(rq);
    rq->status = final_status(rq);
    if (rq->upload != NULL)
        httpd_upload_cut(rq);
    if (rq->step == STEP_REPLIED)
        httpd_reply_sent(rq, complete);
    httpd_stream_leave(rq);

    count(rq, (double)ms / 1000);
    log_access(rq, ms, (complete && rq->step == STEP_REPLIED) || rq->step == STEP_LINGER);
    httpd_conn_enter(rq->conn, PHASE_IDLE);
    httpd_request_unref(rq);
}

/* --- who and what --- */

/* 00-<32 hex>-<16 hex>-<2 hex> (W3C Trace Context); anything else is as good as absent. */
static void read_trace(struct httpd_request *rq)
{
    const char *header = httpd_header(rq, "traceparent");
    uint8_t trace[16];
    struct err err;

    if (header == NULL || strlen(header) != 55 || strncmp(header, "00-", 3) != 0 ||
        header[35] != '-' || header[52] != '-')
        return;
    snprintf(rq->trace, sizeof(rq->trace), "%.32s", header + 3);
    if (text_parse_hex(rq->trace, trace, sizeof(trace), &err) < 0 ||
        span_is_zero(SPAN_OF_ARRAY(trace)))
        rq->trace[0] = '\0';
}

void httpd_request_identify(struct httpd_request *rq)
{
    const char *given = httpd_header(rq, "x-request-id");

    if (given != NULL && text_is_name(given, HTTPD_ID_MAX))
        snprintf(rq->id, sizeof(rq->id), "%s", given);
    else
        random_uuid(rq->id);
    read_trace(rq);
    rq->peer_known = httpd_tls_peer(rq->conn->tls_session, rq->peer);
}

/* --- the query --- */

/* A '+' is a blank in a query, by the custom of forms. */
static int decode_part(struct span part, char **ret, struct err *err)
{
    OWNED_BUF raw = BUF_OF(128 * KIB), text = BUF_OF(128 * KIB);

    for (size_t i = 0; i < part.len; i++) {
        if (part.data[i] == '+')
            buf_add_str(&raw, "%20");
        else
            buf_add_u8(&raw, part.data[i]);
    }
    if (buf_check(&raw, "parameter", err) < 0 || percent_decode(buf_span(&raw), &text, err) < 0)
        return -1;
    if (text.len > 0 && (memchr(text.data, '\0', text.len) || !text_is_utf8(buf_span(&text))))
        return err_set(err, ERR_MALFORMED, "a parameter is UTF-8 without NUL");
    *ret = buf_take(&text);
    return 0;
}

static int add_param(struct httpd_request *rq, struct span pair, struct err *err)
{
    const uint8_t *equals = memchr(pair.data, '=', pair.len);
    size_t name_len = equals != NULL ? (size_t)(equals - pair.data) : pair.len;
    OWNED(free_str) char *name = NULL;
    OWNED(free_str) char *value = NULL;

    if (decode_part(span_part(pair, 0, name_len), &name, err) < 0 ||
        decode_part(span_part(pair, name_len + 1, pair.len), &value, err) < 0)
        return err_wrap(err, "query");
    if (httpd_query(rq, name) != NULL)
        return err_set(err, ERR_MALFORMED, "query: '%s' is given twice", name);
    if (rq->query_count == HTTPD_QUERY_MAX)
        return err_set(err, ERR_MALFORMED, "query: more than %d parameters", HTTPD_QUERY_MAX);
    rq->query[rq->query_count++] = (struct httpd_query_param){GIVE(name), GIVE(value)};
    return 0;
}

int httpd_request_parse_query(struct httpd_request *rq, struct err *err)
{
    const char *at = rq->query_text;

    while (*at != '\0') {
        size_t length = strcspn(at, "&");

        if (length > 0 && add_param(rq, span_of(at, length), err) < 0)
            return -1;
        at += length;
        if (*at == '&')
            at++;
    }
    return 0;
}

/* --- what hooks and handlers may ask --- */

const struct api_op *httpd_op(const struct httpd_request *rq)
{
    return rq->route != NULL ? rq->route->op : NULL;
}

const char *httpd_request_id(const struct httpd_request *rq)
{
    return rq->id;
}

const char *httpd_method(const struct httpd_request *rq)
{
    return rq->method;
}

const char *httpd_path(const struct httpd_request *rq)
{
    return rq->path;
}

const char *httpd_query_text(const struct httpd_request *rq)
{
    return rq->query_text;
}

const char *httpd_param(const struct httpd_request *rq, const char *name)
{
    return pattern_get(&rq->match, name);
}

const char *httpd_query(const struct httpd_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->query_count; i++)
        if (strcmp(rq->query[i].name, name) == 0)
            return rq->query[i].value;
    return NULL;
}

const char *httpd_header(const struct httpd_request *rq, const char *name)
{
    return MHD_lookup_connection_value(rq->mhd, MHD_HEADER_KIND, name);
}

bool httpd_has_body(const struct httpd_request *rq)
{
    return rq->has_body;
}

const struct json *httpd_json(const struct httpd_request *rq)
{
    return rq->json;
}

struct span httpd_body(const struct httpd_request *rq)
{
    return buf_span(&rq->body);
}

bool httpd_peer_identity(const struct httpd_request *rq, uint8_t out[static SHA256_SIZE])
{
    if (rq->peer_known)
        memcpy(out, rq->peer, SHA256_SIZE);
    return rq->peer_known;
}

bool httpd_is_local(const struct httpd_request *rq)
{
    return rq->httpd->port == 0; /* a port of 0 was asked for, never given */
}

int httpd_own_identity(const struct httpd_request *rq, uint8_t out[static SHA256_SIZE],
                       struct err *err)
{
    (void)err;
    httpd_cert_identity(rq->conn->cert, out);
    return 0;
}

int httpd_export(const struct httpd_request *rq, const char *label, struct span context,
                 uint8_t *out, size_t len, struct err *err)
{
    return httpd_tls_export(rq->conn->tls_session, label, context, out, len, err);
}

uint64_t httpd_last_event_id(const struct httpd_request *rq)
{
    const char *header = httpd_header(rq, "Last-Event-ID");
    struct err err;
    uint64_t id;

    if (header == NULL || text_parse_u64(header, UINT64_MAX, &id, &err) < 0)
        return 0;
    return id;
}

void httpd_set_caller(struct httpd_request *rq, void *caller, void (*release)(void *caller))
{
    if (rq->release_caller != NULL)
        rq->release_caller(rq->caller);
    rq->caller = caller;
    rq->release_caller = release;
}

void *httpd_caller(const struct httpd_request *rq)
{
    return rq->caller;
}

void httpd_expect_digest(struct httpd_request *rq, const uint8_t sha256[static SHA256_SIZE])
{
    rq->digest_expected = true;
    memcpy(rq->digest, sha256, SHA256_SIZE);
}
