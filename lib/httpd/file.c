#include "lib/httpd/internal.h"

#include "lib/http/range.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* MHD fills its own buffer from the callback: fewer, larger TLS records than from a descriptor. */
#define FILE_BLOCK (64 * KIB)

/* The file is not sent after all; what it owns is released. */
static void answer_without(struct httpd_request *rq, int status)
{
    struct err err;

    if (status == 416) {
        err_set(&err, ERR_RANGE, "the file has %llu bytes",
                (unsigned long long)rq->reply.file.size);
        httpd_reply_problem(rq, &err);
    } else {
        httpd_reply_empty(&rq->reply, status);
    }
}

static enum range_result wanted_range(struct httpd_request *rq)
{
    const char *if_range = httpd_header(rq, "If-Range");
    const char *range = httpd_header(rq, "Range");
    struct httpd_reply *reply = &rq->reply;

    if (strcmp(rq->method, "GET") != 0 ||
        (if_range != NULL && !etag_is(if_range, reply->file.etag)))
        range = NULL;
    return range_parse(range, reply->file.size, &reply->from, &reply->to);
}

/* Preconditions before ranges (RFC 9110 section 13.2.2). */
void httpd_file_prepare(struct httpd_request *rq)
{
    const char *if_none_match = httpd_header(rq, "If-None-Match");
    struct httpd_reply *reply = &rq->reply;
    const struct httpd_file file = reply->file;
    char text[96];

    snprintf(text, sizeof(text), "\"%s\"", file.etag);
    httpd_reply_header(reply, "ETag", text);
    httpd_reply_header(reply, "Accept-Ranges", "bytes");
    if (if_none_match != NULL && etag_list_matches(if_none_match, file.etag)) {
        answer_without(rq, 304);
        return;
    }

    switch (wanted_range(rq)) {
    case RANGE_WHOLE: break;
    case RANGE_PART:
        reply->status = 206;
        snprintf(text, sizeof(text), "bytes %llu-%llu/%llu", (unsigned long long)reply->from,
                 (unsigned long long)reply->to - 1, (unsigned long long)file.size);
        httpd_reply_header(reply, "Content-Range", text);
        break;
    case RANGE_UNSATISFIABLE:
        snprintf(text, sizeof(text), "bytes */%llu", (unsigned long long)file.size);
        httpd_reply_header(reply, "Content-Range", text);
        answer_without(rq, 416);
        return;
    }
    snprintf(reply->media_type, sizeof(reply->media_type), "%s", file.media_type);
}

/* A file that became shorter ends the connection: the announced length cannot be kept. */
static ssize_t read_file(void *cls, uint64_t at, char *out, size_t max)
{
    struct httpd_request *rq = cls;
    ssize_t got;

    do
        got = pread(rq->reply.file.fd, out, max, (off_t)(rq->reply.from + at));
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    rq->bytes_out += (uint64_t)got;
    httpd_conn_enter(rq->conn, PHASE_REPLY);
    return got;
}

struct MHD_Response *httpd_file_response(struct httpd_request *rq)
{
    httpd_delivery_begin(rq);
    return MHD_create_response_from_callback(rq->reply.to - rq->reply.from, FILE_BLOCK, read_file,
                                             rq, NULL);
}
