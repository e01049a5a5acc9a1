#include "services/agent-api/engine/tail.h"

#include <inttypes.h>
#include <pthread.h>

#define NOTE_MAX 80

struct tail {
    pthread_mutex_t lock;
    size_t max;
    uint8_t *ring; /* grows up to max, then is written round */
    size_t room;
    uint64_t total; /* bytes ever added */
};

struct tail *tail_new(size_t max)
{
    struct tail *tail = mem_new(struct tail);

    pthread_mutex_init(&tail->lock, NULL);
    tail->max = max;
    return tail;
}

void tail_free(struct tail *tail)
{
    if (tail == NULL)
        return;
    pthread_mutex_destroy(&tail->lock);
    free(tail->ring);
    free(tail);
}

/* Before the ring is full, total is also the place to write at. */
static void make_room(struct tail *tail, size_t len)
{
    uint64_t need = tail->total + len;
    size_t room = tail->room > 0 ? tail->room : 4096;

    if (need <= tail->room || tail->room == tail->max)
        return;
    while (room < need && room < tail->max)
        room *= 2;
    if (room > tail->max)
        room = tail->max;
    tail->ring = mem_resize(tail->ring, room, 1);
    tail->room = room;
}

void tail_add(struct tail *tail, struct span bytes)
{
    pthread_mutex_lock(&tail->lock);
    make_room(tail, bytes.len);
    if (bytes.len > tail->max) {
        tail->total += bytes.len - tail->max;
        bytes = span_part(bytes, bytes.len - tail->max, tail->max);
    }
    while (bytes.len > 0) {
        size_t at = (size_t)(tail->total % tail->room);
        size_t piece = tail->room - at < bytes.len ? tail->room - at : bytes.len;

        memcpy(tail->ring + at, bytes.data, piece);
        tail->total += piece;
        bytes = span_part(bytes, piece, bytes.len);
    }
    pthread_mutex_unlock(&tail->lock);
}

void tail_read(struct tail *tail, struct buf *out)
{
    pthread_mutex_lock(&tail->lock);
    if (tail->total <= tail->room) {
        buf_add(out, tail->ring, (size_t)tail->total);
    } else {
        size_t at = (size_t)(tail->total % tail->room);

        buf_printf(out, "[%" PRIu64 " bytes before this are not kept]\n", tail->total - tail->room);
        buf_add(out, tail->ring + at, tail->room - at);
        buf_add(out, tail->ring, at);
    }
    pthread_mutex_unlock(&tail->lock);
}

size_t tail_read_max(const struct tail *tail)
{
    return tail->max + NOTE_MAX;
}
