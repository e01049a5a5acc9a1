/* Calls of our agent, in the name of a client of gRPC. */
#ifndef COCOS_GATEWAY_AGENT_CLIENT_H
#define COCOS_GATEWAY_AGENT_CLIENT_H

#include "services/grpc-gateway/agent/budget.h"

#include "lib/httpc/httpc.h"

#define AGENT_PIN_CHAIN "chain"

/* Where the agent is. The strings are borrowed.
 *
 * With AGENT_PIN_CHAIN the agent vouches for this program's certificate, and each of its processes
 * has a key of its own: what a client says goes to the one whom the client's connection was made
 * for, or nowhere. Who has verified one agent never speaks to the next by that. */
struct agent_door {
    const char *at;          /* "unix:/run/cocos/agent.sock" or "https://127.0.0.1:7002" */
    const char *pin;         /* "sha256//BASE64"; AGENT_PIN_CHAIN; "" for none */
    struct budget uploads;   /* those of all whom the agent let in: what they lay aside */
    struct budget manifests; /* those of anybody */
};

#define AGENT_DOOR(at_, pin_)                                                                      \
    ((struct agent_door){(at_), (pin_), BUDGET_OF(64 * MIB), BUDGET_OF(16 * MIB)})

/* How this program itself finds it: with AGENT_PIN_CHAIN, whoever it is now. key, stopped and ctx
 * are the caller's to set. */
struct httpc_config agent_door_config(const struct agent_door *door);

/* How a client finds it whose connection is to this peer; pin: an empty buffer of HTTPC_PIN_SIZE,
 * which *ret may borrow from. Errors: UNTRUSTED when nobody vouches for us and somebody should. */
MUST_USE int agent_door_config_for(const struct agent_door *door, const struct h2_peer *peer,
                                   struct buf *pin, struct httpc_config *ret, struct err *err);

/* One client's words to the agent: a connection of its own, that ends when the call is over. */
struct agent_client {
    struct httpc *httpc;
    char *who; /* a header line that says who the client is; NULL: nobody */
    bool pins_by_chain;
    const char *headers[3]; /* that line, and one that the caller may set */
};

/* In nobody's name. Errors: what httpc_new() says; UNTRUSTED when nobody vouches for us and
 * somebody should. */
MUST_USE int agent_client_open(const struct agent_door *door, struct grpc_call *call,
                               struct agent_client *ret, struct err *err);

/* In the name of who signed the name of his role: the client must have said exactly one
 * `signature`. Errors: also UNAUTHENTICATED. */
MUST_USE int agent_client_open_signed(const struct agent_door *door, struct grpc_call *call,
                                      struct agent_client *ret, struct err *err);

/* In the name of the key that the client proved in its handshake with us: its certificate. Errors:
 * also UNAUTHENTICATED. */
MUST_USE int agent_client_open_known(const struct agent_door *door, struct grpc_call *call,
                                     struct agent_client *ret, struct err *err);
void agent_client_done(struct agent_client *client);
#define OWNED_AGENT_CLIENT __attribute__((cleanup(agent_client_done))) struct agent_client

/* Performs one operation. rest->op, params, upload and sink are the caller's; headers are client's.
 * Errors: also UNAVAILABLE when the agent is another one than the client's connection was made for.
 */
MUST_USE int agent_client_perform(struct agent_client *client, struct httpc_call rest,
                                  struct httpc_reply *reply, struct err *err);

#endif
