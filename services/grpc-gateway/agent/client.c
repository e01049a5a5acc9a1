#include "services/grpc-gateway/agent/client.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"

#include <string.h>

#define UNIX_PREFIX "unix:"
#define BLOCK       (32 * KIB) /* there may be hundreds of these clients */

static bool is_over(void *call)
{
    return grpc_call_is_over(call);
}

static bool pins_by_chain(const struct agent_door *door)
{
    return strcmp(door->pin, AGENT_PIN_CHAIN) == 0;
}

struct httpc_config agent_door_config(const struct agent_door *door)
{
    bool local = text_starts_with(door->at, UNIX_PREFIX);
    bool pinned = door->pin[0] != '\0' && !pins_by_chain(door);

    return (struct httpc_config){
        .name = "agent",
        .url = local ? "https://agent" : door->at,
        .socket = local ? door->at + strlen(UNIX_PREFIX) : NULL,
        .trust = pinned ? HTTPC_TRUST_PIN : HTTPC_TRUST_ANY,
        .pin = pinned ? door->pin : NULL,
        .block = BLOCK,
        .clock = clock_now,
        .ticks_ms = clock_monotonic_ms,
    };
}

static int write_pin(const struct h2_peer *peer, struct buf *out, struct err *err)
{
    if (!peer->has_voucher)
        return err_set(err, ERR_UNTRUSTED,
                       "no agent's certificate stands behind the one that this connection shows");
    buf_add_str(out, "sha256//");
    text_encode_base64(SPAN_OF_ARRAY(peer->voucher), out);
    return buf_check(out, "the agent's pin", err);
}

int agent_door_config_for(const struct agent_door *door, const struct h2_peer *peer,
                          struct buf *pin, struct httpc_config *ret, struct err *err)
{
    *ret = agent_door_config(door);
    if (!pins_by_chain(door))
        return 0;
    if (write_pin(peer, pin, err) < 0)
        return -1;
    ret->trust = HTTPC_TRUST_PIN;
    ret->pin = buf_str(pin);
    return 0;
}

int agent_client_open(const struct agent_door *door, struct grpc_call *call,
                      struct agent_client *ret, struct err *err)
{
    OWNED_BUF pin = BUF_OF(HTTPC_PIN_SIZE);
    struct httpc_config config;

    *ret = (struct agent_client){.pins_by_chain = pins_by_chain(door)};
    if (agent_door_config_for(door, grpc_call_peer(call), &pin, &config, err) < 0)
        return -1;
    config.stopped = is_over;
    config.ctx = call;
    return httpc_new(&config, &ret->httpc, err);
}

/* Takes the line. */
static int open_as(const struct agent_door *door, struct grpc_call *call, char *who,
                   struct agent_client *ret, struct err *err)
{
    int result = agent_client_open(door, call, ret, err);

    ret->who = who;
    ret->headers[0] = who;
    return result;
}

int agent_client_open_signed(const struct agent_door *door, struct grpc_call *call,
                             struct agent_client *ret, struct err *err)
{
    size_t signatures = h2_fields_count(grpc_call_fields(call), "signature");

    if (signatures != 1)
        return err_set(err, ERR_UNAUTHENTICATED, "%zu values of 'signature' in the metadata, not 1",
                       signatures);
    return open_as(door, call,
                   mem_printf("Cocos-Legacy-Signature: %s", grpc_call_metadata(call, "signature")),
                   ret, err);
}

int agent_client_open_known(const struct agent_door *door, struct grpc_call *call,
                            struct agent_client *ret, struct err *err)
{
    const struct h2_peer *peer = grpc_call_peer(call);
    char identity[2 * SHA256_SIZE + 1];

    if (!peer->has_identity)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the client shows no certificate, whose key says who it is");
    text_hex(peer->identity, SHA256_SIZE, identity);
    return open_as(door, call, mem_printf("Cocos-Caller: %s", identity), ret, err);
}

void agent_client_done(struct agent_client *client)
{
    httpc_free(client->httpc);
    free(client->who);
}

int agent_client_perform(struct agent_client *client, struct httpc_call rest,
                         struct httpc_reply *reply, struct err *err)
{
    rest.headers = client->headers;
    if (httpc_perform(client->httpc, &rest, reply, err) == 0)
        return 0;
    if (client->pins_by_chain && err->kind == ERR_UNTRUSTED && !reply->sent)
        return err_set(err, ERR_UNAVAILABLE,
                       "the agent that this connection was made for has passed on: another one, "
                       "with another key, serves now; connect again");
    return -1;
}
