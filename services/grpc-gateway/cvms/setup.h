/* The client of a computation server from the gateway's settings: its address, its TLS, the key
 * that owns what it orders. */
#ifndef COCOS_GATEWAY_CVMS_SETUP_H
#define COCOS_GATEWAY_CVMS_SETUP_H

#include "services/grpc-gateway/config.h"
#include "services/grpc-gateway/cvms/client.h"

struct cvms_setup;

/* Starts it. config and door outlive it. Errors: USAGE, what the files say. */
MUST_USE int cvms_setup_start(const struct config *config, const struct agent_door *door,
                              struct cvms_setup **ret, struct err *err);
void cvms_setup_stop(struct cvms_setup *setup);

#endif
