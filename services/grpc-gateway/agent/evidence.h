/* What existing clients ask the agent about its machine. */
#ifndef COCOS_GATEWAY_AGENT_EVIDENCE_H
#define COCOS_GATEWAY_AGENT_EVIDENCE_H

#include "services/grpc-gateway/agent/client.h"

#include "lib/attest/evidence/legacy_eat.h"

/* Where the manifest says legacy.attestation, an answer in the clients' own form over what they
 * chose (lib/attest/evidence/legacy_eat.h); such evidence says of no connection whose it is, and
 * whoever gets it can show it as his own.
 *
 * Elsewhere it is our bundle (docs/attestation.md). Its nonce is SHA-256 over what the client sent,
 * teeNonce and vtpmNonce one behind the other, or the vtpmNonce itself when that is all and has 32
 * bytes. It names the agent's key, by which the gateway's certificate is signed. */
MUST_USE int evidence_attestation(void *door, struct grpc_call *call, struct err *err);
/* The kernel's list as text, as much of it as leads to PCR 10 of SHA-1, which is in each message.
 * Errors: UNSUPPORTED where the machine keeps no such register. */
MUST_USE int evidence_ima(void *door, struct grpc_call *call, struct err *err);
MUST_USE int evidence_azure_token(void *door, struct grpc_call *call, struct err *err);

/* POST /v1/attestation's question for evidence over what somebody chose. A fresh object. */
struct json *evidence_question(const struct legacy_demand *demand);

#endif
