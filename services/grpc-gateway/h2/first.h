/* What a client may say, and be answered, on a connection with TLS before it speaks HTTP/2: for
 * protocols that bind something to the connection. The answer is made in a thread of its own, since
 * it may take its time; HTTP/2 begins behind it. A client that begins with HTTP/2 is served as
 * ever.
 *
 * Private to h2/ but for struct h2_first, which is the service's. */
#ifndef COCOS_GATEWAY_H2_FIRST_H
#define COCOS_GATEWAY_H2_FIRST_H

#include "services/grpc-gateway/h2/tls.h"

#include <pthread.h>

#define H2_FIRST_WORDS_MAX  (8 * KIB)
#define H2_FIRST_ANSWER_MAX (128 * KIB - 4 * KIB)
#define H2_FIRST_ASKS_MAX   8 /* that are answered at once; more are turned away */

struct h2_first {
    /* How many of the bytes that have come are the client's first words; 0 when more must come to
     * tell. *ret_is_first false: it speaks HTTP/2 (and with no byte there yet). An error ends the
     * connection, and is logged. */
    int (*measure)(struct span come, bool *ret_is_first, size_t *ret, struct err *err);
    /* In the thread of the connections: takes from the connection what the answer needs. */
    int (*prepare)(void *ctx, SSL *ssl, struct span words, void **ret_job, struct err *err);
    /* In a thread of its own. stopped(): the client has gone. */
    int (*answer)(void *job, bool (*stopped)(void *), void *whom, struct buf *out, struct err *err);
    void (*release)(void *job);
    void *ctx;
};

struct h2_ask;

enum h2_ask_state { H2_ASK_RUNS, H2_ASK_ANSWERED, H2_ASK_FAILED };

/* The asks of one server. */
struct h2_asks {
    const struct h2_first *first; /* NULL: there is no such thing here */
    void (*wake)(void *ctx);      /* one has ended */
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    unsigned count;
};

void h2_asks_init(struct h2_asks *asks, const struct h2_first *first, void (*wake)(void *ctx),
                  void *ctx);
/* Waits until none is under way; all of them were dropped. */
void h2_asks_done(struct h2_asks *asks);

/* Begins to answer. Errors: TOO_MANY, what prepare() says. */
MUST_USE int h2_ask_begin(struct h2_asks *asks, SSL *ssl, struct span words, struct h2_ask **ret,
                          struct err *err);
/* ANSWERED: the answer is appended to out. */
enum h2_ask_state h2_ask_take(struct h2_ask *ask, struct buf *out);
/* The connection is done with it, or has ended. NULL is fine. */
void h2_ask_drop(struct h2_ask *ask);

#endif
