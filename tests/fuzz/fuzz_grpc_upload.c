/* The bytes of a gRPC upload: length-prefixed messages of protobuf fields. What is found in them
 * does not depend on the pieces in which they come. */
#include "services/grpc-gateway/grpc/frame.h"
#include "services/grpc-gateway/proto/fields.h"

#include <stdlib.h>

#define MESSAGE_MAX (64 * KIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct upload {
    struct grpc_frame frame;
    struct proto_fields fields;
    struct buf found;
    bool within; /* a field */
};

static int take_message(struct upload *upload, struct span bytes, struct err *err)
{
    struct proto_piece piece;

    do {
        if (proto_fields_next(&upload->fields, &bytes, &piece, err) < 0)
            return -1;
        if (piece.number != 0 && !upload->within)
            buf_printf(&upload->found, "%u:", piece.number);
        upload->within = piece.number != 0 ? !piece.is_end : upload->within;
        buf_add_span(&upload->found, piece.bytes);
    } while (piece.number != 0);
    return 0;
}

static int take(struct upload *upload, struct span in, struct err *err)
{
    enum grpc_piece piece;
    struct span bytes;

    do {
        if (grpc_frame_next(&upload->frame, &in, &piece, &bytes, err) < 0)
            return -1;
        if (piece == GRPC_PIECE_BYTES && take_message(upload, bytes, err) < 0)
            return -1;
        if (piece == GRPC_PIECE_END) {
            upload->within = false;
            if (proto_fields_end(&upload->fields, err) < 0)
                return -1;
        }
    } while (piece != GRPC_PIECE_NONE);
    return 0;
}

static int take_all(struct span in, size_t step, struct buf *ret)
{
    struct upload upload = {.frame.max = MESSAGE_MAX, .found = BUF_OF(16 * MIB)};
    struct err err;
    int result = 0;

    for (size_t at = 0; at < in.len && result == 0; at += step)
        result = take(&upload, span_part(in, at, step), &err);
    *ret = upload.found;
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_BUF whole = {0}, pieces = {0};
    size_t step = size > 0 ? data[size - 1] % 7 + 1 : 1;
    int a = take_all(span_of(data, size), size + 1, &whole);
    int b = take_all(span_of(data, size), step, &pieces);

    if (a != b || (a == 0 && !span_equal(buf_span(&whole), buf_span(&pieces))))
        abort();
    return 0;
}
