#include "services/grpc-gateway/cvms_server/front.h"

#include "services/grpc-gateway/cvms/order_json.h"
#include "services/grpc-gateway/cvms_server/service.h"

#include "lib/crypto/secret.h"
#include "lib/computation/go_manifest.h"

#include <strings.h>

#define BEARER        "Bearer "
#define STATE_WAIT_MS 5000
#define PIECE         (1 * MIB) /* of a run request, as the older servers send it */
#define ORDER_MAX     (4 * MIB)
#define CANONICAL_MAX (64 * MIB)
#define PIECES_MAX    (ORDER_MAX / PIECE + 1)
#define MESSAGE_MAX   (PIECE + 4 * KIB)
#define SHA3_SIZE     32

/* openapi/cvms_server.yaml as JSON; made by the build. */
extern const char cvms_server_openapi_json[];
extern const unsigned long cvms_server_openapi_json_len;

#define HANDLER(name)                                                                              \
    static int name(void *app, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)

static int admit(void *app, struct httpd_request *rq, struct err *err)
{
    const struct front *front = app;
    const char *header = httpd_header(rq, "Authorization");

    if (header == NULL || strncasecmp(header, BEARER, strlen(BEARER)) != 0 ||
        !secret_equal(span_of_str(header + strlen(BEARER)), span_of_str(front->token)))
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the token that the server printed is needed: 'Authorization: Bearer "
                       "TOKEN'");
    return 0;
}

HANDLER(get_healthz)
{
    struct json *json = json_new_object();

    (void)app;
    (void)rq;
    (void)err;
    json_set_str(json, "status", "ok");
    httpd_reply_json(reply, 200, json);
    return 0;
}

HANDLER(get_openapi)
{
    OWNED_BUF text = BUF_OF(cvms_server_openapi_json_len);

    (void)app;
    (void)rq;
    (void)err;
    buf_add(&text, cvms_server_openapi_json, cvms_server_openapi_json_len);
    httpd_reply_bytes(reply, 200, "application/json", &text);
    return 0;
}

HANDLER(list_agents)
{
    const struct front *front = app;
    struct json *json = json_new_object();

    (void)rq;
    (void)err;
    json_set(json, "items", agents_list(front->agents));
    httpd_reply_json(reply, 200, json);
    return 0;
}

HANDLER(get_agent)
{
    const struct front *front = app;
    struct json *json = NULL;

    if (agents_show(front->agents, httpd_param(rq, "id"), &json, err) < 0)
        return -1;
    httpd_reply_json(reply, 200, json);
    return 0;
}

HANDLER(get_agent_state)
{
    const struct front *front = app;
    OWNED_BUF ask = BUF_OF(1 * KIB);
    struct json *json = NULL;

    if (cvms_say_ask_state("front", &ask, err) < 0 ||
        agents_ask_state(front->agents, httpd_param(rq, "id"), &ask, STATE_WAIT_MS, &json, err) < 0)
        return -1;
    httpd_reply_json(reply, 200, json);
    return 0;
}

/* --- computations --- */

static void free_pieces(struct buf *pieces)
{
    for (size_t i = 0; i < PIECES_MAX; i++)
        buf_done(&pieces[i]);
}

/* As the older servers send it: in pieces, and an empty last one. */
static int cut(struct span order, const char *id, struct buf pieces[static PIECES_MAX],
               size_t *ret_count, struct err *err)
{
    size_t count = 0;

    for (size_t at = 0; at < order.len; at += PIECE) {
        pieces[count] = BUF_OF(MESSAGE_MAX);
        if (cvms_say_piece(id, span_part(order, at, PIECE), false, &pieces[count++], err) < 0)
            return -1;
    }
    pieces[count] = BUF_OF(MESSAGE_MAX);
    *ret_count = count + 1;
    return cvms_say_piece(id, span_of(NULL, 0), true, &pieces[count], err);
}

static int send_order(const struct front *front, const char *agent, const char *id,
                      struct span order, struct err *err)
{
    struct buf pieces[PIECES_MAX] = {{0}};
    struct agents_order messages = {.messages = pieces};
    int result = cut(order, id, pieces, &messages.count, err);

    if (result == 0)
        result = agents_send(front->agents, agent, &messages, err);
    free_pieces(pieces);
    return result;
}

HANDLER(put_computation)
{
    const struct front *front = app;
    const struct json *manifest = httpd_json(rq);
    const char *id = json_get_str(manifest, "id");
    OWNED_BUF order = BUF_OF(ORDER_MAX), canonical = BUF_OF(CANONICAL_MAX);
    uint8_t digest[SHA3_SIZE];
    struct json *json;

    if (id == NULL || id[0] == '\0')
        return err_set_at(err, ERR_INPUT, "/id", "id: a computation has one");
    if (go_manifest_write(manifest, &canonical, err) < 0 ||
        order_from_json(manifest, &order, err) < 0 ||
        send_order(front, httpd_param(rq, "id"), id, buf_span(&order), err) < 0)
        return -1;
    digest_of(DIGEST_SHA3_256, buf_span(&canonical), digest);
    json = json_new_object();
    json_set_str(json, "computation_id", id);
    json_set_hex(json, "sha3_256", SPAN_OF_ARRAY(digest));
    httpd_reply_json(reply, 202, json);
    return 0;
}

HANDLER(delete_computation)
{
    const struct front *front = app;
    const char *id = httpd_query(rq, "computation");
    OWNED_BUF message = BUF_OF(4 * KIB);
    const struct agents_order order = {&message, 1};

    if (cvms_say_stop(id != NULL ? id : "", &message, err) < 0 ||
        agents_send(front->agents, httpd_param(rq, "id"), &order, err) < 0)
        return -1;
    httpd_reply_empty(reply, 202);
    return 0;
}

/* --- events --- */

static int next_event(void *log, uint64_t *id, struct buf *out)
{
    return event_log_next(log, NULL, id, out) ? 1 : 0;
}

HANDLER(list_agent_events)
{
    const struct front *front = app;
    struct event_log *log;

    if (agents_find_log(front->agents, httpd_param(rq, "id"), &log, err) < 0)
        return -1;
    httpd_reply_events(
        reply,
        &(struct httpd_events){.after = httpd_last_event_id(rq), .next = next_event, .ctx = log});
    return 0;
}

static const struct httpd_route routes[CVMS_OP_COUNT] = {
#define OP(name, method, path, auth, body, body_max) {&cvms_ops[CVMS_OP_##name], name, NULL},
#include "lib/api/cvms_ops.h"
#undef OP
};

struct httpd_service front_service(struct front *front)
{
    return (struct httpd_service){
        .app = front,
        .routes = routes,
        .route_count = CVMS_OP_COUNT,
        .admit = admit,
        .realm = "cocos-cvms-server",
        .cors_origins = "",
    };
}
