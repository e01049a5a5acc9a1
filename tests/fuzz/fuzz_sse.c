/* Event streams: what is heard does not depend on the pieces in which the bytes come. */
#include "lib/httpc/sse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int listen_to(void *ctx, const struct sse_event *event, struct err *err)
{
    (void)err;
    buf_add_str(ctx, event->id);
    buf_add_str(ctx, event->type);
    buf_add_span(ctx, event->data);
    return 0;
}

static int feed(struct span bytes, size_t piece, struct buf *heard)
{
    OWNED_SSE sse;
    struct err err;

    sse_init(&sse);
    for (size_t at = 0; at < bytes.len; at += piece)
        if (sse_feed(&sse, span_part(bytes, at, piece), listen_to, heard, &err) < 0)
            return -1;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_BUF whole = BUF_OF(16 * MIB);
    OWNED_BUF pieces = BUF_OF(16 * MIB);
    size_t piece = size > 0 ? data[0] % 7 + 1 : 1;

    if (feed(span_of(data, size), size + 1, &whole) != feed(span_of(data, size), piece, &pieces))
        abort();
    if (!span_equal(buf_span(&whole), buf_span(&pieces)))
        abort();
    return 0;
}
