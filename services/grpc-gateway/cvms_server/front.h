/* The REST front of the try-out computation server: who has dialled in, what they are to compute,
 * what they say. openapi/cvms_server.yaml describes it. */
#ifndef COCOS_GATEWAY_CVMS_SERVER_FRONT_H
#define COCOS_GATEWAY_CVMS_SERVER_FRONT_H

#include "services/grpc-gateway/cvms_server/agents.h"

#include "lib/httpd/httpd.h"

#define FRONT_TOKEN_SIZE 65

struct front {
    struct agents *agents;
    char token[FRONT_TOKEN_SIZE]; /* whoever says it may do everything */
};

/* front outlives the service. */
struct httpd_service front_service(struct front *front);

#endif
