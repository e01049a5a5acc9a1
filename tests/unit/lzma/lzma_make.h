/* Makes LZMA-alone streams that say how long their content is, as firmware has them. */
#ifndef COCOS_TESTS_LZMA_LZMA_MAKE_H
#define COCOS_TESTS_LZMA_LZMA_MAKE_H

#include "lib/base/buf.h"

#include <lzma.h>

static inline void make_lzma(struct span content, struct buf *out)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    size_t start = out->len, room = content.len + 64 * KIB;

    lzma_lzma_preset(&options, 1);
    stream.next_in = content.data;
    stream.avail_in = content.len;
    stream.next_out = buf_grow(out, room);
    stream.avail_out = room;
    if (lzma_alone_encoder(&stream, &options) != LZMA_OK ||
        lzma_code(&stream, LZMA_FINISH) != LZMA_STREAM_END)
        abort();
    out->len -= stream.avail_out;
    lzma_end(&stream);
    for (size_t i = 0; i < 8; i++)
        out->data[start + 5 + i] = (uint8_t)((uint64_t)content.len >> (8 * i));
}

#endif
