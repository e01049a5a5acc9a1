/* Messages of protobuf-c from bytes of strangers: what they become takes no more memory than is
 * allowed. Two bytes can say "one more empty dataset", and each is a struct of a hundred. */
#ifndef COCOS_GATEWAY_PROTO_UNPACK_H
#define COCOS_GATEWAY_PROTO_UNPACK_H

#include "lib/base/buf.h"

#include <protobuf-c/protobuf-c.h>

/* Free with protobuf_c_message_free_unpacked(message, NULL), or declare OWNED_PROTO. Errors:
 * MALFORMED (of another type, or more memory than memory_max). */
MUST_USE int proto_unpack(const ProtobufCMessageDescriptor *type, struct span bytes,
                          size_t memory_max, ProtobufCMessage **ret, struct err *err);

static inline void proto_free(ProtobufCMessage **owner)
{
    if (*owner != NULL)
        protobuf_c_message_free_unpacked(*owner, NULL);
}
#define OWNED_PROTO __attribute__((cleanup(proto_free))) ProtobufCMessage

/* The message's bytes, appended. Errors: TOO_LARGE. */
MUST_USE int proto_pack(const ProtobufCMessage *message, struct buf *out, struct err *err);

#endif
