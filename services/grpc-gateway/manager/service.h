/* manager.ManagerService: what existing clients say to the manager. */
#ifndef COCOS_GATEWAY_MANAGER_SERVICE_H
#define COCOS_GATEWAY_MANAGER_SERVICE_H

#include "services/grpc-gateway/grpc/server.h"
#include "services/grpc-gateway/manager/tokens.h"

/* Where the manager is, and as whom it is asked. */
struct manager_door {
    const char *url;
    struct buf ca; /* PEM; empty: the machine's roots */
    struct client_tokens *tokens;
};

/* door outlives the service. */
struct grpc_service manager_service(struct manager_door *door);

#endif
