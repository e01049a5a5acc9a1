/* How the messages of our services look, as protobuf describes them itself
 * (google/protobuf/descriptor.proto): the descriptors of every .proto file, made at build. */
#ifndef COCOS_GATEWAY_GRPC_DESCRIPTORS_H
#define COCOS_GATEWAY_GRPC_DESCRIPTORS_H

#include "lib/base/span.h"

#include <stdbool.h>

/* A FileDescriptorSet; generated. */
extern const size_t descriptor_set_len;
extern const uint8_t descriptor_set[];

/* The descriptor of the file of that name. False when there is none. */
bool descriptors_find_file(const char *name, struct span *ret);

/* Of the file in which that service, method, message or enumeration stands: its full name. */
bool descriptors_find_symbol(const char *symbol, struct span *ret);

#endif
