#include "services/grpc-gateway/h2/server.h"

#include "services/grpc-gateway/h2/conn.h"

#include "lib/base/clock.h"
#include "lib/base/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS   250
#define READY_MAX 64

struct h2_server {
    struct h2_config config;
    struct h2_host host;
    int listener, epoll, wake; /* listener -1 once it drains */
    uint16_t port;
    pthread_t thread;
    struct h2_conn *conns; /* the thread's own */
    unsigned conn_count;

    pthread_mutex_t lock;
    struct h2_stream *poked; /* holds a reference each */
    SSL_CTX *next_tls;       /* to take the place of the configured one; NULL: none */
    int64_t drain_until;     /* 0: serves */
};

/* --- what services say --- */

static void wake(void *ctx)
{
    struct h2_server *server = ctx;
    uint64_t one = 1;

    while (write(server->wake, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static void on_poke(void *ctx, struct h2_stream *stream)
{
    struct h2_server *server = ctx;
    struct h2_stream_io *io = h2_stream_io(stream);
    bool first = false;

    pthread_mutex_lock(&server->lock);
    if (!io->poked) {
        io->poked = true;
        first = server->poked == NULL;
        io->next_poked = server->poked;
        server->poked = h2_stream_ref(stream);
    }
    pthread_mutex_unlock(&server->lock);
    if (first)
        wake(server);
}

static struct h2_stream *next_poked(struct h2_server *server)
{
    struct h2_stream *stream;

    pthread_mutex_lock(&server->lock);
    stream = server->poked;
    if (stream != NULL) {
        server->poked = h2_stream_io(stream)->next_poked;
        h2_stream_io(stream)->poked = false;
    }
    pthread_mutex_unlock(&server->lock);
    return stream;
}

/* --- connections --- */

static void end_conn(struct h2_server *server, struct h2_conn *conn)
{
    struct h2_conn **at = &server->conns;

    while (*at != conn)
        at = &(*at)->next;
    *at = conn->next;
    server->conn_count--;
    h2_conn_free(conn); /* closing the socket takes it out of epoll */
}

/* Goes on with a connection, and ends it when it is over. */
static void run_conn(struct h2_server *server, struct h2_conn *conn, int64_t now)
{
    struct epoll_event event = {.data.ptr = conn};

    if (!h2_conn_run(conn, now)) {
        end_conn(server, conn);
        return;
    }
    event.events = h2_conn_wants(conn);
    if (event.events != conn->events) {
        epoll_ctl(server->epoll, EPOLL_CTL_MOD, conn->wire.fd, &event);
        conn->events = event.events;
    }
}

/* Ends the connection that has rested longest, so that nobody keeps others out with connections
 * that do nothing. False when all have something under way. */
static bool make_room(struct h2_server *server)
{
    struct h2_conn *resting = NULL;

    for (struct h2_conn *conn = server->conns; conn != NULL; conn = conn->next)
        if (conn->stream_count == 0 && conn->ask == NULL &&
            (resting == NULL || conn->idle_ms < resting->idle_ms))
            resting = conn;
    if (resting != NULL)
        end_conn(server, resting);
    return resting != NULL;
}

/* May end any connection: nothing that epoll has told of one may be left to look at. */
static void accept_all(struct h2_server *server, int64_t now)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct h2_conn *conn;
    int fd, yes = 1;

    while ((fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (server->conn_count >= server->config.connections_max && !make_room(server)) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        conn = h2_conn_new(&server->host, fd, server->config.tls, now);
        conn->events = event.events;
        conn->next = server->conns;
        server->conns = conn;
        server->conn_count++;
        event.data.ptr = conn;
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event);
        run_conn(server, conn, now);
    }
}

static void check_times(struct h2_server *server, int64_t now)
{
    struct h2_conn *next;

    for (struct h2_conn *conn = server->conns; conn != NULL; conn = next) {
        next = conn->next;
        if (!h2_conn_in_time(conn, &server->config, now))
            end_conn(server, conn);
        else
            run_conn(server, conn, now);
    }
}

static void tend_streams(struct h2_server *server, int64_t now)
{
    struct h2_stream *stream;

    while ((stream = next_poked(server)) != NULL) {
        struct h2_conn *conn = h2_stream_io(stream)->conn;

        if (conn != NULL) {
            h2_conn_tend(conn, stream);
            run_conn(server, conn, now);
        }
        h2_stream_unref(stream);
    }
}

/* A connection in the middle of its handshake has nobody's word under way. */
static void turn_away(struct h2_server *server, struct h2_conn *conn, int64_t now)
{
    if (conn->session == NULL) {
        end_conn(server, conn);
        return;
    }
    h2_conn_drain(conn);
    run_conn(server, conn, now);
}

static void renew_tls(struct h2_server *server, int64_t now)
{
    struct h2_conn *next;
    SSL_CTX *tls;

    pthread_mutex_lock(&server->lock);
    tls = server->next_tls;
    server->next_tls = NULL;
    pthread_mutex_unlock(&server->lock);
    if (tls == NULL)
        return;
    SSL_CTX_free(server->config.tls);
    server->config.tls = tls;
    for (struct h2_conn *conn = server->conns; conn != NULL; conn = next) {
        next = conn->next;
        turn_away(server, conn, now);
    }
}

/* Asks may have ended. */
static void tend_asks(struct h2_server *server, int64_t now)
{
    struct h2_conn *next;

    for (struct h2_conn *conn = server->conns; conn != NULL; conn = next) {
        next = conn->next;
        if (conn->ask != NULL)
            run_conn(server, conn, now);
    }
}

/* --- the thread --- */

/* True when it is over. */
static bool drain(struct h2_server *server, int64_t now)
{
    int64_t until;

    pthread_mutex_lock(&server->lock);
    until = server->drain_until;
    pthread_mutex_unlock(&server->lock);
    if (until == 0)
        return false;
    if (server->listener >= 0) {
        close(server->listener);
        server->listener = -1;
    }
    for (struct h2_conn *conn = server->conns; conn != NULL; conn = conn->next)
        h2_conn_drain(conn);
    check_times(server, now);
    for (struct h2_conn *conn = server->conns; conn != NULL; conn = conn->next)
        if (conn->stream_count > 0)
            return now >= until;
    return true;
}

static void take_events(struct h2_server *server, const struct epoll_event *ready, int n,
                        int64_t now)
{
    bool accepts = false;
    uint64_t count;

    for (int i = 0; i < n; i++) {
        if (ready[i].data.ptr == &server->listener)
            accepts = true;
        else if (ready[i].data.ptr == &server->wake)
            (void)!read(server->wake, &count, sizeof(count));
        else
            run_conn(server, ready[i].data.ptr, now);
    }
    if (accepts)
        accept_all(server, now);
}

static void *serve(void *arg)
{
    struct h2_server *server = arg;
    struct epoll_event ready[READY_MAX];
    int64_t ticked = 0, now;

    do {
        int n = epoll_wait(server->epoll, ready, READY_MAX, TICK_MS);

        now = clock_monotonic_ms();
        take_events(server, ready, n, now);
        tend_streams(server, now);
        renew_tls(server, now);
        if (server->config.first != NULL)
            tend_asks(server, now);
        if (now - ticked >= TICK_MS) {
            ticked = now;
            check_times(server, now);
        }
    } while (!drain(server, now));
    while (server->conns != NULL)
        end_conn(server, server->conns);
    return NULL;
}

/* --- life --- */

static void set_default(unsigned *value, unsigned fallback)
{
    if (*value == 0)
        *value = fallback;
}

void h2_server_free(struct h2_server *server)
{
    struct h2_stream *stream;

    if (server == NULL)
        return;
    while ((stream = next_poked(server)) != NULL)
        h2_stream_unref(stream);
    h2_asks_done(&server->host.asks);
    close_fd(&server->listener);
    close_fd(&server->epoll);
    close_fd(&server->wake);
    SSL_CTX_free(server->config.tls);
    SSL_CTX_free(server->next_tls);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

static int open_descriptors(struct h2_server *server, struct err *err)
{
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = &server->listener};
    struct epoll_event waking = {.events = EPOLLIN, .data.ptr = &server->wake};

    if (listen_at(server->config.listen, &server->listener, &server->port, err) < 0)
        return -1;
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->epoll < 0 || server->wake < 0 ||
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &listening) < 0 ||
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->wake, &waking) < 0)
        return err_set_errno(err, ERR_SYSTEM, "epoll");
    return 0;
}

int h2_server_start(const struct h2_config *config, struct h2_server **ret, struct err *err)
{
    struct h2_server *server = mem_new(struct h2_server);

    server->config = *config;
    if (config->tls != NULL)
        SSL_CTX_up_ref(config->tls);
    set_default(&server->config.connections_max, 256);
    set_default(&server->config.open_timeout_ms, 10000);
    set_default(&server->config.idle_timeout_ms, 300000);
    set_default(&server->config.quiet_timeout_ms, 60000);
    set_default(&server->config.patience_ms, 60000);
    server->host = (struct h2_host){.serve = config->serve,
                                    .serve_ctx = config->ctx,
                                    .owner = {on_poke, server, server->config.patience_ms}};
    h2_asks_init(&server->host.asks, config->first, wake, server);
    server->listener = server->epoll = server->wake = -1;
    pthread_mutex_init(&server->lock, NULL);
    if (open_descriptors(server, err) < 0) {
        h2_server_free(server);
        return -1;
    }
    if (pthread_create(&server->thread, NULL, serve, server) != 0) {
        h2_server_free(server);
        return err_set(err, ERR_SYSTEM, "no thread for the connections");
    }
    *ret = server;
    return 0;
}

uint16_t h2_server_port(const struct h2_server *server)
{
    return server->port;
}

void h2_server_use_tls(struct h2_server *server, SSL_CTX *tls)
{
    SSL_CTX *before;

    SSL_CTX_up_ref(tls);
    pthread_mutex_lock(&server->lock);
    before = server->next_tls;
    server->next_tls = tls;
    pthread_mutex_unlock(&server->lock);
    SSL_CTX_free(before);
    wake(server);
}

void h2_server_stop(struct h2_server *server, unsigned drain_ms)
{
    pthread_mutex_lock(&server->lock);
    server->drain_until = clock_monotonic_ms() + drain_ms;
    pthread_mutex_unlock(&server->lock);
    wake(server);
    pthread_join(server->thread, NULL);
}
