#include "services/grpc-gateway/grpc/message.h"

#include "services/grpc-gateway/proto/unpack.h"

/* Anyone may send one: what all calls hold together stays small. */
#define MESSAGE_MAX (64 * KIB)
#define MEMORY_MAX  (1 * MIB)

int grpc_message_read(struct grpc_call *call, const ProtobufCMessageDescriptor *type,
                      ProtobufCMessage **ret, struct err *err)
{
    OWNED_BUF text = BUF_OF(MESSAGE_MAX);

    if (grpc_call_read_only_message(call, &text, err) < 0)
        return -1;
    return proto_unpack(type, buf_span(&text), MEMORY_MAX, ret, err);
}

int grpc_message_write(struct grpc_call *call, const ProtobufCMessage *message, struct err *err)
{
    OWNED_BUF text = BUF_OF(GRPC_MESSAGE_MAX);

    if (proto_pack(message, &text, err) < 0)
        return -1;
    return grpc_call_write(call, buf_span(&text), err);
}
