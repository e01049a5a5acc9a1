/* What the files of this room share. Nobody outside includes it.
 *
 * Threads. MHD's threads call in with headers, body bytes and demands for reply bytes; they never
 * block. A handler runs on a worker; a streamed body has a thread of its own; one timer thread cuts
 * who is too slow. A request is worked on by one of them at a time: whoever is done rings the
 * request's gate, where the connection sleeps. While it sleeps, MHD leaves connection and TLS
 * session alone, so that the other thread may ask them.
 *
 * A request is counted: MHD's side holds it until the exchange is over, the other thread until its
 * job is done; the last one frees.
 *
 * Locks, in the order in which they may be nested: httpd.lock (lists, counters), upload.lock (the
 * ring), gate.lock, MHD's own; conn.lock inside of each. Hooks of the service are called with none
 * of them held. */
#ifndef COCOS_HTTPD_INTERNAL_H
#define COCOS_HTTPD_INTERNAL_H

#include "lib/http/pattern.h"
#include "lib/httpd/httpd.h"
#include "lib/httpd/tls.h"
#include "lib/program/worker.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define HTTPD_BLOCK_MIN   (256 * KIB) /* what a sink gets at once, but for the end */
#define HTTPD_BLOCK_MAX   (1 * MIB)
#define HTTPD_ID_MAX      64
#define HTTPD_QUERY_MAX   16 /* parameters */
#define HTTPD_HEADERS_MAX 16 /* of a reply, beside the usual ones */
#define HTTPD_LINGER_MS   5000

/* --- gate.c: where a connection sleeps --- */

struct httpd_gate {
    pthread_mutex_t lock;
    bool asleep;
    bool rang; /* while nobody slept: the next sleep ends at once */
};

void httpd_gate_init(struct httpd_gate *gate);
void httpd_gate_done(struct httpd_gate *gate);
/* On MHD's thread. Suspends the connection; false when the gate rang before: look again. */
bool httpd_gate_sleep(struct httpd_gate *gate, struct MHD_Connection *mhd);
/* From any thread that holds the request. */
void httpd_gate_ring(struct httpd_gate *gate, struct MHD_Connection *mhd);

/* --- conn.c: connections and their deadlines --- */

enum httpd_phase {
    PHASE_HEADERS, /* until header_timeout */
    PHASE_IDLE,    /* between requests, until idle_timeout */
    PHASE_BODY,    /* body_rate_min in every stretch of body_grace */
    PHASE_BUSY,    /* the server works: no deadline */
    PHASE_REPLY,   /* each block of the reply must get away in time */
    PHASE_LINGER,  /* answered before the end of the body */
    PHASE_FAILED   /* nobody wants the rest of the body; MHD's own timeout comes first */
};

struct httpd_conn {
    struct httpd *httpd;
    struct httpd_conn *prev, *next;
    int fd;
    void *tls_session;
    struct httpd_cert *cert;
    char peer[64]; /* address, for the log */

    pthread_mutex_t lock; /* guards what follows; nests inside of every other */
    enum httpd_phase phase;
    int64_t deadline_ms;
    uint64_t window_bytes; /* of the body in this stretch */
};

struct httpd_conn *httpd_conn_of(struct MHD_Connection *mhd);
struct httpd_cert *httpd_conn_cert(void *mhd);
void httpd_conn_enter(struct httpd_conn *conn, enum httpd_phase phase);
/* Body bytes came in. */
void httpd_conn_received(struct httpd_conn *conn, size_t bytes);
/* The rest of the body has become useless, from any thread. */
void httpd_conn_fail_body(struct httpd_conn *conn);
/* How long MHD bears silence on a connection, in body and elsewhere; on MHD's thread. Only when MHD
 * itself gives up, there is a last moment to answer. */
void httpd_conn_set_silence(struct MHD_Connection *mhd, unsigned timeout_ms);
/* MHD_OPTION_NOTIFY_CONNECTION; cls is the httpd. */
void httpd_conn_notify(void *cls, struct MHD_Connection *mhd, void **context,
                       enum MHD_ConnectionNotificationCode code);
/* Shuts all down, or those only that wait for a request; with httpd.lock held. */
void httpd_conn_cut_all(struct httpd *httpd, bool waiting_only);
/* The thread that enforces the deadlines. */
void *httpd_conn_timer(void *arg);

/* --- request.c --- */

/* What the next call from MHD means. */
enum httpd_step {
    STEP_NEW,     /* headers are there */
    STEP_RUN,     /* no body: the connection may be answered now */
    STEP_OPENING, /* the sink is being opened */
    STEP_BODY,    /* body bytes, or its end */
    STEP_WORKING, /* handler or sink are at it */
    STEP_REPLIED,
    STEP_LINGER /* answered during the body; what still comes is dropped */
};

struct httpd_query_param {
    char *name, *value;
};

enum httpd_reply_kind { REPLY_BYTES, REPLY_FILE, REPLY_EVENTS };

struct httpd_reply {
    int status;
    enum httpd_reply_kind kind;
    char media_type[80];
    struct buf bytes;
    struct {
        char *name, *value;
    } headers[HTTPD_HEADERS_MAX];
    size_t header_count;
    struct httpd_file file;
    uint64_t from, to; /* the part of the file that goes out */
    struct httpd_events events;
};

struct httpd_upload;

struct httpd_request {
    struct httpd *httpd;
    struct httpd_conn *conn;
    struct MHD_Connection *mhd;
    atomic_uint refs;
    enum httpd_step step;
    int64_t started_ms;

    char id[HTTPD_ID_MAX + 1];
    char trace[33]; /* of traceparent, or "" */
    char *path;     /* the raw request target, cut at its '?' */
    const char *query_text;
    const char *method;
    const struct httpd_route *route; /* NULL until found */
    struct pattern_match match;
    struct httpd_query_param query[HTTPD_QUERY_MAX];
    size_t query_count;

    bool has_body;
    bool may_linger;    /* the body comes without waiting for "100 Continue", clearly framed */
    uint64_t announced; /* bytes; UINT64_MAX when chunked */
    bool refused;
    struct err refusal;

    bool peer_known;
    uint8_t peer[SHA256_SIZE];
    void *caller;
    void (*release_caller)(void *caller);
    bool digest_expected;
    uint8_t digest[SHA256_SIZE];

    struct buf body;
    struct json *json;
    struct httpd_upload *upload;

    struct httpd_gate gate;
    bool slept;       /* since the last body byte */
    atomic_bool done; /* the reply is ready */
    struct httpd_reply reply;
    struct httpd_request *prev_stream, *next_stream;
    bool streaming;          /* counted among the streams */
    atomic_bool comment_due; /* time for a keep-alive comment */
    struct buf pending;      /* of an event stream */
    _Atomic int64_t last_sent_ms;

    uint64_t heard; /* bytes that had come from the client before the reply */
    int status;     /* that went out, for the log */
    uint64_t bytes_in;
    uint64_t bytes_out;
};

/* MHD_OPTION_URI_LOG_CALLBACK, MHD_OPTION_NOTIFY_COMPLETED; cls is the httpd. */
void *httpd_request_begin(void *cls, const char *uri, struct MHD_Connection *mhd);
void httpd_request_completed(void *cls, struct MHD_Connection *mhd, void **context,
                             enum MHD_RequestTerminationCode code);
void httpd_request_ref(struct httpd_request *rq);
void httpd_request_unref(struct httpd_request *rq);
/* The request's time to know itself: id, trace, peer. */
void httpd_request_identify(struct httpd_request *rq);
/* Splits and decodes the query. Errors: MALFORMED. */
MUST_USE int httpd_request_parse_query(struct httpd_request *rq, struct err *err);

/* --- dispatch.c --- */

/* MHD's access handler; cls is the httpd. */
enum MHD_Result httpd_dispatch(void *cls, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *size, void **context);
/* Notes why a request is refused; the first reason counts. */
void httpd_refuse(struct httpd_request *rq, const struct err *err);
/* MHD ends the exchange; the last moment to tell why its body failed. */
void httpd_say_last_word(struct httpd_request *rq);
/* The request's work is done: reply is ready to be sent. Called by the thread that did it. */
void httpd_finish_work(struct httpd_request *rq);

/* --- route.c: from the headers to who may do what --- */

/* All that can be said before the body; refuses with httpd_refuse(). True when it was a CORS
 * preflight and the reply is filled. */
bool httpd_route(struct httpd_request *rq);
/* The origin to allow for this request; NULL when it is none of ours. */
const char *httpd_route_cors_origin(const struct httpd_request *rq);

/* --- body.c: JSON --- */

MUST_USE int httpd_body_add(struct httpd_request *rq, struct span bytes, struct err *err);
/* Digest and JSON of the collected body. */
MUST_USE int httpd_body_check(struct httpd_request *rq, struct err *err);

/* --- upload.c: streams --- */

enum httpd_upload_state { UPLOAD_OPENING, UPLOAD_OPEN, UPLOAD_FAILED };

/* Starts the thread that opens the sink and feeds it. Errors: TOO_MANY, SYSTEM. */
MUST_USE int httpd_upload_start(struct httpd_request *rq, struct err *err);
/* How it stands; err is filled when it failed. */
enum httpd_upload_state httpd_upload_state(struct httpd_request *rq, struct err *err);
/* Takes bytes as far as there is room and returns how many. Errors: TOO_LARGE. */
MUST_USE int httpd_upload_put(struct httpd_request *rq, struct span bytes, size_t *ret_taken,
                              struct err *err);
/* No more bytes come: because that was all, or because the body is given up. */
void httpd_upload_end(struct httpd_request *rq);
void httpd_upload_cut(struct httpd_request *rq);
void httpd_upload_free(struct httpd_upload *upload);

/* --- reply.c, file.c, stream.c --- */

void httpd_reply_reset(struct httpd_reply *reply);
void httpd_reply_problem(struct httpd_request *rq, const struct err *err);
/* Queues the reply with MHD. */
enum MHD_Result httpd_reply_send(struct httpd_request *rq);
/* The exchange is over; complete when every byte was handed to the network. */
void httpd_reply_sent(struct httpd_request *rq, bool complete);
/* Sends a reply of bytes while the body is still coming, where MHD cannot. */
void httpd_reply_send_early(struct httpd_request *rq, const struct httpd_reply *reply);
/* Fills a reply that is not yet the request's. */
void httpd_reply_write_problem(struct httpd_request *rq, const struct err *err,
                               struct httpd_reply *reply);

/* Decides about range and preconditions: status, headers, from, to. */
void httpd_file_prepare(struct httpd_request *rq);
struct MHD_Response *httpd_file_response(struct httpd_request *rq);
struct MHD_Response *httpd_stream_response(struct httpd_request *rq);
/* Counts a stream. Errors: TOO_MANY. */
MUST_USE int httpd_stream_admit(struct httpd_request *rq, struct err *err);
void httpd_stream_leave(struct httpd_request *rq);
/* Rings those whose turn it is to send a comment; with httpd.lock held. */
void httpd_stream_keep_alive(struct httpd *httpd, int64_t now_ms);

/* --- delivery.c: when a file was really sent --- */

/* Before the first byte of the reply: what comes from the client later is its goodbye. */
void httpd_delivery_begin(struct httpd_request *rq);
/* When MHD is done with it: tells file.sent() when the client has it all, if it ever does. */
void httpd_delivery_watch(struct httpd_request *rq);
/* Called by the timer with httpd.lock held, which is let go around the calls to sent(). */
void httpd_delivery_look(struct httpd *httpd, int64_t now_ms);

/* --- server.c --- */

struct httpd {
    const struct httpd_service *service;
    struct httpd_config config; /* numbers only; every one of them set */
    struct MHD_Daemon *daemon;
    struct worker_pool *workers;
    pthread_t timer;
    uint16_t port;

    pthread_mutex_t lock;
    pthread_cond_t ended;      /* a request, while draining */
    pthread_cond_t timer_wake; /* there is something to look at again */
    struct httpd_cert *cert;   /* for new connections */
    struct httpd_conn *conns;
    struct httpd_request *streams;
    struct httpd_delivery *deliveries;
    unsigned request_count, stream_count, upload_count;
    bool quiet;    /* no connection is accepted */
    bool draining; /* nothing new is accepted; streams end */
    bool closed;   /* no request begins any more */
    bool stop_timer;

    struct metric *requests, *seconds, *bytes_in, *bytes_out, *open;
};

bool httpd_is_draining(struct httpd *httpd);

#endif
