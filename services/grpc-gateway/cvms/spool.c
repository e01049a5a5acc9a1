#include "services/grpc-gateway/cvms/spool.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ENTRY_COST 128 /* of an entry, besides its bytes */

struct entry {
    struct entry *next;
    enum spool_kind kind;
    uint64_t number;
    size_t len;
    uint8_t bytes[];
};

struct spool {
    pthread_mutex_t lock;
    int fd;
    size_t used, max;
    struct entry *first, **last; /* oldest first */
    struct entry *unsent;        /* the first that is not sent; NULL: none */
    uint64_t added;              /* the number of the newest */
    uint64_t sent, marked;       /* up to these numbers */
    uint64_t lost[SPOOL_KIND_COUNT];
    uint64_t risked[SPOOL_KIND_COUNT]; /* given up on their way: lost if they do not arrive */
    uint64_t risked_last;              /* the newest of them */
    size_t count[SPOOL_KIND_COUNT];
};

int spool_new(size_t bytes_max, struct spool **ret, struct err *err)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct spool *spool;

    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "eventfd");
    spool = mem_new(struct spool);
    spool->fd = fd;
    spool->max = bytes_max;
    spool->last = &spool->first;
    pthread_mutex_init(&spool->lock, NULL);
    *ret = spool;
    return 0;
}

static size_t cost_of(const struct entry *entry)
{
    return entry->len + ENTRY_COST;
}

/* Takes the entry that *at points to out of the list. */
static void take_out(struct spool *spool, struct entry **at)
{
    struct entry *entry = *at;

    *at = entry->next;
    if (spool->last == &entry->next)
        spool->last = at;
    if (spool->unsent == entry)
        spool->unsent = entry->next;
    spool->used -= cost_of(entry);
    spool->count[entry->kind]--;
    free(entry);
}

void spool_free(struct spool *spool)
{
    if (spool == NULL)
        return;
    while (spool->first != NULL)
        take_out(spool, &spool->first);
    close(spool->fd);
    pthread_mutex_destroy(&spool->lock);
    free(spool);
}

int spool_fd(const struct spool *spool)
{
    return spool->fd;
}

static void lose_oldest(struct spool *spool, enum spool_kind kind)
{
    struct entry **at = &spool->first;

    while ((*at)->kind != kind)
        at = &(*at)->next;
    if ((*at)->number <= spool->sent) {
        spool->risked[kind]++;
        spool->risked_last = (*at)->number;
    } else {
        spool->lost[kind]++;
    }
    take_out(spool, at);
}

static void settle_risked(struct spool *spool, bool arrived)
{
    for (int kind = 0; kind < SPOOL_KIND_COUNT; kind++) {
        spool->lost[kind] += arrived ? 0 : spool->risked[kind];
        spool->risked[kind] = 0;
    }
}

/* Makes room for one of this kind: nothing of more worth goes for it. */
static bool make_room(struct spool *spool, enum spool_kind kind, size_t cost)
{
    int least = SPOOL_LOG;

    if (cost > spool->max)
        return false;
    while (spool->used + cost > spool->max) {
        while (least <= (int)kind && spool->count[least] == 0)
            least++;
        if (least > (int)kind)
            return false;
        lose_oldest(spool, (enum spool_kind)least);
    }
    return true;
}

static void wake(struct spool *spool)
{
    uint64_t one = 1;

    while (write(spool->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static void append(struct spool *spool, enum spool_kind kind, struct span bytes)
{
    struct entry *entry = mem_zeroed(1, sizeof(*entry) + bytes.len);

    entry->kind = kind;
    entry->number = ++spool->added;
    entry->len = bytes.len;
    if (bytes.len > 0)
        memcpy(entry->bytes, bytes.data, bytes.len);
    *spool->last = entry;
    spool->last = &entry->next;
    if (spool->unsent == NULL)
        spool->unsent = entry;
    spool->used += cost_of(entry);
    spool->count[kind]++;
    wake(spool);
}

void spool_add(struct spool *spool, enum spool_kind kind, struct span bytes)
{
    pthread_mutex_lock(&spool->lock);
    if (make_room(spool, kind, bytes.len + ENTRY_COST))
        append(spool, kind, bytes);
    else
        spool->lost[kind]++;
    pthread_mutex_unlock(&spool->lock);
}

bool spool_next(struct spool *spool, struct buf *out)
{
    const struct entry *entry;
    uint64_t count;

    buf_reset(out);
    pthread_mutex_lock(&spool->lock);
    entry = spool->unsent;
    if (entry != NULL) {
        buf_add(out, entry->bytes, entry->len);
        spool->sent = entry->number;
        spool->unsent = entry->next;
    } else {
        (void)!read(spool->fd, &count, sizeof(count));
    }
    pthread_mutex_unlock(&spool->lock);
    return entry != NULL;
}

bool spool_is_unsure(struct spool *spool)
{
    bool unsure;

    pthread_mutex_lock(&spool->lock);
    unsure = spool->first != NULL && spool->first->number <= spool->sent;
    pthread_mutex_unlock(&spool->lock);
    return unsure;
}

void spool_mark(struct spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    spool->marked = spool->sent;
    pthread_mutex_unlock(&spool->lock);
}

void spool_confirm(struct spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    while (spool->first != NULL && spool->first->number <= spool->marked)
        take_out(spool, &spool->first);
    if (spool->risked_last <= spool->marked)
        settle_risked(spool, true);
    pthread_mutex_unlock(&spool->lock);
}

void spool_rewind(struct spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    settle_risked(spool, false);
    spool->sent = spool->marked = 0;
    spool->unsent = spool->first;
    if (spool->first != NULL)
        wake(spool);
    pthread_mutex_unlock(&spool->lock);
}

uint64_t spool_take_lost(struct spool *spool, enum spool_kind kind)
{
    uint64_t lost;

    pthread_mutex_lock(&spool->lock);
    lost = spool->lost[kind];
    spool->lost[kind] = 0;
    pthread_mutex_unlock(&spool->lock);
    return lost;
}

bool spool_is_empty(struct spool *spool)
{
    bool empty;

    pthread_mutex_lock(&spool->lock);
    empty = spool->first == NULL;
    pthread_mutex_unlock(&spool->lock);
    return empty;
}
