/* agent.AgentService: what existing clients say to the agent. */
#ifndef COCOS_GATEWAY_AGENT_SERVICE_H
#define COCOS_GATEWAY_AGENT_SERVICE_H

#include "services/grpc-gateway/agent/client.h"
#include "services/grpc-gateway/grpc/server.h"

/* door outlives the service. */
struct grpc_service agent_service(struct agent_door *door);

#endif
