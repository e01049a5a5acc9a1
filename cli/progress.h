/* A bar on a terminal's standard error, and nothing at all elsewhere. */
#ifndef COCOS_CLI_PROGRESS_H
#define COCOS_CLI_PROGRESS_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#include <stdbool.h>

#include <stdint.h>

struct progress {
    const char *what; /* "iris.csv"; borrowed */
    int64_t begun_ms;
    int64_t drawn_ms;
    bool shown;
    bool enabled;
};

struct progress progress_begin(const char *what);

/* Draws, at most ten times a second. total is UINT64_MAX while it is not known. As httpc wants it.
 */
void progress_update(void *progress, uint64_t done, uint64_t total);

/* Clears the bar's line. */
void progress_end(struct progress *progress);

/* The bar as text of at most columns characters; for progress_update() and its test. */
struct progress_figures {
    const char *what;
    uint64_t done;
    uint64_t total; /* UINT64_MAX: not known */
    int64_t elapsed_ms;
};
void progress_format(struct buf *out, const struct progress_figures *figures, unsigned columns);

#endif
