#include "services/grpc-gateway/proto/unpack.h"

struct purse {
    size_t left;
};

static void *take(void *ctx, size_t size)
{
    struct purse *purse = ctx;

    if (size > purse->left)
        return NULL;
    purse->left -= size;
    return mem_zeroed(1, size);
}

static void give_back(void *ctx, void *memory)
{
    (void)ctx;
    free(memory);
}

int proto_unpack(const ProtobufCMessageDescriptor *type, struct span bytes, size_t memory_max,
                 ProtobufCMessage **ret, struct err *err)
{
    struct purse purse = {memory_max};
    ProtobufCAllocator allocator = {take, give_back, &purse};

    *ret = protobuf_c_message_unpack(type, &allocator, bytes.len, bytes.data);
    return *ret != NULL ? 0
                        : err_set(err, ERR_MALFORMED,
                                  "the message is no %s, or one of too many parts", type->name);
}

int proto_pack(const ProtobufCMessage *message, struct buf *out, struct err *err)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = buf_grow(out, length);

    if (buf_check(out, "the message", err) < 0)
        return -1;
    if (length > 0)
        protobuf_c_message_pack(message, bytes);
    return 0;
}
