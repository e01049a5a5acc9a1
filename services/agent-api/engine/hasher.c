#include "services/agent-api/engine/hasher.h"

#include <pthread.h>

#define ALONE_MAX (64 * KIB) /* smaller blocks are not worth waking anybody */

struct hasher {
    struct digest *digest; /* the thread's between hasher_begin() and hasher_join() */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct span block; /* being hashed; data is NULL when there is none */
    bool started, ending;
    pthread_t thread;
};

struct hasher *hasher_new(enum digest_alg alg)
{
    struct hasher *hasher = mem_new(struct hasher);

    hasher->digest = digest_new(alg);
    pthread_mutex_init(&hasher->lock, NULL);
    pthread_cond_init(&hasher->changed, NULL);
    return hasher;
}

void hasher_free(struct hasher *hasher)
{
    if (hasher == NULL)
        return;
    if (hasher->started) {
        pthread_mutex_lock(&hasher->lock);
        hasher->ending = true;
        pthread_cond_broadcast(&hasher->changed);
        pthread_mutex_unlock(&hasher->lock);
        pthread_join(hasher->thread, NULL);
    }
    digest_free(hasher->digest);
    pthread_cond_destroy(&hasher->changed);
    pthread_mutex_destroy(&hasher->lock);
    free(hasher);
}

static void *hash_blocks(void *arg)
{
    struct hasher *hasher = arg;

    pthread_mutex_lock(&hasher->lock);
    for (;;) {
        while (hasher->block.data == NULL && !hasher->ending)
            pthread_cond_wait(&hasher->changed, &hasher->lock);
        if (hasher->block.data == NULL)
            break;
        pthread_mutex_unlock(&hasher->lock);
        digest_add(hasher->digest, hasher->block);
        pthread_mutex_lock(&hasher->lock);
        hasher->block = span_of(NULL, 0);
        pthread_cond_broadcast(&hasher->changed);
    }
    pthread_mutex_unlock(&hasher->lock);
    return NULL;
}

void hasher_begin(struct hasher *hasher, struct span block)
{
    if (!hasher->started && block.len > ALONE_MAX)
        hasher->started = pthread_create(&hasher->thread, NULL, hash_blocks, hasher) == 0;
    if (!hasher->started || block.len <= ALONE_MAX) {
        digest_add(hasher->digest, block);
        return;
    }
    pthread_mutex_lock(&hasher->lock);
    hasher->block = block;
    pthread_cond_broadcast(&hasher->changed);
    pthread_mutex_unlock(&hasher->lock);
}

void hasher_join(struct hasher *hasher)
{
    pthread_mutex_lock(&hasher->lock);
    while (hasher->block.data != NULL)
        pthread_cond_wait(&hasher->changed, &hasher->lock);
    pthread_mutex_unlock(&hasher->lock);
}

void hasher_finish(struct hasher *hasher, uint8_t *out)
{
    hasher_join(hasher);
    digest_finish(hasher->digest, out);
}
