/* Small messages, whole, through protobuf-c. */
#ifndef COCOS_GATEWAY_GRPC_MESSAGE_H
#define COCOS_GATEWAY_GRPC_MESSAGE_H

#include "services/grpc-gateway/grpc/call.h"

#include <protobuf-c/protobuf-c.h>

static inline void grpc_message_free(ProtobufCMessage *message)
{
    if (message != NULL)
        protobuf_c_message_free_unpacked(message, NULL);
}

static inline void grpc_message_free_owned(ProtobufCMessage **owner)
{
    grpc_message_free(*owner);
}
#define OWNED_GRPC_MESSAGE __attribute__((cleanup(grpc_message_free_owned))) ProtobufCMessage

/* The only message of the call, of at most 64 KiB. Errors: MALFORMED (of another type), TOO_LARGE,
 * what call.h says. */
MUST_USE int grpc_message_read(struct grpc_call *call, const ProtobufCMessageDescriptor *type,
                               ProtobufCMessage **ret, struct err *err);

MUST_USE int grpc_message_write(struct grpc_call *call, const ProtobufCMessage *message,
                                struct err *err);

#endif
