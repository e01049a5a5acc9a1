/* What waits to be told to the computation server, in order, in bounded memory.
 *
 * An entry stays until the server is known to have it: what was sent and not confirmed is sent
 * again after a connection broke, so the server may hear a thing twice, but hears everything. When
 * it is full, the oldest log goes first; events go only when there is no log left, and answers
 * only when there is no event left. How much was lost is counted, to be told; what goes while it is
 * on its way is lost only when the connection breaks before it is confirmed.
 *
 * Thread-safe. */
#ifndef COCOS_GATEWAY_CVMS_SPOOL_H
#define COCOS_GATEWAY_CVMS_SPOOL_H

#include "lib/base/buf.h"

struct spool;

/* In the order in which they go when there is no room. */
enum spool_kind { SPOOL_LOG, SPOOL_EVENT, SPOOL_ANSWER, SPOOL_KIND_COUNT };

/* bytes_max bounds all entries together. Errors: SYSTEM. */
MUST_USE int spool_new(size_t bytes_max, struct spool **ret, struct err *err);
void spool_free(struct spool *spool);
DEFINE_OWNED(spool)

/* A descriptor that can be read when there is something to send; spool_next() empties it. */
int spool_fd(const struct spool *spool);

/* Copies bytes. What is larger than all of the spool is lost, and counted. */
void spool_add(struct spool *spool, enum spool_kind kind, struct span bytes);

/* The first entry that is not sent, into the emptied out; it counts as sent. False: none. */
bool spool_next(struct spool *spool, struct buf *out);

/* Something was sent and is not confirmed. */
bool spool_is_unsure(struct spool *spool);
/* A mark behind what is sent now, and the answer to it: all that was sent before is confirmed. */
void spool_mark(struct spool *spool);
void spool_confirm(struct spool *spool);
/* The connection broke: what is not confirmed is not sent. */
void spool_rewind(struct spool *spool);

/* How many of a kind were lost since it was asked last. */
uint64_t spool_take_lost(struct spool *spool, enum spool_kind kind);

/* Nothing waits, and nothing is unsure. */
bool spool_is_empty(struct spool *spool);

#endif
