#include "lib/httpd/internal.h"

#include "lib/program/log.h"

void httpd_refuse(struct httpd_request *rq, const struct err *err)
{
    if (rq->refused)
        return;
    rq->refused = true;
    rq->refusal = *err;
}

/* What the client still sends is dropped for a while, so that it can read the answer. */
static void linger(struct httpd_request *rq, const struct httpd_reply *reply)
{
    httpd_reply_send_early(rq, reply);
    rq->step = STEP_LINGER;
    httpd_conn_enter(rq->conn, PHASE_LINGER);
}

static enum MHD_Result send_refusal(struct httpd_request *rq)
{
    httpd_reply_problem(rq, &rq->refusal);
    if (!rq->may_linger)
        return httpd_reply_send(rq);
    linger(rq, &rq->reply);
    return MHD_YES;
}

/* Lets MHD forget the connection until somebody rings; the clock of the client stands still. When
 * the gate rang before, MHD just calls again. */
static bool sleep_at_gate(struct httpd_request *rq)
{
    if (!httpd_gate_sleep(&rq->gate, rq->mhd))
        return false;
    httpd_conn_enter(rq->conn, PHASE_BUSY);
    rq->slept = true;
    return true;
}

void httpd_finish_work(struct httpd_request *rq)
{
    struct err err;

    if (rq->reply.kind == REPLY_EVENTS && httpd_stream_admit(rq, &err) < 0)
        httpd_reply_problem(rq, &err);
    atomic_store(&rq->done, true);
    httpd_gate_ring(&rq->gate, rq->mhd);
}

/* --- a handler on a worker --- */

static void run_handler(void *arg)
{
    struct httpd_request *rq = arg;
    const struct httpd_route *route = rq->route;
    struct err err;

    log_set_request(rq->id);
    if (httpd_body_check(rq, &err) < 0 ||
        route->handle(rq->httpd->service->app, rq, &rq->reply, &err) < 0)
        httpd_reply_problem(rq, &err);
    httpd_finish_work(rq);
    log_set_request(NULL);
    httpd_request_unref(rq);
}

static void start_work(struct httpd_request *rq)
{
    struct err err;

    rq->step = STEP_WORKING;
    if (rq->upload != NULL) {
        httpd_upload_end(rq);
        return;
    }
    httpd_request_ref(rq);
    if (worker_add(rq->httpd->workers, run_handler, rq, &err) < 0) {
        httpd_reply_problem(rq, &err);
        httpd_finish_work(rq);
        httpd_request_unref(rq);
    }
}

/* --- one step for each call of MHD --- */

/* The first call: headers only. What is queued now closes the connection, so that a request
 * without a body waits for the second call, also when it is refused. */
static enum MHD_Result step_new(struct httpd_request *rq, const char *method)
{
    struct err err;
    bool preflight;

    rq->method = method;
    httpd_request_identify(rq);
    log_set_request(rq->id);
    preflight = httpd_route(rq);
    log_set_request(NULL);
    if (preflight)
        atomic_store(&rq->done, true);

    if (!rq->refused && !preflight && rq->route->op->body == API_BODY_STREAM) {
        rq->step = STEP_OPENING;
        httpd_conn_set_silence(rq->mhd, rq->httpd->config.body_grace_ms);
        if (httpd_upload_start(rq, &err) < 0)
            httpd_refuse(rq, &err);
    } else {
        rq->step = rq->has_body ? STEP_BODY : STEP_RUN;
    }
    if (rq->refused) {
        rq->step = STEP_RUN;
        return rq->has_body ? send_refusal(rq) : MHD_YES;
    }
    if (rq->step == STEP_BODY)
        httpd_conn_enter(rq->conn, PHASE_BODY);
    return MHD_YES;
}

static enum MHD_Result step_working(struct httpd_request *rq)
{
    while (!atomic_load(&rq->done))
        if (sleep_at_gate(rq))
            return MHD_YES;
    return httpd_reply_send(rq);
}

static enum MHD_Result step_run(struct httpd_request *rq)
{
    if (rq->refused)
        return send_refusal(rq);
    if (!atomic_load(&rq->done))
        start_work(rq);
    return step_working(rq);
}

/* Until the sink is open no byte is taken and no "100 Continue" goes out. */
static enum MHD_Result step_opening(struct httpd_request *rq)
{
    struct err err;

    for (;;) {
        switch (httpd_upload_state(rq, &err)) {
        case UPLOAD_OPEN:
            rq->step = rq->has_body ? STEP_BODY : STEP_RUN;
            httpd_conn_enter(rq->conn, PHASE_BODY);
            return MHD_YES;
        case UPLOAD_FAILED:
            rq->step = STEP_RUN;
            httpd_refuse(rq, &err);
            return rq->has_body ? send_refusal(rq) : MHD_YES;
        case UPLOAD_OPENING: break;
        }
        if (sleep_at_gate(rq))
            return MHD_YES;
    }
}

static void give_up_body(struct httpd_request *rq, const struct err *err)
{
    struct httpd_reply reply = {0};

    if (rq->upload != NULL)
        httpd_upload_cut(rq);
    httpd_reply_write_problem(rq, err, &reply);
    linger(rq, &reply);
    httpd_reply_reset(&reply);
}

void httpd_say_last_word(struct httpd_request *rq)
{
    struct err err;

    if (rq->step == STEP_BODY && rq->upload != NULL &&
        httpd_upload_state(rq, &err) == UPLOAD_FAILED)
        give_up_body(rq, &err);
}

/* Takes the whole of data, or part of it and sleeps until there is room. */
static enum MHD_Result take_body(struct httpd_request *rq, struct span data, size_t *size)
{
    struct err err;
    size_t taken;

    while (*size > 0) {
        int put = 0;

        taken = *size;
        if (rq->upload != NULL)
            put = httpd_upload_put(rq, data, &taken, &err);
        else
            put = httpd_body_add(rq, data, &err);
        if (put < 0) {
            give_up_body(rq, &err);
            *size = 0;
            return MHD_YES;
        }
        rq->bytes_in += taken;
        httpd_conn_received(rq->conn, taken);
        *size -= taken;
        data = span_part(data, taken, data.len);
        if (*size > 0 && sleep_at_gate(rq))
            return MHD_YES;
    }
    return MHD_YES;
}

static enum MHD_Result step_body(struct httpd_request *rq, struct span data, size_t *size)
{
    if (*size == 0) {
        start_work(rq);
        return step_working(rq);
    }
    if (rq->slept)
        httpd_conn_enter(rq->conn, PHASE_BODY);
    rq->slept = false;
    return take_body(rq, data, size);
}

enum MHD_Result httpd_dispatch(void *cls, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *size, void **context)
{
    struct httpd_request *rq = *context;

    (void)cls;
    (void)mhd;
    (void)url;
    (void)version;
    if (rq == NULL)
        return MHD_NO;
    switch (rq->step) {
    case STEP_NEW: {
        enum MHD_Result result = step_new(rq, method);

        return rq->step == STEP_OPENING && result == MHD_YES ? step_opening(rq) : result;
    }
    case STEP_OPENING: return step_opening(rq);
    case STEP_BODY: return step_body(rq, span_of(data, *size), size);
    case STEP_RUN: return step_run(rq);
    case STEP_WORKING: return step_working(rq);
    case STEP_LINGER:
        if (*size == 0)
            return MHD_NO;
        *size = 0;
        return MHD_YES;
    case STEP_REPLIED: return MHD_YES;
    }
    return MHD_NO;
}
