/* The HTTPS server kit, on libmicrohttpd.
 *
 * A service is a table of routes (an operation row and a handler each) and one hook that says who
 * asks. The life of a request:
 *
 *   1. headers     framing that two readers could understand differently is refused (400); then
 *                  path -> route (404, 405 with Allow), admit() (401, 403), media type (415),
 *                  announced size (413), query (400). No body byte has been read. A request without
 *                  a body is answered so that the connection stays usable, also when it is refused;
 *                  an announced body is refused at once, without "100 Continue", and what the
 * client sends all the same is dropped for a few seconds so that it can read why.
 *   2. body        JSON is collected and parsed strictly (400, 422); a stream is gathered in blocks
 *                  of 256 KiB to 1 MiB and handed to the route's sink in a thread of its own, with
 *                  back-pressure. If admit() set a content digest, it is checked (422).
 *   3. handler     on a worker thread, never on a thread that serves connections: it may block.
 *   4. reply       from memory, from a file (ranges, ETag), or as a stream of events.
 *
 * A route of GET answers HEAD too, unless HEAD has a route of its own. Unknown query parameters are
 * ignored; one that is given twice is refused. Every answer carries X-Request-Id (a sane one that
 * came with the request is kept) and Cache-Control: no-store; every request leaves one line in the
 * log, with the trace id of `traceparent`, and is counted.
 *
 * Slow clients are cut: headers must be complete within header_timeout_ms, a body must bring
 * body_rate_min bytes a second in every stretch of body_grace_ms, idle connections end after
 * idle_timeout_ms. The time that the server itself takes does not count. TLS 1.3 only, no
 * resumption; a client certificate of any issuer is asked for and proves possession of its key,
 * nothing else. */
#ifndef COCOS_HTTPD_HTTPD_H
#define COCOS_HTTPD_HTTPD_H

#include "lib/api/op.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/crypto/digest.h"
#include "lib/json/table.h"
#include "lib/program/metric.h"

struct httpd;
struct httpd_request; /* valid during the hooks and the handler */
struct httpd_reply;

/* --- reading a request (any hook or handler; all strings are borrowed) --- */
const struct api_op *httpd_op(const struct httpd_request *rq);
const char *httpd_request_id(const struct httpd_request *rq);
const char *httpd_method(const struct httpd_request *rq);
const char *httpd_path(const struct httpd_request *rq);       /* as in the request line, no query */
const char *httpd_query_text(const struct httpd_request *rq); /* the raw query, "" when none */
const char *httpd_param(const struct httpd_request *rq, const char *name);  /* path parameter */
const char *httpd_query(const struct httpd_request *rq, const char *name);  /* decoded, or NULL */
const char *httpd_header(const struct httpd_request *rq, const char *name); /* or NULL */
bool httpd_has_body(const struct httpd_request *rq);           /* a body was announced */
const struct json *httpd_json(const struct httpd_request *rq); /* JSON bodies, else NULL */
struct span httpd_body(const struct httpd_request *rq);        /* the bytes of it */

/* Identity (SHA-256 of the SPKI) of the client certificate; false when none was sent. */
bool httpd_peer_identity(const struct httpd_request *rq, uint8_t out[static SHA256_SIZE]);
/* SHA-256 of the SPKI of the certificate that this connection's server end used. */
MUST_USE int httpd_own_identity(const struct httpd_request *rq, uint8_t out[static SHA256_SIZE],
                                struct err *err);
/* RFC 5705 exporter of the connection. */
MUST_USE int httpd_export(const struct httpd_request *rq, const char *label, struct span context,
                          uint8_t *out, size_t len, struct err *err);

/* The request came over a socket file ("unix:"), from a program of this machine. */
bool httpd_is_local(const struct httpd_request *rq);

/* What admit() leaves for the handler: a pointer of its own with its destructor. */
void httpd_set_caller(struct httpd_request *rq, void *caller, void (*release)(void *caller));
void *httpd_caller(const struct httpd_request *rq);
/* The body must have this SHA-256; checked at its end (ERR_INPUT), before the handler or finish()
 * runs. */
void httpd_expect_digest(struct httpd_request *rq, const uint8_t sha256[static SHA256_SIZE]);

/* --- writing a reply; one that is not written is an empty 204 --- */

/* At most 16. They stay when the handler fails afterwards: good for Retry-After. */
void httpd_reply_header(struct httpd_reply *reply, const char *name, const char *value);
/* Takes ownership of json; application/json. */
void httpd_reply_json(struct httpd_reply *reply, int status, struct json *json);
/* The same, of a struct: no tree is made for it. */
void httpd_reply_struct(struct httpd_reply *reply, int status, const struct json_table *table,
                        const void *in);
void httpd_reply_empty(struct httpd_reply *reply, int status);
/* Takes the buffer's memory. */
void httpd_reply_bytes(struct httpd_reply *reply, int status, const char *media_type,
                       struct buf *bytes);

/* A file: the descriptor is owned by the reply. Answers Range (one range), If-Range and
 * If-None-Match with the strong etag given. sent() is told once per answered request what range
 * the client's system has acknowledged to the last byte, and is not called when the client hung up
 * before; it comes a moment after the reply, in a thread of the server. release() comes last, once,
 * also after a failure. */
struct httpd_file {
    int fd;
    uint64_t size;
    const char *media_type; /* static */
    char etag[80];          /* without quotes */
    void (*sent)(void *ctx, uint64_t from, uint64_t to);
    void (*release)(void *ctx);
    void *ctx;
};
void httpd_reply_file(struct httpd_reply *reply, const struct httpd_file *file);

/* A stream of events (text/event-stream). next() appends the first event after *id, already in its
 * wire form "id: ..\nevent: ..\ndata: ..\n\n", to out and moves *id; it returns 1 for an event, 0
 * for none yet, -1 for the end of the stream. It must not block. httpd_wake() makes all streams ask
 * again. */
struct httpd_events {
    uint64_t after; /* where to start: from Last-Event-ID, see httpd_last_event_id() */
    int (*next)(void *ctx, uint64_t *id, struct buf *out);
    void (*release)(void *ctx);
    void *ctx;
};
void httpd_reply_events(struct httpd_reply *reply, const struct httpd_events *events);
uint64_t httpd_last_event_id(const struct httpd_request *rq); /* 0 when absent or no number */
void httpd_wake(struct httpd *httpd);

/* --- a service --- */

/* Handles a request; fills reply, or fails with err, which becomes a problem document. */
typedef int httpd_handler(void *app, struct httpd_request *rq, struct httpd_reply *reply,
                          struct err *err);

/* Where a streamed body goes. write() gets blocks of 256 KiB to 1 MiB, the last ones smaller, in
 * order, in one thread. After the last block finish() is called in that thread and fills the reply
 * like a handler; or abort() once, when the connection was cut, the body was too long or too slow,
 * its digest was wrong, or write() failed. Exactly one of finish() and abort() is called, and
 * nothing after it. */
struct httpd_sink {
    void *to;
    int (*write)(void *to, struct span block, struct err *err);
    int (*finish)(void *to, struct httpd_reply *reply, struct err *err);
    void (*abort)(void *to);
};

/* Opens the sink for an admitted request with a stream body, before its first byte; failing refuses
 * the request. announced is Content-Length, or UINT64_MAX for a chunked body. */
typedef int httpd_opener(void *app, struct httpd_request *rq, uint64_t announced,
                         struct httpd_sink *ret, struct err *err);

struct httpd_route {
    const struct api_op *op;
    httpd_handler *handle; /* API_BODY_NONE and API_BODY_JSON */
    httpd_opener *open;    /* API_BODY_STREAM */
    const char *coding;    /* a Content-Encoding that open() understands; NULL: none */
};

struct httpd_service {
    void *app;
    const struct httpd_route *routes;
    size_t route_count;
    /* Decides about who asks, from headers and connection alone; called for every routed request
     * whose operation is not API_AUTH_NONE. Must not block for long. Errors: UNAUTHENTICATED,
     * FORBIDDEN, ... */
    int (*admit)(void *app, struct httpd_request *rq, struct err *err);
    const char *realm;        /* for WWW-Authenticate on 401: Bearer, or Signature for keys */
    const char *cors_origins; /* "" none, "*" or a comma-separated list */
    struct metric_registry
        *metrics; /* NULL, or where requests are counted by operation and status */
};

struct httpd_config {
    const char *listen;              /* "127.0.0.1:7443", "[::1]:0"; NULL: at the socket below */
    int socket;                      /* that listens, and that others may share; taken */
    struct span certificate;         /* PEM chain */
    struct span key;                 /* PEM private key */
    unsigned threads;                /* serving connections; 0: one a core, at most 4 */
    unsigned workers;                /* running handlers; 0: 8 */
    unsigned connections_max;        /* 0: 512 */
    unsigned connections_per_ip_max; /* 0: no limit of its own */
    unsigned streams_max;            /* event streams at once; 0: 64 */
    unsigned uploads_max;            /* stream bodies at once; 0: 16 */
    unsigned header_timeout_ms;      /* 0: 10 s */
    unsigned idle_timeout_ms;        /* 0: 60 s */
    unsigned body_rate_min;          /* bytes a second; 0: 1 KiB */
    unsigned body_grace_ms;          /* 0: 10 s */
    unsigned keep_alive_ms;          /* silence in an event stream before a comment; 0: 15 s */
};

/* Starts serving; service and its routes must live until httpd_stop(). Errors: SYSTEM (address in
 * use, said plainly), INPUT (bad address, key or certificate). */
MUST_USE int httpd_start(const struct httpd_config *config, const struct httpd_service *service,
                         struct httpd **ret, struct err *err);

/* The port it listens on (useful with port 0). */
uint16_t httpd_port(const struct httpd *httpd);

/* Changes certificate and key for new connections; old ones keep theirs. Thread-safe. */
MUST_USE int httpd_set_certificate(struct httpd *httpd, struct span certificate, struct span key,
                                   struct err *err);

/* Takes no new connections any more; the socket, where others share it, is left to them, with those
 * who wait at it. Open connections go on. */
void httpd_quiesce(struct httpd *httpd);

/* Closes connections on which nothing is under way: whoever has something to ask opens another. */
void httpd_hang_up(struct httpd *httpd);

/* How many connections are open. Thread-safe. */
unsigned httpd_connections(const struct httpd *httpd);

/* Stops accepting, lets requests under way finish for at most drain_ms, then cuts them, and frees.
 */
void httpd_stop(struct httpd *httpd, unsigned drain_ms);

#endif
