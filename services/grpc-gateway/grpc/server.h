/* A server of gRPC: methods by path, each call in a thread of its own, a bounded number of them.
 *
 * What a client gets before a method runs: 405 or 415 for what is no gRPC at all, UNIMPLEMENTED for
 * an unknown method or an encoding, RESOURCE_EXHAUSTED when too many calls are under way. */
#ifndef COCOS_GATEWAY_GRPC_SERVER_H
#define COCOS_GATEWAY_GRPC_SERVER_H

#include "services/grpc-gateway/grpc/call.h"
#include "services/grpc-gateway/h2/first.h"

#include "lib/program/metric.h"

struct grpc_server;

typedef int grpc_method_run(void *app, struct grpc_call *call, struct err *err);

struct grpc_method {
    const char *name; /* "Algo" */
    grpc_method_run *run;
};

struct grpc_service {
    const char *name; /* "agent.AgentService" */
    const struct grpc_method *methods;
    size_t method_count;
    void *app; /* what its methods get */
};

struct grpc_config {
    const char *listen;
    SSL_CTX *tls;                        /* NULL: plain */
    const struct h2_first *first;        /* see h2/first.h; may be NULL. Outlives the server */
    const struct grpc_service *services; /* outlive the server */
    size_t service_count;
    unsigned calls_max;              /* 0: 512 */
    unsigned patience_ms;            /* see h2/server.h */
    struct metric_registry *metrics; /* may be NULL */
};

MUST_USE int grpc_server_start(const struct grpc_config *config, struct grpc_server **ret,
                               struct err *err);
uint16_t grpc_server_port(const struct grpc_server *server);

/* See h2_server_use_tls(). */
void grpc_server_use_tls(struct grpc_server *server, SSL_CTX *tls);

/* Lets calls under way end for up to drain_ms, then cuts them, and frees. */
void grpc_server_stop(struct grpc_server *server, unsigned drain_ms);

#endif
