/* The end of what was said: keeps the last bytes of a stream of any length. Thread-safe. */
#ifndef COCOS_AGENT_ENGINE_TAIL_H
#define COCOS_AGENT_ENGINE_TAIL_H

#include "lib/base/buf.h"

struct tail;

/* Keeps at most max bytes, which are taken from memory as they are needed. */
struct tail *tail_new(size_t max);
void tail_free(struct tail *tail);
DEFINE_OWNED(tail)

void tail_add(struct tail *tail, struct span bytes);

/* Appends what is kept to out; when the beginning is missing, a line says so first. */
void tail_read(struct tail *tail, struct buf *out);

/* The most that tail_read() appends. */
size_t tail_read_max(const struct tail *tail);

#endif
