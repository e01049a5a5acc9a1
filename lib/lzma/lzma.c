#include "lib/lzma/lzma.h"

#include "lib/base/reader.h"

#include <inttypes.h>
#include <lzma.h>

#define MEMORY_MAX (256 * MIB) /* what the dictionary may take */

static const char *say(lzma_ret result)
{
    switch (result) {
    case LZMA_OK:
    case LZMA_BUF_ERROR: return "the stream is cut";
    case LZMA_MEMLIMIT_ERROR: return "its dictionary is too large";
    case LZMA_FORMAT_ERROR: return "no LZMA stream";
    default: return "the stream is damaged";
    }
}

int lzma_unpack(struct span in, struct buf *out, struct err *err)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    struct reader header = reader_of(in);
    size_t before = out->len;
    uint64_t size;
    lzma_ret result;

    read_skip(&header, 5);
    size = read_le64(&header);
    if (header.short_read || size == UINT64_MAX)
        return err_set(err, ERR_INPUT, "lzma: the stream does not say how long its content is");
    if (size > out->max - out->len)
        return err_set(err, ERR_TOO_LARGE, "lzma: %" PRIu64 " bytes of content, at most %zu", size,
                       out->max - out->len);

    stream.next_in = in.data;
    stream.avail_in = in.len;
    stream.next_out = buf_grow(out, (size_t)size);
    stream.avail_out = (size_t)size;
    result = lzma_alone_decoder(&stream, MEMORY_MAX);
    if (result == LZMA_OK)
        result = lzma_code(&stream, LZMA_FINISH);
    lzma_end(&stream);
    if (result == LZMA_STREAM_END && stream.avail_out == 0)
        return 0;
    out->len = before;
    if (out->data != NULL)
        out->data[before] = '\0';
    return err_set(err, ERR_INPUT, "lzma: %s", say(result));
}
