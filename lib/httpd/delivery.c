#include "lib/httpd/internal.h"

#include "lib/base/clock.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* MHD is done with a reply when the kernel has taken it, which may be megabytes before the client
 * has it. A file counts as sent when the client's system has acknowledged its last byte and the
 * client did not hang up on it. Whoever hangs up with bytes unread sends a bare reset; whoever is
 * content says goodbye (a TLS alert, a FIN), or stays for a moment. */
#define SETTLE_MS 200
#define TRIES     10

#define STATE_CLOSE                                                                                \
    7 /* TCP_CLOSE of the kernel; glibc's header that names it lacks the counters                  \
       */

struct httpd_delivery {
    struct httpd_delivery *next;
    struct httpd_request *rq; /* a reference */
    int fd;                   /* our own, so that the connection may end meanwhile */
    uint64_t end;             /* where the reply ends, in bytes acknowledged */
    int64_t give_up_ms;
    int64_t settled_ms; /* when the last byte was seen acknowledged; 0: not yet */
};

enum outcome { OUTCOME_OPEN, OUTCOME_SENT, OUTCOME_LOST };

static bool ask_tcp(int fd, struct tcp_info *ret)
{
    socklen_t size = sizeof(*ret);

    *ret = (struct tcp_info){0};
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, ret, &size) == 0;
}

/* Acknowledged and waiting bytes are two questions; an acknowledgement between them must not count
 * twice or not at all. */
static bool mark_end(struct httpd_delivery *delivery)
{
    struct tcp_info before, after;
    int queued = 0;

    for (int i = 0; i < TRIES; i++) {
        if (!ask_tcp(delivery->fd, &before) || ioctl(delivery->fd, SIOCOUTQ, &queued) < 0 ||
            !ask_tcp(delivery->fd, &after))
            return false;
        if (before.tcpi_bytes_acked == after.tcpi_bytes_acked)
            break;
    }
    delivery->end = before.tcpi_bytes_acked + (uint64_t)queued;
    return true;
}

void httpd_delivery_begin(struct httpd_request *rq)
{
    struct tcp_info info;

    ask_tcp(rq->conn->fd, &info);
    rq->heard = info.tcpi_bytes_received;
}

/* A socket file has no acknowledgements: bytes are there until the other program has read them, and
 * one that closes with bytes unread leaves an error. */
static enum outcome look_local(struct httpd_delivery *delivery, int64_t now_ms, bool last_look)
{
    socklen_t size = sizeof(int);
    int queued = 0, error = 0;

    if (getsockopt(delivery->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0 ||
        ioctl(delivery->fd, SIOCOUTQ, &queued) < 0)
        return OUTCOME_LOST;
    if (queued > 0)
        return last_look || now_ms >= delivery->give_up_ms ? OUTCOME_LOST : OUTCOME_OPEN;
    if (delivery->settled_ms == 0)
        delivery->settled_ms = now_ms;
    return last_look || now_ms - delivery->settled_ms >= SETTLE_MS ? OUTCOME_SENT : OUTCOME_OPEN;
}

static enum outcome look(struct httpd_delivery *delivery, int64_t now_ms, bool last_look)
{
    bool whole, goodbye;
    struct tcp_info info;

    if (httpd_is_local(delivery->rq))
        return look_local(delivery, now_ms, last_look);
    if (!ask_tcp(delivery->fd, &info))
        return OUTCOME_LOST;
    whole = info.tcpi_bytes_acked >= delivery->end;
    goodbye = info.tcpi_bytes_received > delivery->rq->heard; /* a FIN counts as one byte */
    if (info.tcpi_state == STATE_CLOSE)
        return whole && goodbye ? OUTCOME_SENT : OUTCOME_LOST;
    if (!whole)
        return last_look || now_ms >= delivery->give_up_ms ? OUTCOME_LOST : OUTCOME_OPEN;

    if (delivery->settled_ms == 0)
        delivery->settled_ms = now_ms;
    if (goodbye || last_look || now_ms - delivery->settled_ms >= SETTLE_MS)
        return OUTCOME_SENT;
    return OUTCOME_OPEN;
}

static void delivery_end(struct httpd_delivery *delivery, enum outcome outcome)
{
    struct httpd_reply *reply = &delivery->rq->reply;

    if (outcome == OUTCOME_SENT)
        reply->file.sent(reply->file.ctx, reply->from, reply->to);
    close_fd(&delivery->fd);
    httpd_request_unref(delivery->rq);
    free(delivery);
}

void httpd_delivery_watch(struct httpd_request *rq)
{
    struct httpd_delivery *delivery = mem_new(struct httpd_delivery);
    struct httpd *httpd = rq->httpd;

    httpd_request_ref(rq);
    delivery->rq = rq;
    delivery->fd = fcntl(rq->conn->fd, F_DUPFD_CLOEXEC, 0);
    delivery->give_up_ms = clock_monotonic_ms() + httpd->config.idle_timeout_ms;
    if (delivery->fd < 0 || (!httpd_is_local(rq) && !mark_end(delivery))) {
        delivery_end(delivery, OUTCOME_LOST);
        return;
    }
    pthread_mutex_lock(&httpd->lock);
    delivery->next = httpd->deliveries;
    httpd->deliveries = delivery;
    pthread_cond_signal(&httpd->timer_wake);
    pthread_mutex_unlock(&httpd->lock);
}

/* Takes the first one whose outcome is known out of the list. */
static struct httpd_delivery *take_decided(struct httpd *httpd, int64_t now_ms,
                                           enum outcome *ret_outcome)
{
    for (struct httpd_delivery **at = &httpd->deliveries; *at != NULL; at = &(*at)->next) {
        struct httpd_delivery *delivery = *at;

        *ret_outcome = look(delivery, now_ms, httpd->closed);
        if (*ret_outcome == OUTCOME_OPEN)
            continue;
        *at = delivery->next;
        return delivery;
    }
    return NULL;
}

void httpd_delivery_look(struct httpd *httpd, int64_t now_ms)
{
    struct httpd_delivery *delivery;
    enum outcome outcome;

    while ((delivery = take_decided(httpd, now_ms, &outcome)) != NULL) {
        pthread_mutex_unlock(&httpd->lock);
        delivery_end(delivery, outcome);
        pthread_mutex_lock(&httpd->lock);
    }
}
