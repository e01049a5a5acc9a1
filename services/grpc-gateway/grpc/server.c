#include "services/grpc-gateway/grpc/server.h"

#include "services/grpc-gateway/grpc/text.h"
#include "services/grpc-gateway/h2/server.h"

#include "lib/base/clock.h"
#include "lib/program/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define CALLS_MAX  512
#define IDLE_MAX   8
#define CALL_STACK (256 * KIB)

struct grpc_server {
    struct grpc_config config;
    struct h2_server *h2;
    struct metric *calls, *seconds;

    pthread_mutex_t lock;
    pthread_cond_t wanted, ended;
    struct job *queue; /* for idle threads, of which there are enough */
    unsigned under_way, idle, queued, threads;
    bool stopping;
    struct worker *gone; /* threads that ended or are about to, not joined yet */
};

/* A thread. */
struct worker {
    struct grpc_server *server;
    pthread_t thread;
    struct worker *next;
};

/* One call on its way to a thread. */
struct job {
    struct grpc_server *server;
    const struct grpc_service *service;
    const struct grpc_method *method;
    struct grpc_call *call;
    int64_t begun_ms;
    struct job *next;
};

/* --- a call in its thread --- */

static void end_job(struct job *job, const struct err *status)
{
    const struct grpc_server *server = job->server;
    int64_t ms = clock_monotonic_ms() - job->begun_ms;
    int code = status == NULL ? 0 : err_row(status->kind)->grpc_status;
    char label[160];

    snprintf(label, sizeof(label), "method=\"%s/%s\",code=\"%d\"", job->service->name,
             job->method->name, code);
    if (server->calls != NULL) {
        metric_add(server->calls, label, 1);
        metric_observe(server->seconds, "", (double)ms / 1000);
    }
    log_write(status != NULL && status->kind == ERR_INTERNAL ? LOG_ERROR : LOG_INFO,
              "%s/%s: %d in %lld ms%s%s", job->service->name, job->method->name, code,
              (long long)ms, status != NULL ? ": " : "", status != NULL ? status->text : "");
    grpc_call_end(job->call, status);
    free(job);
}

/* --- threads: they stay for a while when a call ends, since the next one comes soon --- */

/* Waits for a job, with the lock held. NULL: the thread is not needed any more. */
static struct job *await_job(struct grpc_server *server)
{
    struct job *job;

    while (server->queue == NULL) {
        if (server->stopping || server->idle >= IDLE_MAX)
            return NULL;
        server->idle++;
        pthread_cond_wait(&server->wanted, &server->lock);
        server->idle--;
    }
    job = server->queue;
    server->queue = job->next;
    server->queued--;
    return job;
}

/* Frees what is left of threads that ended. The one that starts the others does it, with the lock
 * held; it waits for none of them unless told to. */
static void join_gone(struct grpc_server *server, bool wait)
{
    struct worker **at = &server->gone;

    while (*at != NULL) {
        struct worker *worker = *at;

        if ((wait ? pthread_join(worker->thread, NULL)
                  : pthread_tryjoin_np(worker->thread, NULL)) != 0) {
            at = &worker->next;
            continue;
        }
        *at = worker->next;
        free(worker);
    }
}

static void *run_jobs(void *arg)
{
    struct worker *worker = arg;
    struct grpc_server *server = worker->server;
    struct job *job;

    pthread_mutex_lock(&server->lock);
    while ((job = await_job(server)) != NULL) {
        struct err err;

        pthread_mutex_unlock(&server->lock);
        end_job(job, job->method->run(job->service->app, job->call, &err) < 0 ? &err : NULL);
        pthread_mutex_lock(&server->lock);
        server->under_way--;
    }
    worker->next = server->gone;
    server->gone = worker;
    server->threads--;
    pthread_cond_broadcast(&server->ended);
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static bool start_thread(struct grpc_server *server)
{
    struct worker *worker = mem_new(struct worker);
    pthread_attr_t attributes;
    bool started;

    worker->server = server;
    join_gone(server, false);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, CALL_STACK);
    started = pthread_create(&worker->thread, &attributes, run_jobs, worker) == 0;
    pthread_attr_destroy(&attributes);
    if (!started)
        free(worker);
    server->threads += started;
    return started;
}

static int start_job(struct job *job, struct err *err)
{
    struct grpc_server *server = job->server;
    int result = 0;

    pthread_mutex_lock(&server->lock);
    if (server->under_way >= server->config.calls_max)
        result = err_set(err, ERR_TOO_MANY, "%u calls are under way, and that is all there may be",
                         server->config.calls_max);
    else if (server->idle <= server->queued && !start_thread(server))
        result = err_set(err, ERR_TOO_MANY, "no thread for one more call");
    if (result == 0) {
        server->under_way++;
        server->queued++;
        job->next = server->queue;
        server->queue = job;
        pthread_cond_signal(&server->wanted);
    }
    pthread_mutex_unlock(&server->lock);
    return result;
}

/* --- a stream's head, in the thread of the connections --- */

/* "/service/method" */
static bool find_method(const struct grpc_server *server, const char *path, struct job *job)
{
    for (size_t i = 0; i < server->config.service_count; i++) {
        const struct grpc_service *service = &server->config.services[i];
        size_t length = strlen(service->name);

        if (path[0] != '/' || strncmp(path + 1, service->name, length) != 0 ||
            path[1 + length] != '/')
            continue;
        for (size_t k = 0; k < service->method_count; k++)
            if (strcmp(service->methods[k].name, path + length + 2) == 0) {
                job->service = service;
                job->method = &service->methods[k];
                return true;
            }
    }
    return false;
}

/* What is not gRPC gets an answer of HTTP. */
static void refuse_http(struct h2_stream *stream, const char *status)
{
    struct h2_fields fields = H2_FIELDS_NEW;

    h2_fields_add_str(&fields, ":status", status);
    h2_stream_finish(stream, &fields);
    h2_stream_release(stream);
}

static void start_call(struct grpc_server *server, struct h2_stream *stream, const char *path)
{
    struct grpc_call *call;
    struct err err;
    struct job *job;

    if (grpc_call_new(stream, &call, &err) < 0) {
        grpc_call_end(call, &err);
        return;
    }
    job = mem_new(struct job);
    *job = (struct job){.server = server, .call = call, .begun_ms = clock_monotonic_ms()};
    if (!find_method(server, path, job))
        err_set(&err, ERR_METHOD, "there is no method '%.200s' here", path);
    else if (start_job(job, &err) == 0)
        return;
    grpc_call_end(call, &err);
    free(job);
}

static void serve(void *ctx, struct h2_stream *stream)
{
    const struct h2_fields *request = h2_stream_request(stream);
    const char *method = h2_fields_find(request, ":method");
    const char *path = h2_fields_find(request, ":path");

    if (method == NULL || path == NULL || strcmp(method, "POST") != 0)
        refuse_http(stream, "405");
    else if (!grpc_text_is_content_type(h2_fields_find(request, "content-type")))
        refuse_http(stream, "415");
    else
        start_call(ctx, stream, path);
}

/* --- life --- */

static void free_server(struct grpc_server *server)
{
    h2_server_free(server->h2);
    pthread_cond_destroy(&server->ended);
    pthread_cond_destroy(&server->wanted);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

int grpc_server_start(const struct grpc_config *config, struct grpc_server **ret, struct err *err)
{
    struct grpc_server *server = mem_new(struct grpc_server);
    struct h2_config h2 = {
        .listen = config->listen,
        .tls = config->tls,
        .first = config->first,
        .patience_ms = config->patience_ms,
        .serve = serve,
        .ctx = server,
    };

    server->config = *config;
    if (server->config.calls_max == 0)
        server->config.calls_max = CALLS_MAX;
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->ended, NULL);
    pthread_cond_init(&server->wanted, NULL);
    if (config->metrics != NULL) {
        server->calls = metric_new(config->metrics, METRIC_COUNTER, "cocos_gateway_calls_total",
                                   "Calls by method and status");
        server->seconds = metric_new(config->metrics, METRIC_HISTOGRAM,
                                     "cocos_gateway_call_seconds", "How long calls took");
    }
    if (h2_server_start(&h2, &server->h2, err) < 0) {
        free_server(server);
        return -1;
    }
    *ret = server;
    return 0;
}

uint16_t grpc_server_port(const struct grpc_server *server)
{
    return h2_server_port(server->h2);
}

void grpc_server_use_tls(struct grpc_server *server, SSL_CTX *tls)
{
    h2_server_use_tls(server->h2, tls);
}

void grpc_server_stop(struct grpc_server *server, unsigned drain_ms)
{
    h2_server_stop(server->h2, drain_ms);
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    pthread_cond_broadcast(&server->wanted);
    while (server->threads > 0)
        pthread_cond_wait(&server->ended, &server->lock);
    pthread_mutex_unlock(&server->lock);
    join_gone(server, true); /* nobody else is left to hold the lock */
    free_server(server);
}
