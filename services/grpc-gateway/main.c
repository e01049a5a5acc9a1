#include "services/grpc-gateway/agent/service.h"
#include "services/grpc-gateway/attested/door.h"
#include "services/grpc-gateway/cocos/service.h"
#include "services/grpc-gateway/config.h"
#include "services/grpc-gateway/confine.h"
#include "services/grpc-gateway/cvms/setup.h"
#include "services/grpc-gateway/cvms_server/try_out.h"
#include "services/grpc-gateway/door.h"
#include "services/grpc-gateway/grpc/health.h"
#include "services/grpc-gateway/grpc/reflection.h"
#include "services/grpc-gateway/manager/service.h"

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/program/lifecycle.h"
#include "lib/program/log.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define DRAIN_MS     5000
#define SERVICES_MAX 8
#define ARENAS       2
#define PEM_MAX      (256 * KIB)

struct gateway {
    struct config config;
    struct agent_door agent;
    struct manager_door manager;
    struct health health;
    struct reflection reflection;
    struct grpc_service services[SERVICES_MAX];
    size_t service_count;
    struct grpc_server *server;
    struct h2_first first;   /* with --attested-tls */
    struct cvms_setup *cvms; /* NULL: no computation server */
};

static void add(struct gateway *gateway, struct grpc_service service)
{
    gateway->services[gateway->service_count++] = service;
}

static void add_agent(struct gateway *gateway)
{
    const struct config *config = &gateway->config;

    gateway->agent = AGENT_DOOR(config->agent, config->agent_pin);
    add(gateway, agent_service(&gateway->agent));
    add(gateway, cocos_service(&gateway->agent));
}

static int add_manager(struct gateway *gateway, struct err *err)
{
    const struct config *config = &gateway->config;

    gateway->manager = (struct manager_door){.url = config->manager, .ca = BUF_OF(PEM_MAX)};
    if (config->manager_ca[0] != '\0' &&
        file_read(config->manager_ca, &gateway->manager.ca, err) < 0)
        return err_wrap(err, "manager's authority '%s'", config->manager_ca);
    if (client_tokens_load(config->tokens, &gateway->manager.tokens, err) < 0)
        return -1;
    add(gateway, manager_service(&gateway->manager));
    return 0;
}

static int open_services(struct gateway *gateway, struct err *err)
{
    size_t names = 0;

    if (gateway->config.agent[0] != '\0') {
        add_agent(gateway);
        gateway->health.names[names++] = "agent";
    }
    if (gateway->config.manager[0] != '\0') {
        if (add_manager(gateway, err) < 0)
            return -1;
        gateway->health.names[names++] = "manager";
    }
    add(gateway, health_service(&gateway->health));
    add(gateway, reflection_service(&gateway->reflection));
    add(gateway, reflection_service_alpha(&gateway->reflection));
    gateway->reflection.services = gateway->services;
    gateway->reflection.service_count = gateway->service_count;
    return 0;
}

static void close_services(struct gateway *gateway)
{
    client_tokens_free(gateway->manager.tokens);
    buf_done(&gateway->manager.ca);
}

static int start(struct gateway *gateway, struct err *err)
{
    struct grpc_config grpc = {.listen = gateway->config.listen,
                               .patience_ms = (unsigned)gateway->config.patience};
    int result;

    if (open_services(gateway, err) < 0)
        return -1;
    if (door_open(&gateway->config, clock_now(), &grpc.tls, err) < 0)
        return -1;
    if (gateway->config.attested_tls) {
        gateway->first = attested_door(&gateway->agent);
        grpc.first = &gateway->first;
    }
    grpc.services = gateway->services;
    grpc.service_count = gateway->service_count;
    result = grpc_server_start(&grpc, &gateway->server, err);
    SSL_CTX_free(grpc.tls);
    return result < 0 ? err_wrap(err, "listen") : 0;
}

/* A build that looks for leaks does so by calls that no server makes. */
#ifdef __SANITIZE_ADDRESS__
#define CONFINES false
#else
#define CONFINES true
#endif

/* An address or a file that the settings name, and that is none. */
static int set_usage(struct err *err)
{
    if (err->kind == ERR_INPUT || err->kind == ERR_NOT_FOUND)
        err->kind = ERR_USAGE;
    return -1;
}

/* The files of the certificate have changed. Who is connected by the one before is asked to connect
 * anew; everything else goes on. */
static void renew_identity(struct gateway *gateway)
{
    SSL_CTX *tls;
    struct err err;

    if (gateway->config.certificate[0] == '\0')
        return;
    if (door_open(&gateway->config, clock_now(), &tls, &err) < 0) {
        log_warn("the certificate stays as it was: %s", err.text);
        return;
    }
    grpc_server_use_tls(gateway->server, tls);
    SSL_CTX_free(tls);
    log_info("the certificate was read anew");
}

static int run(struct gateway *gateway, struct err *err)
{
    int signal_number;

    log_start("cocos-gateway", (enum log_level)gateway->config.log_level);
    if (config_check(&gateway->config, err) < 0 || start(gateway, err) < 0)
        return set_usage(err);
    if (gateway->config.cvms_url[0] != '\0' &&
        cvms_setup_start(&gateway->config, &gateway->agent, &gateway->cvms, err) < 0) {
        grpc_server_stop(gateway->server, 0);
        return set_usage(err);
    }
    log_info("listening on %s, port %u, %s", gateway->config.listen,
             grpc_server_port(gateway->server), gateway->config.plaintext ? "plaintext" : "TLS");
    if (CONFINES && confine_self(err) < 0) {
        cvms_setup_stop(gateway->cvms);
        grpc_server_stop(gateway->server, 0);
        return -1;
    }
    lifecycle_ready();
    while ((signal_number = lifecycle_wait_or_renew()) == SIGHUP)
        renew_identity(gateway);
    log_info("ending: signal %d", signal_number);
    atomic_store(&gateway->health.is_draining, true);
    grpc_server_stop(gateway->server, DRAIN_MS);
    cvms_setup_stop(gateway->cvms);
    return 0;
}

/* Every call has a connection of its own to whoever answers it: all that are allowed at once take
 * more descriptors than a program usually gets without asking. */
static void take_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    static struct gateway gateway;
    struct err err;
    int result;

    lifecycle_begin();
    if (argc > 1 && strcmp(argv[1], TRY_OUT_WORD) == 0)
        return try_out_main(argc - 1, argv + 1);
    take_descriptors();
    mallopt(M_ARENA_MAX, ARENAS); /* threads come and go: what each leaves is there for all */
    result = setting_load(&gateway_info, argc, argv, &gateway.config, &err);
    if (result == 0)
        result = run(&gateway, &err);
    close_services(&gateway);
    if (result < 0)
        fprintf(stderr, "cocos-gateway: %s\n", err.text);
    setting_release(&gateway_info, &gateway.config);
    return result < 0 ? err_row(err.kind)->exit_code : 0;
}
