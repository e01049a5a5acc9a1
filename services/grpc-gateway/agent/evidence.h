/* What existing clients ask the agent about its machine. */
#ifndef COCOS_GATEWAY_AGENT_EVIDENCE_H
#define COCOS_GATEWAY_AGENT_EVIDENCE_H

#include "services/grpc-gateway/agent/client.h"

/* Evidence is our bundle (docs/attestation.md), never one over report data that a caller chose:
 * such evidence says of no connection whose it is, and whoever gets it can show it as his own. Its
 * nonce is SHA-256 over what the client sent, teeNonce and vtpmNonce one behind the other, or the
 * vtpmNonce itself when that is all and has 32 bytes. It names the agent's key, by which the
 * gateway's certificate is signed. */
MUST_USE int evidence_attestation(void *door, struct grpc_call *call, struct err *err);
MUST_USE int evidence_ima(void *door, struct grpc_call *call, struct err *err);
MUST_USE int evidence_azure_token(void *door, struct grpc_call *call, struct err *err);

#endif
