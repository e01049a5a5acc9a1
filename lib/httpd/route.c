#include "lib/httpd/internal.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <strings.h>

/* Headers that mean something once. Two of them are a mistake or an attempt to be understood
 * differently by two readers, so they are refused before anything else is looked at. */
static const char *const single_headers[] = {
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Content-Type",
    "Authorization",
    "Content-Digest",
    "Content-Encoding",
    "Signature",
    "Signature-Input",
    "Cocos-Computation",
    "Cocos-Channel",
    "Idempotency-Key",
    "Range",
    "If-Range",
    "Last-Event-ID",
    "Origin",
};

#define CORS_HEADERS                                                                               \
    "Authorization, Content-Type, Content-Digest, Idempotency-Key, Last-Event-ID, Signature, "     \
    "Signature-Input, Cocos-Computation, Cocos-Channel, Traceparent, X-Request-Id, "               \
    "If-None-Match, If-Range, Range"

struct header_census {
    unsigned seen[COUNT_OF(single_headers)];
    const char *repeated;
};

static enum MHD_Result count_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct header_census *census = cls;

    (void)kind;
    (void)value;
    for (size_t i = 0; i < COUNT_OF(single_headers); i++)
        if (strcasecmp(name, single_headers[i]) == 0 && ++census->seen[i] > 1)
            census->repeated = single_headers[i];
    return MHD_YES;
}

/* How long the body is must be said once and clearly. */
static int read_framing(struct httpd_request *rq, struct err *err)
{
    const char *length = httpd_header(rq, "Content-Length");
    const char *coding = httpd_header(rq, "Transfer-Encoding");
    struct header_census census = {0};

    rq->has_body = length != NULL || coding != NULL; /* until it is known to be none */
    MHD_get_connection_values(rq->mhd, MHD_HEADER_KIND, count_header, &census);
    if (census.repeated != NULL)
        return err_set(err, ERR_MALFORMED, "header '%s' is given twice", census.repeated);
    if (coding != NULL && (length != NULL || strcasecmp(coding, "chunked") != 0))
        return err_set(err, ERR_MALFORMED,
                       "Transfer-Encoding must be 'chunked' and without Content-Length");
    if (coding != NULL)
        rq->announced = UINT64_MAX;
    else if (length != NULL && text_parse_u64(length, INT64_MAX, &rq->announced, err) < 0)
        return err_set(err, ERR_MALFORMED, "Content-Length: not a length");
    rq->has_body = rq->announced > 0;
    rq->may_linger = rq->has_body && httpd_header(rq, "Expect") == NULL;
    return 0;
}

/* --- the route --- */

static bool method_fits(const struct api_op *op, const char *method)
{
    if (strcmp(method, api_method_names[op->method]) == 0)
        return true;
    return op->method == API_GET && strcmp(method, "HEAD") == 0;
}

/* "GET, HEAD, PUT": the methods of a path, each once. */
static void list_methods(const struct httpd_service *service, const char *path, struct buf *out)
{
    bool has[API_METHOD_COUNT] = {false};
    struct pattern_match match;

    for (size_t i = 0; i < service->route_count; i++) {
        const struct api_op *op = service->routes[i].op;

        if (!pattern_matches(op->path, path, &match))
            continue;
        has[op->method] = true;
        if (op->method == API_GET)
            has[API_HEAD] = true;
    }
    for (int method = 0; method < API_METHOD_COUNT; method++)
        if (has[method])
            buf_printf(out, "%s%s", out->len > 0 ? ", " : "", api_method_names[method]);
}

/* A HEAD of its own goes before the one that comes with GET, whatever the order of the table. */
static void find_route(struct httpd_request *rq)
{
    const struct httpd_service *service = rq->httpd->service;
    struct pattern_match match;

    for (size_t i = 0; i < service->route_count; i++) {
        const struct api_op *op = service->routes[i].op;
        bool exact = strcmp(rq->method, api_method_names[op->method]) == 0;

        if (!method_fits(op, rq->method) || (rq->route != NULL && !exact) ||
            !pattern_matches(op->path, rq->path, &match))
            continue;
        rq->route = &service->routes[i];
        rq->match = match;
        if (exact)
            return;
    }
}

static int route(struct httpd_request *rq, struct err *err)
{
    OWNED_BUF allowed = BUF_OF(128);

    find_route(rq);
    if (rq->route != NULL)
        return 0;
    list_methods(rq->httpd->service, rq->path, &allowed);
    if (allowed.len == 0)
        return err_set(err, ERR_NOT_FOUND, "no such path");
    httpd_reply_header(&rq->reply, "Allow", buf_str(&allowed));
    return err_set(err, ERR_METHOD, "this path knows %s", buf_str(&allowed));
}

/* --- the body that is announced --- */

static bool media_type_is(const char *header, const char *wanted)
{
    size_t length = strlen(wanted);

    return strncasecmp(header, wanted, length) == 0 &&
           (header[length] == '\0' || header[length] == ';' || header[length] == ' ');
}

static int check_coding(const struct httpd_request *rq, struct err *err)
{
    const char *coding = httpd_header(rq, "Content-Encoding"), *known = rq->route->coding;

    if (coding == NULL || strcasecmp(coding, "identity") == 0 ||
        (known != NULL && strcasecmp(coding, known) == 0))
        return 0;
    if (known == NULL)
        return err_set(err, ERR_MEDIA_TYPE, "Content-Encoding is not supported");
    return err_set(err, ERR_MEDIA_TYPE, "Content-Encoding: '%.40s', expected none or %s", coding,
                   known);
}

static int check_announced(const struct httpd_request *rq, struct err *err)
{
    const char *type = httpd_header(rq, "Content-Type");
    const struct api_op *op = rq->route->op;
    const char *wanted =
        op->body == API_BODY_JSON ? "application/json" : "application/octet-stream";

    if (!rq->has_body)
        return 0;
    if (op->body == API_BODY_NONE)
        return err_set(err, ERR_TOO_LARGE, "this request takes no body");
    if (type != NULL && !media_type_is(type, wanted))
        return err_set(err, ERR_MEDIA_TYPE, "the body must be %s", wanted);
    if (check_coding(rq, err) < 0)
        return -1;
    if (rq->announced != UINT64_MAX && rq->announced > op->body_max)
        return err_set(err, ERR_TOO_LARGE, "the body is over the limit of %llu bytes",
                       (unsigned long long)op->body_max);
    return 0;
}

/* --- other origins --- */

const char *httpd_route_cors_origin(const struct httpd_request *rq)
{
    const char *allowed = rq->httpd->service->cors_origins;
    const char *origin = httpd_header(rq, "Origin");

    if (origin == NULL || allowed == NULL)
        return NULL;
    while (*allowed != '\0') {
        size_t length = strcspn(allowed, ", ");

        if (length == 1 && *allowed == '*')
            return "*";
        if (length == strlen(origin) && strncmp(allowed, origin, length) == 0)
            return origin;
        allowed += length;
        allowed += strspn(allowed, ", ");
    }
    return NULL;
}

static bool preflight(struct httpd_request *rq)
{
    OWNED_BUF methods = BUF_OF(128);

    if (strcmp(rq->method, "OPTIONS") != 0 || rq->has_body || httpd_route_cors_origin(rq) == NULL)
        return false;
    list_methods(rq->httpd->service, rq->path, &methods);
    if (methods.len == 0)
        return false;
    httpd_reply_empty(&rq->reply, 204);
    httpd_reply_header(&rq->reply, "Access-Control-Allow-Methods", buf_str(&methods));
    httpd_reply_header(&rq->reply, "Access-Control-Allow-Headers", CORS_HEADERS);
    httpd_reply_header(&rq->reply, "Access-Control-Max-Age", "600");
    return true;
}

/* The order of the refusals is part of the contract: 404, 405, 401, 403, 415, 413, 400. */
static int check(struct httpd_request *rq, struct err *err)
{
    const struct httpd_service *service = rq->httpd->service;
    struct err query_err;
    int query;

    if (route(rq, err) < 0)
        return -1;
    query = httpd_request_parse_query(rq, &query_err);
    if (rq->route->op->auth != API_AUTH_NONE && service->admit != NULL &&
        service->admit(service->app, rq, err) < 0)
        return -1;
    if (check_announced(rq, err) < 0)
        return -1;
    if (query < 0)
        *err = query_err;
    return query;
}

bool httpd_route(struct httpd_request *rq)
{
    struct err err;

    if (read_framing(rq, &err) < 0) {
        httpd_refuse(rq, &err);
        return false;
    }
    if (preflight(rq))
        return true;
    if (check(rq, &err) < 0)
        httpd_refuse(rq, &err);
    return false;
}
