#include "services/agent-api/api/api.h"
#include "services/agent-api/attester/launch_check.h"
#include "services/agent-api/door.h"
#include "services/agent-api/link/share.h"
#include "services/agent-api/runner/confine.h"

#include "lib/base/clock.h"
#include "lib/program/lifecycle.h"
#include "lib/program/log.h"

#include <fcntl.h>
#include <stdio.h>

#define EVENTS_KEPT 1000
#define DRAIN_MS    5000
#define WORKERS     (8 + DESK_QUEUE_MAX + 1) /* some for others while all of the desk's queue waits */

/* --- before there is a log --- */

/* The share may ask for another log level; what is wrong with it is told when there is an
 * engine.
 */
static int read_share(const struct config *config, struct share_config *ret, struct err *err)
{
    if (config->share[0] == '\0') {
        *ret = share_no_config();
        return 0;
    }
    return share_load_config(config->share, ret, err);
}

/* --- the parts --- */

static void make_metrics(struct app *app)
{
    app->metrics = metric_registry_new();
    app->states = metric_new(app->metrics, METRIC_GAUGE, "cocos_agent_state",
                             "1 for the state the computation is in");
    app->received = metric_new(app->metrics, METRIC_COUNTER, "cocos_agent_received_bytes_total",
                               "Bytes of assets that arrived and matched their pin");
    app->failures = metric_new(app->metrics, METRIC_COUNTER, "cocos_agent_failures_total",
                               "Failed computations by kind");
}

/* --- who this is --- */

static int hash_program(uint8_t out[static DICE_HASH_SIZE], struct err *err)
{
    OWNED(close_fd) int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open this program");
    return measured_hash_file(fd, out, err);
}

static int make_layers(struct app *app, const struct share_config *share,
                       const uint8_t code[static DICE_HASH_SIZE], struct err *err)
{
    OWNED_MEASURED boot = {.config = BUF_OF(0)}, agent = {.config = BUF_OF(0)};
    uint8_t uds[ATTESTER_SECRET_SIZE];
    int result;

    if (machine_measured(&app->machine, &boot, err) < 0)
        return -1;
    measured_agent(code, share->sha256, &agent);
    machine_secret(&app->machine, uds);
    result = layers_make(uds, &boot.input, &agent.input, &app->layers, err);
    mem_wipe(uds, sizeof(uds));
    return result;
}

static int make_identity(struct app *app, const struct share_config *share, struct err *err)
{
    OWNED_IDENTITY_SEED seed = IDENTITY_SEED_NONE;
    struct layers_work work = {.has_manifest = false};
    uint8_t spki_sha256[SHA256_SIZE];

    if (hash_program(work.code, err) < 0 || make_layers(app, share, work.code, err) < 0 ||
        layers_begin(app->layers, &work, &seed, spki_sha256, err) < 0)
        return -1;
    return identity_make(&seed, clock_now(), &app->identity, err);
}

static int start_parts(struct app *app, const struct share_config *share, struct err *err)
{
    struct engine_config engine = {.state_dir = app->config.state_dir,
                                   .observe = app_observe,
                                   .measure = app_measure,
                                   .witness = app_witness,
                                   .ctx = app};

    make_metrics(app);
    app->story = story_new(EVENTS_KEPT);
    if (machine_find(&app->config, &app->machine, err) < 0)
        return -1;
    engine.memory_mib = app->machine.memory_mib;
    app->desk = desk_new(&app->machine.desk);
    if (make_identity(app, share, err) < 0 || engine_start(&engine, &app->engine, err) < 0)
        return -1;
    app->auth = auth_new(app->engine, share->owner);
    return 0;
}

static int start_outbox(struct app *app, struct err *err)
{
    struct outbox_config config = {
        .share = app->config.share,
        .encode_state = app_encode_state,
        .ctx = app,
        .events = story_log(app->story),
        .pin = app->identity.pin,
    };

    if (app->config.share[0] == '\0')
        return 0;
    return outbox_start(&config, &app->outbox, err);
}

/* For a gateway on this machine, when there is a path for it and the share wants one. */
static int start_local(struct app *app, const struct share_config *share,
                       const struct httpd_service *service, struct err *err)
{
    struct door door = {app->config.local_socket, &app->identity, clock_now()};
    struct httpd *local;

    if (door.path[0] == '\0' || (share->present && !share->grpc))
        return 0;
    app->local_service = *service;
    app->local_service.metrics = NULL;
    if (door_open(&door, &app->local_service, &local, err) < 0)
        return -1;
    atomic_store(&app->local, local);
    return 0;
}

static int start_service(struct app *app, const struct share_config *share,
                         const struct httpd_service *service, struct err *err)
{
    struct httpd_config config = {
        .listen = app->config.listen,
        .certificate = buf_span(&app->identity.certificate),
        .key = buf_span(&app->identity.key),
        .workers = WORKERS,
    };
    struct httpd *httpd;

    if (httpd_start(&config, service, &httpd, err) < 0) {
        if (err->kind == ERR_INPUT)
            err->kind = ERR_USAGE;
        return err_wrap(err, "listen");
    }
    atomic_store(&app->httpd, httpd);
    if (start_local(app, share, service, err) < 0)
        return -1;
    buf_done(&app->identity.key); /* the servers have their own */
    return 0;
}

/* In the order in which they need each other. */
static void stop_parts(struct app *app)
{
    struct httpd *httpd = atomic_exchange(&app->httpd, NULL);

    if (httpd != NULL)
        httpd_stop(httpd, DRAIN_MS);
    httpd_stop(atomic_exchange(&app->local, NULL), DRAIN_MS);
    if (app->config.local_socket[0] != '\0')
        door_remove(app->config.local_socket);
    outbox_stop(GIVE(app->outbox));
    engine_stop(app->engine);
    auth_free(app->auth);
    story_free(app->story);
    metric_registry_free(app->metrics);
    identity_done(&app->identity);
    layers_free(app->layers);
    desk_free(app->desk);
    machine_done(&app->machine);
}

/* --- the manifest that the share may hold --- */

static int take_manifest(struct app *app, const struct share_config *share, struct err *err)
{
    OWNED_MANIFEST *manifest = NULL;

    if (share_load_manifest(app->config.share, &manifest, err) < 0)
        return -1;
    if (manifest == NULL)
        return 0;
    if (share->owner != NULL && !key_equal(share->owner, manifest->owner.public_key))
        return err_set_at(err, ERR_FORBIDDEN, "/owner/key",
                          "the share's manifest has another owner than the share names");
    return engine_set_manifest(app->engine, manifest, err);
}

/* Against the IGVM file that the share may hold. */
static int check_launch(const struct app *app, struct err *err)
{
    OWNED_BUF file = BUF_OF(SHARE_IGVM_MAX);
    bool found = false;

    if (app->config.share[0] == '\0')
        return 0;
    if (share_load_igvm(app->config.share, &file, &found, err) < 0)
        return -1;
    return found ? launch_check(buf_span(&file), &app->machine.desk, err) : 0;
}

static void refuse(struct app *app, enum failure_kind kind, const struct err *err)
{
    struct failure failure;

    log_error("%s", err->text);
    failure_set(&failure, kind, "", "%.200s", err->text);
    engine_refuse(app->engine, &failure);
}

/* What the host gave us is used before anybody can ask; when it cannot be used, the agent stays and
 * says so, to clients and to the manager, instead of ending and being started again. */
static void take_share(struct app *app, const struct share_config *share,
                       const struct err *share_error)
{
    struct err err;

    if (desk_measure(app->desk, RUN_CONFIG, share->sha256, &err) < 0) {
        refuse(app, FAILURE_CONFIG, &err);
        return;
    }
    if (share_error->kind != ERR_NONE) {
        refuse(app, FAILURE_CONFIG, share_error);
        return;
    }
    if (check_launch(app, &err) < 0) {
        refuse(app, FAILURE_LAUNCH, &err);
        return;
    }
    if (share->cvms_url != NULL)
        log_warn("the share names a cvms_url: not available yet");
    if (app->config.share[0] != '\0' && take_manifest(app, share, &err) < 0)
        refuse(app, FAILURE_MANIFEST, &err);
}

/* --- evidence from boot --- */

/* What the manager looks at before it calls this machine running. No connection is named in it, so
 * that no client can take it for evidence of his. */
static int write_boot_evidence(struct app *app, const struct share_config *share, struct err *err)
{
    struct desk_question question = {.transcript.kind = TRANSCRIPT_BOOT};
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);

    transcript_set(&question.transcript, TRANSCRIPT_NONCE, share->boot_nonce.data);
    transcript_set(&question.transcript, TRANSCRIPT_SERVER, app->identity.spki_sha256);
    question.chain = buf_span(&app->identity.chains[IDENTITY_TLS]);
    question.root = layers_root(app->layers);
    if (desk_ask(app->desk, &question, &text, err) < 0)
        return -1;
    return outbox_put(app->outbox, "evidence.json", buf_span(&text), err);
}

static void show_boot(struct app *app, const struct share_config *share)
{
    struct err err;

    if (app->outbox != NULL && share->present && app->machine.desk.attesters[0] != NULL &&
        write_boot_evidence(app, share, &err) < 0)
        log_warn("evidence of the boot: %s", err.text);
}

/* --- life --- */

static int run(struct app *app, struct err *err)
{
    struct httpd_service service = api_service(app);
    struct err share_error = {.kind = ERR_NONE};
    struct share_config share;
    int result;

    if (read_share(&app->config, &share, &share_error) == 0)
        share_error.kind = ERR_NONE;
    log_start("cocos-agent", share.log_level >= 0 ? (enum log_level)share.log_level
                                                  : (enum log_level)app->config.log_level);
    result = start_parts(app, &share, err);
    if (result == 0) {
        take_share(app, &share, &share_error);
        service.metrics = app->metrics;
        result = start_outbox(app, err);
    }
    if (result == 0)
        result = start_service(app, &share, &service, err);
    if (result == 0) {
        log_info("listening on %s, port %u; pin %s; control groups: %s", app->config.listen,
                 httpd_port(app->httpd), app->identity.pin, engine_cgroup(app->engine));
        show_boot(app, &share);
        lifecycle_ready();
        log_info("ending: signal %d", lifecycle_wait());
    }
    stop_parts(app);
    share_config_done(&share);
    return result;
}

int main(int argc, char **argv)
{
    static struct app app;
    struct err err;
    int loaded, result;

    if (confine_is_launcher(argc, argv))
        return confine_launch();
    lifecycle_begin();
    setenv("TSS2_LOG", "all+none", 0); /* tpm2-tss says on stderr what we say better in our log */
    loaded = setting_load(&agent_info, argc, argv, &app.config, &err);
    result = loaded == 0 ? run(&app, &err) : loaded;
    if (result < 0)
        fprintf(stderr, "cocos-agent: %s\n", err.text);
    setting_release(&agent_info, &app.config);
    return result < 0 ? err_row(err.kind)->exit_code : 0;
}
