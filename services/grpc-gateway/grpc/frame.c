#include "services/grpc-gateway/grpc/frame.h"

#include <arpa/inet.h>

static int begin(struct grpc_frame *frame, struct err *err)
{
    uint32_t length;

    if (frame->prefix[0] == 1)
        return err_set(err, ERR_UNSUPPORTED, "compressed messages are not taken");
    if (frame->prefix[0] != 0)
        return err_set(err, ERR_MALFORMED, "a message begins with the byte %u, not 0",
                       frame->prefix[0]);
    memcpy(&length, frame->prefix + 1, sizeof(length));
    frame->left = ntohl(length);
    if (frame->left > frame->max)
        return err_set(err, ERR_TOO_LARGE, "a message of %llu bytes, at most %llu",
                       (unsigned long long)frame->left, (unsigned long long)frame->max);
    return 0;
}

int grpc_frame_next(struct grpc_frame *frame, struct span *in, enum grpc_piece *ret,
                    struct span *ret_bytes, struct err *err)
{
    *ret = GRPC_PIECE_NONE;
    while (frame->prefix_len < GRPC_PREFIX_SIZE) {
        if (in->len == 0)
            return 0;
        frame->prefix[frame->prefix_len++] = in->data[0];
        *in = span_part(*in, 1, in->len);
        if (frame->prefix_len == GRPC_PREFIX_SIZE && begin(frame, err) < 0)
            return -1;
    }
    if (frame->left == 0) {
        frame->prefix_len = 0;
        *ret = GRPC_PIECE_END;
        return 0;
    }
    if (in->len == 0)
        return 0;
    *ret = GRPC_PIECE_BYTES;
    *ret_bytes = span_part(*in, 0, frame->left < in->len ? (size_t)frame->left : in->len);
    *in = span_part(*in, ret_bytes->len, in->len);
    frame->left -= ret_bytes->len;
    return 0;
}

bool grpc_frame_is_between(const struct grpc_frame *frame)
{
    return frame->prefix_len == 0;
}

void grpc_frame_write_prefix(uint8_t prefix[static GRPC_PREFIX_SIZE], uint32_t len)
{
    uint32_t length = htonl(len);

    prefix[0] = 0;
    memcpy(prefix + 1, &length, sizeof(length));
}
