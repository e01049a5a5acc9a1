/* A file that is written beside something else: while one thread hashes a block, the writer's own
 * thread writes it. SHA3 is what bounds receiving, so that whoever hashes neither writes nor waits
 * for anybody: the writer is done with a block long before.
 *
 * Used by one thread at a time; small blocks are written at once, without a thread. */
#ifndef COCOS_AGENT_ENGINE_WRITER_H
#define COCOS_AGENT_ENGINE_WRITER_H

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/span.h"

struct writer;

/* Writes to fd, which is borrowed, from where it stands. */
struct writer *writer_new(int fd);
/* Finishes the block that was begun. */
void writer_free(struct writer *writer);
DEFINE_OWNED(writer)

/* Begins to write a block, which must stay as it is until writer_join(). */
void writer_begin(struct writer *writer, struct span block);

/* Waits until the block is written. Once a block has failed none is written any more, and this
 * keeps failing. Errors: NO_SPACE, SYSTEM. */
MUST_USE int writer_join(struct writer *writer, struct err *err);

#endif
