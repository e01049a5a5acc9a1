#include "services/grpc-gateway/grpc/message.h"

/* Anyone may send one: what all calls hold together stays small. */
#define MESSAGE_MAX (64 * KIB)

int grpc_message_read(struct grpc_call *call, const ProtobufCMessageDescriptor *type,
                      ProtobufCMessage **ret, struct err *err)
{
    OWNED_BUF text = BUF_OF(MESSAGE_MAX);

    if (grpc_call_read_only_message(call, &text, err) < 0)
        return -1;
    *ret = protobuf_c_message_unpack(type, NULL, text.len, text.data);
    return *ret != NULL ? 0 : err_set(err, ERR_MALFORMED, "the message is no %s", type->name);
}

int grpc_message_write(struct grpc_call *call, const ProtobufCMessage *message, struct err *err)
{
    OWNED_BUF text = BUF_OF(GRPC_MESSAGE_MAX);
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = buf_grow(&text, length);

    if (buf_check(&text, "the answer", err) < 0)
        return -1;
    if (length > 0)
        protobuf_c_message_pack(message, bytes);
    return grpc_call_write(call, buf_span(&text), err);
}
