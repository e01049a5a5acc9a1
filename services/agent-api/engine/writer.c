#include "services/agent-api/engine/writer.h"

#include "lib/base/file.h"

#include <pthread.h>

#define ALONE_MAX (64 * KIB) /* smaller blocks are not worth waking anybody */

struct writer {
    int fd;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct span block; /* being written; data is NULL when there is none */
    bool failed;
    struct err err; /* when it failed */
    bool started, ending;
    pthread_t thread;
};

struct writer *writer_new(int fd)
{
    struct writer *writer = mem_new(struct writer);

    writer->fd = fd;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->changed, NULL);
    return writer;
}

void writer_free(struct writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->started) {
        pthread_mutex_lock(&writer->lock);
        writer->ending = true;
        pthread_cond_signal(&writer->changed);
        pthread_mutex_unlock(&writer->lock);
        pthread_join(writer->thread, NULL);
    }
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

/* By whoever has the block; failed and err are his meanwhile. */
static void write_block(struct writer *writer, struct span block)
{
    if (!writer->failed && file_write_fd(writer->fd, block, &writer->err) < 0)
        writer->failed = true;
}

static void *write_blocks(void *arg)
{
    struct writer *writer = arg;

    pthread_setname_np(pthread_self(), "writer");
    pthread_mutex_lock(&writer->lock);
    for (;;) {
        while (writer->block.data == NULL && !writer->ending)
            pthread_cond_wait(&writer->changed, &writer->lock);
        if (writer->block.data == NULL)
            break;
        pthread_mutex_unlock(&writer->lock);
        write_block(writer, writer->block);
        pthread_mutex_lock(&writer->lock);
        writer->block = span_of(NULL, 0);
        pthread_cond_signal(&writer->changed); /* there is one who waits, on either side */
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

void writer_begin(struct writer *writer, struct span block)
{
    if (!writer->started && block.len > ALONE_MAX)
        writer->started = pthread_create(&writer->thread, NULL, write_blocks, writer) == 0;
    if (!writer->started || block.len <= ALONE_MAX) {
        write_block(writer, block);
        return;
    }
    pthread_mutex_lock(&writer->lock);
    writer->block = block;
    pthread_mutex_unlock(&writer->lock);
    pthread_cond_signal(&writer->changed);
}

int writer_join(struct writer *writer, struct err *err)
{
    pthread_mutex_lock(&writer->lock);
    while (writer->block.data != NULL)
        pthread_cond_wait(&writer->changed, &writer->lock);
    pthread_mutex_unlock(&writer->lock);
    if (!writer->failed)
        return 0;
    *err = writer->err;
    return -1;
}
