#include "lib/httpd/internal.h"

#include "lib/base/clock.h"
#include "lib/base/listen.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTION_MEMORY (32 * KIB) /* headers over this are answered with 431 */
#define THREADS_MAX       4

bool httpd_is_draining(struct httpd *httpd)
{
    bool draining;

    pthread_mutex_lock(&httpd->lock);
    draining = httpd->draining;
    pthread_mutex_unlock(&httpd->lock);
    return draining;
}

/* --- start --- */

static void set_default(unsigned *value, unsigned fallback)
{
    if (*value == 0)
        *value = fallback;
}

static unsigned cores(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    if (online < 1)
        return 1;
    return online < THREADS_MAX ? (unsigned)online : THREADS_MAX;
}

static void copy_config(struct httpd *httpd, const struct httpd_config *config)
{
    struct httpd_config *mine = &httpd->config;

    *mine = *config;
    mine->listen = NULL;
    mine->certificate = mine->key = span_of(NULL, 0);
    set_default(&mine->threads, cores());
    set_default(&mine->workers, 8);
    set_default(&mine->connections_max, 512);
    set_default(&mine->streams_max, 64);
    set_default(&mine->uploads_max, 16);
    set_default(&mine->header_timeout_ms, 10000);
    set_default(&mine->idle_timeout_ms, 60000);
    set_default(&mine->body_rate_min, 1024);
    set_default(&mine->body_grace_ms, 10000);
    set_default(&mine->keep_alive_ms, 15000);
}

static void make_metrics(struct httpd *httpd, struct metric_registry *registry)
{
    if (registry == NULL)
        return;
    httpd->requests = metric_new(registry, METRIC_COUNTER, "cocos_http_requests_total",
                                 "Requests by operation and status.");
    httpd->seconds = metric_new(registry, METRIC_HISTOGRAM, "cocos_http_request_seconds",
                                "Time from the request line to the end of the reply.");
    httpd->bytes_in = metric_new(registry, METRIC_COUNTER, "cocos_http_received_bytes_total",
                                 "Bytes of request bodies.");
    httpd->bytes_out = metric_new(registry, METRIC_COUNTER, "cocos_http_sent_bytes_total",
                                  "Bytes of reply bodies.");
    httpd->open =
        metric_new(registry, METRIC_GAUGE, "cocos_http_connections", "Connections that are open.");
}

/* Paths stay as they came: patterns decode them, strictly. */
static size_t keep_escaped(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

static enum MHD_Result accept_policy(void *cls, const struct sockaddr *address, socklen_t size)
{
    (void)address;
    (void)size;
    return httpd_is_draining(cls) ? MHD_NO : MHD_YES;
}

static int start_daemon(struct httpd *httpd, int fd, struct err *err)
{
    const struct httpd_config *config = &httpd->config;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, config->connections_max, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, config->connections_per_ip_max, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (config->idle_timeout_ms + 999) / 1000, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, HTTPD_TLS_PRIORITIES},
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, httpd_tls_cert_callback()},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escaped, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)httpd_request_begin, httpd},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)httpd_conn_notify, httpd},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)httpd_request_completed, httpd},
        {config->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, config->threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    httpd->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0,
        accept_policy, httpd, httpd_dispatch, httpd, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (httpd->daemon == NULL)
        return err_set(err, ERR_SYSTEM, "the HTTP library does not start");
    return 0;
}

static void httpd_free(struct httpd *httpd)
{
    if (httpd == NULL)
        return;
    worker_stop(httpd->workers);
    httpd_cert_unref(httpd->cert);
    pthread_cond_destroy(&httpd->timer_wake);
    pthread_cond_destroy(&httpd->ended);
    pthread_mutex_destroy(&httpd->lock);
    free(httpd);
}

DEFINE_OWNED(httpd)

static int start_timer(struct httpd *httpd, struct err *err)
{
    int code = pthread_create(&httpd->timer, NULL, httpd_conn_timer, httpd);

    if (code != 0) {
        errno = code;
        return err_set_errno(err, ERR_SYSTEM, "start a thread");
    }
    return 0;
}

static void stop_timer(struct httpd *httpd)
{
    pthread_mutex_lock(&httpd->lock);
    httpd->stop_timer = true;
    pthread_cond_signal(&httpd->timer_wake);
    pthread_mutex_unlock(&httpd->lock);
    pthread_join(httpd->timer, NULL);
}

int httpd_start(const struct httpd_config *config, const struct httpd_service *service,
                struct httpd **ret, struct err *err)
{
    OWNED_OF(httpd) *httpd = mem_new(struct httpd);
    OWNED(close_fd) int fd = -1;

    pthread_mutex_init(&httpd->lock, NULL);
    pthread_cond_init(&httpd->ended, NULL);
    pthread_cond_init(&httpd->timer_wake, NULL);
    httpd->service = service;
    copy_config(httpd, config);
    if (config->listen == NULL)
        fd = config->socket;
    if (httpd_cert_load(config->certificate, config->key, &httpd->cert, err) < 0 ||
        (config->listen != NULL ? listen_at(config->listen, &fd, &httpd->port, err)
                                : listen_port(fd, &httpd->port, err)) < 0 ||
        worker_start("httpd-worker", httpd->config.workers, httpd->config.connections_max,
                     &httpd->workers, err) < 0 ||
        start_timer(httpd, err) < 0)
        return -1;
    make_metrics(httpd, service->metrics);
    if (start_daemon(httpd, fd, err) < 0) {
        stop_timer(httpd);
        return -1;
    }
    fd = -1; /* the daemon's now */
    *ret = GIVE(httpd);
    return 0;
}

uint16_t httpd_port(const struct httpd *httpd)
{
    return httpd->port;
}

int httpd_set_certificate(struct httpd *httpd, struct span certificate, struct span key,
                          struct err *err)
{
    struct httpd_cert *fresh, *old;

    if (httpd_cert_load(certificate, key, &fresh, err) < 0)
        return -1;
    pthread_mutex_lock(&httpd->lock);
    old = httpd->cert;
    httpd->cert = fresh;
    pthread_mutex_unlock(&httpd->lock);
    httpd_cert_unref(old);
    return 0;
}

/* --- stop --- */

static void await_requests(struct httpd *httpd, unsigned drain_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += drain_ms / 1000;
    until.tv_nsec += (long)(drain_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (httpd->request_count > 0 &&
           pthread_cond_clockwait(&httpd->ended, &httpd->lock, CLOCK_MONOTONIC, &until) == 0)
        ;
}

void httpd_quiesce(struct httpd *httpd)
{
    OWNED(close_fd) int fd = -1;

    pthread_mutex_lock(&httpd->lock);
    if (!httpd->quiet)
        fd = MHD_quiesce_daemon(httpd->daemon);
    httpd->quiet = true;
    pthread_mutex_unlock(&httpd->lock);
}

void httpd_hang_up(struct httpd *httpd)
{
    pthread_mutex_lock(&httpd->lock);
    httpd_conn_cut_all(httpd, true);
    pthread_mutex_unlock(&httpd->lock);
}

unsigned httpd_connections(const struct httpd *httpd)
{
    struct httpd *locked = (struct httpd *)httpd;
    unsigned count = 0;

    pthread_mutex_lock(&locked->lock);
    for (const struct httpd_conn *conn = httpd->conns; conn != NULL; conn = conn->next)
        count++;
    pthread_mutex_unlock(&locked->lock);
    return count;
}

/* MHD must not be stopped while a connection sleeps, so every request has to end first: streams end
 * by themselves, bodies because their connection is cut; a handler must return. Only when none is
 * left and none can begin does the daemon stop. */
void httpd_stop(struct httpd *httpd, unsigned drain_ms)
{
    if (httpd == NULL)
        return;
    httpd_quiesce(httpd); /* MHD would shut the socket down for everybody */
    pthread_mutex_lock(&httpd->lock);
    httpd->draining = true;
    httpd_conn_cut_all(httpd, true);
    pthread_mutex_unlock(&httpd->lock);
    httpd_wake(httpd);

    pthread_mutex_lock(&httpd->lock);
    await_requests(httpd, drain_ms);
    httpd->closed = true;
    httpd_conn_cut_all(httpd, false);
    pthread_cond_signal(&httpd->timer_wake);
    while (httpd->request_count > 0)
        pthread_cond_wait(&httpd->ended, &httpd->lock);
    pthread_mutex_unlock(&httpd->lock);

    MHD_stop_daemon(httpd->daemon);
    stop_timer(httpd);
    httpd_free(httpd);
}
