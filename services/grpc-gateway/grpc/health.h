/* The health service of gRPC, grpc.health.v1: Check and Watch. Anyone may call, so that
 * no more than 64 watch at once (TOO_MANY): the other calls stay free for those with work. */
#ifndef COCOS_GATEWAY_GRPC_HEALTH_H
#define COCOS_GATEWAY_GRPC_HEALTH_H

#include "services/grpc-gateway/grpc/server.h"

#include <stdatomic.h>

#define HEALTH_NAMES_MAX 4

/* Which names are served: those here, and "" for the whole. */
struct health {
    const char *names[HEALTH_NAMES_MAX]; /* NULL: no more */
    atomic_bool is_draining;             /* NOT_SERVING from now on; whoever watches is told */
    atomic_uint watches;                 /* under way */
};

struct grpc_service health_service(struct health *health);

#endif
