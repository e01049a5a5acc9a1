#include "services/grpc-gateway/agent/service.h"
#include "services/grpc-gateway/config.h"
#include "services/grpc-gateway/door.h"
#include "services/grpc-gateway/grpc/health.h"

#include "lib/base/clock.h"
#include "lib/program/lifecycle.h"
#include "lib/program/log.h"

#include <stdio.h>

#define DRAIN_MS     5000
#define SERVICES_MAX 4

struct gateway {
    struct config config;
    struct agent_door agent;
    struct health health;
    struct grpc_service services[SERVICES_MAX];
    size_t service_count;
    struct grpc_server *server;
};

static void open_services(struct gateway *gateway)
{
    const struct config *config = &gateway->config;
    size_t names = 0;

    if (config->agent[0] != '\0') {
        gateway->agent = (struct agent_door){config->agent, config->agent_pin};
        gateway->services[gateway->service_count++] = agent_service(&gateway->agent);
        gateway->health.names[names++] = "agent";
    }
    gateway->services[gateway->service_count++] = health_service(&gateway->health);
}

static int start(struct gateway *gateway, struct err *err)
{
    struct grpc_config grpc = {.listen = gateway->config.listen};
    int result;

    open_services(gateway);
    if (door_open(&gateway->config, clock_now(), &grpc.tls, err) < 0)
        return -1;
    grpc.services = gateway->services;
    grpc.service_count = gateway->service_count;
    result = grpc_server_start(&grpc, &gateway->server, err);
    SSL_CTX_free(grpc.tls);
    return result < 0 ? err_wrap(err, "listen") : 0;
}

static int run(struct gateway *gateway, struct err *err)
{
    log_start("cocos-gateway", (enum log_level)gateway->config.log_level);
    if (config_check(&gateway->config, err) < 0 || start(gateway, err) < 0)
        return -1;
    log_info("listening on %s, port %u, %s", gateway->config.listen,
             grpc_server_port(gateway->server), gateway->config.plaintext ? "plaintext" : "TLS");
    lifecycle_ready();
    log_info("ending: signal %d", lifecycle_wait());
    atomic_store(&gateway->health.is_draining, true);
    grpc_server_stop(gateway->server, DRAIN_MS);
    return 0;
}

int main(int argc, char **argv)
{
    static struct gateway gateway;
    struct err err;
    int result;

    lifecycle_begin();
    result = setting_load(&gateway_info, argc, argv, &gateway.config, &err);
    if (result == 0)
        result = run(&gateway, &err);
    if (result < 0)
        fprintf(stderr, "cocos-gateway: %s\n", err.text);
    setting_release(&gateway_info, &gateway.config);
    return result < 0 ? err_row(err.kind)->exit_code : 0;
}
