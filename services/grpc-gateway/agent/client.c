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

struct httpc_config agent_door_config(const struct agent_door *door)
{
    bool local = text_starts_with(door->at, UNIX_PREFIX);

    return (struct httpc_config){
        .name = "agent",
        .url = local ? "https://agent" : door->at,
        .socket = local ? door->at + strlen(UNIX_PREFIX) : NULL,
        .trust = door->pin[0] != '\0' ? HTTPC_TRUST_PIN : HTTPC_TRUST_ANY,
        .pin = door->pin[0] != '\0' ? door->pin : NULL,
        .block = BLOCK,
        .clock = clock_now,
        .ticks_ms = clock_monotonic_ms,
    };
}

int agent_client_open(const struct agent_door *door, struct grpc_call *call,
                      struct agent_client *ret, struct err *err)
{
    size_t signatures = h2_fields_count(grpc_call_fields(call), "signature");
    struct httpc_config config = agent_door_config(door);

    config.stopped = is_over;
    config.ctx = call;
    *ret = (struct agent_client){0};
    if (signatures != 1)
        return err_set(err, ERR_UNAUTHENTICATED, "%zu values of 'signature' in the metadata, not 1",
                       signatures);
    ret->signature =
        mem_printf("Cocos-Legacy-Signature: %s", grpc_call_metadata(call, "signature"));
    ret->headers[0] = ret->signature;
    return httpc_new(&config, &ret->httpc, err);
}

void agent_client_done(struct agent_client *client)
{
    httpc_free(client->httpc);
    free(client->signature);
}

int agent_client_perform(struct agent_client *client, struct httpc_call rest,
                         struct httpc_reply *reply, struct err *err)
{
    rest.headers = client->headers;
    return httpc_perform(client->httpc, &rest, reply, err);
}
