#include "services/grpc-gateway/cvms_server/try_out.h"

#include "services/grpc-gateway/cvms_server/front.h"
#include "services/grpc-gateway/cvms_server/service.h"
#include "services/grpc-gateway/door.h"
#include "services/grpc-gateway/grpc/server.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/crypto/secret.h"
#include "lib/program/lifecycle.h"
#include "lib/program/log.h"

#include <stdatomic.h>
#include <stdio.h>

#define DRAIN_MS 2000
#define PEM_MAX  (16 * KIB)

struct try_out_config {
    char *listen, *front;
    bool plaintext;
    char *certificate, *key, *client_ca; /* paths */
    int log_level;
};

static const struct setting settings[] = {
    SETTING_TEXT(try_out_config, listen, "COCOS_CVMS_LISTEN", "127.0.0.1:7001",
                 "address and port at which machines dial in"),
    SETTING_TEXT(try_out_config, front, "COCOS_CVMS_FRONT", "127.0.0.1:7004",
                 "address and port of the REST front"),
    SETTING_BOOL(try_out_config, plaintext, "COCOS_CVMS_PLAINTEXT", "false",
                 "machines dial in without TLS"),
    SETTING_TEXT(try_out_config, certificate, "COCOS_CVMS_CERTIFICATE", "",
                 "file of the certificate for machines and its chain, PEM; empty: a fresh one"),
    SETTING_TEXT(try_out_config, key, "COCOS_CVMS_KEY", "", "file of its private key, PEM"),
    SETTING_TEXT(try_out_config, client_ca, "COCOS_CVMS_CLIENT_CA", "",
                 "file of the authorities by one of which every machine must show a certificate"),
    SETTING_CHOICE(try_out_config, log_level, "COCOS_CVMS_LOG_LEVEL", "info", log_level_names,
                   "the least important messages to log"),
};

static const struct program_info info = {
    .name = "cocos-gateway-cvms-server",
    .command = "cocos-gateway " TRY_OUT_WORD,
    .summary = "a computation server to try machines with; not for production",
    .essay =
        "Started as `cocos-gateway cvms-server`. Machines that dial out to a computation server of "
        "the older, gRPC kind (cocos-gateway --cvms-url) are listed, given manifests in the older "
        "JSON, watched and stopped through a small REST front, which serves HTTPS with a fresh "
        "certificate and wants the token that is printed at start.\n\n"
        "It is for trying things out: it keeps nothing, knows no users, and judges no evidence. "
        "Computations of one's own need no such server: see cocos-cli.",
    .settings = settings,
    .setting_count = COUNT_OF(settings),
};

struct try_out {
    struct try_out_config config;
    struct front front;
    struct httpd_service rest;
    _Atomic(struct httpd *) httpd;
    struct grpc_service services[1];
    struct grpc_server *grpc;
};

/* Somebody said something: those who watch ask again. */
static void heard(void *ctx)
{
    struct httpd *httpd = atomic_load(&((struct try_out *)ctx)->httpd);

    if (httpd != NULL)
        httpd_wake(httpd);
}

static int start_grpc(struct try_out *server, struct err *err)
{
    struct config door = {
        .plaintext = server->config.plaintext,
        .certificate = server->config.certificate,
        .key = server->config.key,
        .client_ca = server->config.client_ca,
    };
    struct grpc_config grpc = {.listen = server->config.listen,
                               .services = server->services,
                               .service_count = COUNT_OF(server->services)};
    int result;

    server->services[0] = cvms_service(server->front.agents);
    if (door_open(&door, clock_now(), &grpc.tls, err) < 0)
        return -1;
    result = grpc_server_start(&grpc, &server->grpc, err);
    SSL_CTX_free(grpc.tls);
    return result < 0 ? err_wrap(err, "--listen") : 0;
}

static int start_front(struct try_out *server, struct err *err)
{
    OWNED_BUF certificate = BUF_OF(PEM_MAX), key = {.max = PEM_MAX, .secret = true};
    struct httpd_config config = {.listen = server->config.front};
    uint8_t token[(FRONT_TOKEN_SIZE - 1) / 2];
    struct httpd *httpd;

    random_bytes(token, sizeof(token));
    text_hex(token, sizeof(token), server->front.token);
    if (door_make_identity(clock_now(), &certificate, &key, err) < 0)
        return -1;
    config.certificate = buf_span(&certificate);
    config.key = buf_span(&key);
    server->rest = front_service(&server->front);
    if (httpd_start(&config, &server->rest, &httpd, err) < 0)
        return err_wrap(err, "--front");
    atomic_store(&server->httpd, httpd);
    return 0;
}

static void stop(struct try_out *server)
{
    if (server->grpc != NULL)
        grpc_server_stop(server->grpc, DRAIN_MS);
    httpd_stop(atomic_exchange(&server->httpd, NULL), DRAIN_MS);
    agents_free(server->front.agents);
}

static int run(struct try_out *server, struct err *err)
{
    log_start(info.name, (enum log_level)server->config.log_level);
    if ((server->config.certificate[0] != '\0') != (server->config.key[0] != '\0'))
        return err_set(err, ERR_USAGE, "--certificate and --key go together");
    server->front.agents = agents_new(heard, server);
    if (start_front(server, err) < 0 || start_grpc(server, err) < 0) {
        if (err->kind == ERR_INPUT || err->kind == ERR_NOT_FOUND)
            err->kind = ERR_USAGE;
        return -1;
    }
    printf("a computation server for trying things out, not for production\n"
           "front: https://%s, port %u\ntoken: %s\n",
           server->config.front, httpd_port(atomic_load(&server->httpd)), server->front.token);
    fflush(stdout);
    log_info("listening on %s, port %u, %s; for trying things out only", server->config.listen,
             grpc_server_port(server->grpc), server->config.plaintext ? "plaintext" : "TLS");
    lifecycle_ready();
    log_info("ending: signal %d", lifecycle_wait());
    return 0;
}

int try_out_main(int argc, char **argv)
{
    static struct try_out server;
    struct err err;
    int result = setting_load(&info, argc, argv, &server.config, &err);

    if (result == 0) {
        result = run(&server, &err);
        stop(&server);
    }
    if (result < 0)
        fprintf(stderr, "cocos-gateway cvms-server: %s\n", err.text);
    setting_release(&info, &server.config);
    return result < 0 ? err_row(err.kind)->exit_code : 0;
}
