/* grpc.reflection.v1 and v1alpha: what a server says of its own services, so that tools need no
 * .proto files. */
#ifndef COCOS_GATEWAY_GRPC_REFLECTION_H
#define COCOS_GATEWAY_GRPC_REFLECTION_H

#include "services/grpc-gateway/grpc/server.h"

#include <stdatomic.h>

struct reflection {
    const struct grpc_service *services; /* all of the server's */
    size_t service_count;
    atomic_uint talks; /* under way, of anybody: at most REFLECTION_TALKS_MAX */
};

#define REFLECTION_TALKS_MAX 16

/* reflection outlives the services. */
struct grpc_service reflection_service(struct reflection *reflection);
struct grpc_service reflection_service_alpha(struct reflection *reflection);

#endif
