#include "services/grpc-gateway/agent/chunks.h"

#include <stdio.h>

#define CHUNK (1 * MIB)
#define TAG   (1 << 3 | 2) /* the first field, bytes */

void chunks_begin(struct chunks *chunks, struct grpc_call *call, uint64_t bytes)
{
    char size[24];

    *chunks = (struct chunks){.call = call, .left = bytes};
    snprintf(size, sizeof(size), "%llu", (unsigned long long)bytes);
    grpc_call_add_header(call, "file-size", size);
}

static size_t write_varint(uint64_t value, uint8_t *to)
{
    size_t len = 0;

    for (; value >= 0x80; value >>= 7)
        to[len++] = (uint8_t)(value | 0x80);
    to[len++] = (uint8_t)value;
    return len;
}

static int begin_message(struct chunks *chunks, struct err *err)
{
    uint8_t head[12] = {TAG};
    size_t len;

    chunks->in_part = chunks->left < CHUNK ? chunks->left : CHUNK;
    len = 1 + write_varint(chunks->in_part, head + 1);
    if (grpc_call_begin_message(chunks->call, chunks->side.len + len + chunks->in_part, err) < 0 ||
        (chunks->side.len > 0 && grpc_call_write_part(chunks->call, chunks->side, err) < 0))
        return -1;
    return grpc_call_write_part(chunks->call, span_of(head, len), err);
}

int chunks_write(void *to, struct span bytes, struct err *err)
{
    struct chunks *chunks = to;

    while (bytes.len > 0) {
        struct span part;

        if (chunks->left == 0)
            return err_set(err, ERR_INTERNAL, "the agent sends more than it announced");
        if (chunks->in_part == 0 && begin_message(chunks, err) < 0)
            return -1;
        part =
            span_part(bytes, 0, chunks->in_part < bytes.len ? (size_t)chunks->in_part : bytes.len);
        if (grpc_call_write_part(chunks->call, part, err) < 0)
            return -1;
        chunks->in_part -= part.len;
        chunks->left -= part.len;
        bytes = span_part(bytes, part.len, bytes.len);
    }
    return 0;
}

int chunks_end(const struct chunks *chunks, struct err *err)
{
    return chunks->left == 0 ? 0
                             : err_set(err, ERR_INTERNAL, "the agent sends less than it announced");
}
