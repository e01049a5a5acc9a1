/* cocos.v1.ComputationService: the agent's operations for clients of gRPC, one to one. */
#ifndef COCOS_GATEWAY_COCOS_SERVICE_H
#define COCOS_GATEWAY_COCOS_SERVICE_H

#include "services/grpc-gateway/agent/client.h"
#include "services/grpc-gateway/grpc/server.h"

/* door outlives the service. */
struct grpc_service cocos_service(struct agent_door *door);

#endif
