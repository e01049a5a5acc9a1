#include "lib/httpd/internal.h"

#include "lib/base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

/* A block of a reply may wait for what the kernel holds before it (megabytes), so it gets longer
 * than a silent client. */
#define REPLY_PATIENCE 5

/* How often the timer looks. */
#define TICK_MIN_MS 20
#define TICK_MAX_MS 1000

static const union MHD_ConnectionInfo *info_of(struct MHD_Connection *mhd,
                                               enum MHD_ConnectionInfoType type)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, type);

    if (info == NULL)
        abort();
    return info;
}

struct httpd_conn *httpd_conn_of(struct MHD_Connection *mhd)
{
    return info_of(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

struct httpd_cert *httpd_conn_cert(void *mhd)
{
    struct httpd_conn *conn = httpd_conn_of(mhd);

    return conn != NULL ? conn->cert : NULL;
}

static int64_t deadline_of(const struct httpd_config *config, enum httpd_phase phase)
{
    int64_t now = clock_monotonic_ms();

    switch (phase) {
    case PHASE_HEADERS: return now + config->header_timeout_ms;
    case PHASE_IDLE: return now + config->idle_timeout_ms;
    case PHASE_BODY: return now + config->body_grace_ms;
    case PHASE_BUSY: return INT64_MAX;
    case PHASE_REPLY: return now + (int64_t)REPLY_PATIENCE * config->idle_timeout_ms;
    case PHASE_LINGER: return now + HTTPD_LINGER_MS;
    case PHASE_FAILED: return now + config->body_grace_ms + HTTPD_LINGER_MS;
    }
    return INT64_MAX;
}

static void enter(struct httpd_conn *conn, enum httpd_phase phase)
{
    conn->phase = phase;
    conn->deadline_ms = deadline_of(&conn->httpd->config, phase);
    conn->window_bytes = 0;
}

void httpd_conn_enter(struct httpd_conn *conn, enum httpd_phase phase)
{
    pthread_mutex_lock(&conn->lock);
    enter(conn, phase);
    pthread_mutex_unlock(&conn->lock);
}

void httpd_conn_received(struct httpd_conn *conn, size_t bytes)
{
    pthread_mutex_lock(&conn->lock);
    conn->window_bytes += bytes;
    pthread_mutex_unlock(&conn->lock);
}

void httpd_conn_fail_body(struct httpd_conn *conn)
{
    pthread_mutex_lock(&conn->lock);
    if (conn->phase == PHASE_BODY)
        enter(conn, PHASE_FAILED);
    pthread_mutex_unlock(&conn->lock);
}

void httpd_conn_set_silence(struct MHD_Connection *mhd, unsigned timeout_ms)
{
    MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT, (timeout_ms + 999) / 1000);
}

static void describe_peer(struct httpd_conn *conn, const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "?";

    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof(text));
    else if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof(text));
    snprintf(conn->peer, sizeof(conn->peer), "%s", text);
}

static void conn_opened(struct httpd *httpd, struct MHD_Connection *mhd, void **context)
{
    struct httpd_conn *conn = mem_new(struct httpd_conn);

    pthread_mutex_init(&conn->lock, NULL);
    conn->httpd = httpd;
    conn->fd = info_of(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    conn->tls_session = info_of(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
    describe_peer(conn, info_of(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    httpd_tls_ask_client(conn->tls_session);
    httpd_conn_enter(conn, PHASE_HEADERS);

    pthread_mutex_lock(&httpd->lock);
    conn->cert = httpd_cert_ref(httpd->cert);
    conn->next = httpd->conns;
    if (conn->next != NULL)
        conn->next->prev = conn;
    else
        pthread_cond_signal(&httpd->timer_wake);
    httpd->conns = conn;
    if (httpd->draining)
        shutdown(conn->fd, SHUT_RDWR);
    pthread_mutex_unlock(&httpd->lock);

    *context = conn;
    if (httpd->open != NULL)
        metric_add(httpd->open, "", 1);
}

/* MHD closes the descriptor after this, so that nobody shuts down one that is another's by then. */
static void conn_closed(struct httpd *httpd, void **context)
{
    struct httpd_conn *conn = *context;

    if (conn == NULL)
        return;
    pthread_mutex_lock(&httpd->lock);
    if (conn->prev != NULL)
        conn->prev->next = conn->next;
    else
        httpd->conns = conn->next;
    if (conn->next != NULL)
        conn->next->prev = conn->prev;
    pthread_mutex_unlock(&httpd->lock);

    httpd_cert_unref(conn->cert);
    pthread_mutex_destroy(&conn->lock);
    free(conn);
    *context = NULL;
    if (httpd->open != NULL)
        metric_add(httpd->open, "", -1);
}

void httpd_conn_notify(void *cls, struct MHD_Connection *mhd, void **context,
                       enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        conn_opened(cls, mhd, context);
    else
        conn_closed(cls, context);
}

void httpd_conn_cut_all(struct httpd *httpd, bool waiting_only)
{
    for (struct httpd_conn *conn = httpd->conns; conn != NULL; conn = conn->next) {
        enum httpd_phase phase;

        pthread_mutex_lock(&conn->lock);
        phase = conn->phase;
        pthread_mutex_unlock(&conn->lock);
        if (!waiting_only || phase == PHASE_HEADERS || phase == PHASE_IDLE)
            shutdown(conn->fd, SHUT_RDWR);
    }
}

/* A body that came fast enough gets a new stretch. */
static bool is_late(struct httpd_conn *conn, int64_t now_ms)
{
    const struct httpd_config *config = &conn->httpd->config;
    uint64_t wanted = (uint64_t)config->body_rate_min * config->body_grace_ms / 1000;
    bool late;

    pthread_mutex_lock(&conn->lock);
    late = now_ms >= conn->deadline_ms;
    if (late && conn->phase == PHASE_BODY && conn->window_bytes >= wanted) {
        enter(conn, PHASE_BODY);
        late = false;
    }
    pthread_mutex_unlock(&conn->lock);
    return late;
}

/* How long to wait between two looks: fine enough for the shortest limit. */
static int64_t tick_ms(const struct httpd_config *config)
{
    unsigned shortest = config->header_timeout_ms;

    if (config->body_grace_ms < shortest)
        shortest = config->body_grace_ms;
    if (config->idle_timeout_ms < shortest)
        shortest = config->idle_timeout_ms;
    if (shortest / 4 < TICK_MIN_MS)
        return TICK_MIN_MS;
    return shortest / 4 < TICK_MAX_MS ? shortest / 4 : TICK_MAX_MS;
}

static void wait_tick(struct httpd *httpd)
{
    int64_t tick = httpd->deliveries != NULL ? TICK_MIN_MS : tick_ms(&httpd->config);
    struct timespec until;

    if (httpd->stop_timer)
        return;
    if (httpd->conns == NULL && httpd->deliveries == NULL) {
        pthread_cond_wait(&httpd->timer_wake, &httpd->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (tick + until.tv_nsec / 1000000) / 1000;
    until.tv_nsec = (tick * 1000000 + until.tv_nsec) % 1000000000;
    pthread_cond_clockwait(&httpd->timer_wake, &httpd->lock, CLOCK_MONOTONIC, &until);
}

void *httpd_conn_timer(void *arg)
{
    struct httpd *httpd = arg;

    pthread_setname_np(pthread_self(), "httpd-timer");
    pthread_mutex_lock(&httpd->lock);
    while (!httpd->stop_timer) {
        int64_t now = clock_monotonic_ms();

        for (struct httpd_conn *conn = httpd->conns; conn != NULL; conn = conn->next)
            if (is_late(conn, now))
                shutdown(conn->fd, SHUT_RDWR);
        httpd_stream_keep_alive(httpd, now);
        httpd_delivery_look(httpd, now);
        wait_tick(httpd);
    }
    pthread_mutex_unlock(&httpd->lock);
    return NULL;
}
