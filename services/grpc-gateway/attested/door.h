/* The older attested TLS at the agent's door: h2/first.h, with evidence from the agent. */
#ifndef COCOS_GATEWAY_ATTESTED_DOOR_H
#define COCOS_GATEWAY_ATTESTED_DOOR_H

#include "services/grpc-gateway/agent/client.h"
#include "services/grpc-gateway/h2/first.h"

/* agent: borrowed, for as long as the server runs. */
struct h2_first attested_door(struct agent_door *agent);

/* Whether the certificate that the door shows can be signed with as its clients expect. Errors:
 * USAGE. */
MUST_USE int attested_check_tls(SSL_CTX *tls, struct err *err);

#endif
