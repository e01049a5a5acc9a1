/* The process that serves: see keeper.h for what it is started for, birth.h for what it is given.
 */
#include "services/agent-api/api/api.h"
#include "services/agent-api/door.h"
#include "services/agent-api/passage.h"
#include "services/agent-api/runner/confine.h"

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/program/lifecycle.h"
#include "lib/program/log.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EVENTS_KEPT 1000
#define DRAIN_MS    5000
#define LEAVE_MS    200                      /* what is still under way after lingering */
#define WORKERS     (8 + LINE_QUEUE_MAX + 1) /* some for others while the whole queue waits */

/* --- birth --- */

/* Whoever started it is gone already, or goes: then nothing of it stays. */
static void die_with_keeper(pid_t keeper)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper)
        raise(SIGKILL);
}

static int read_birth(struct app *app, struct err *err)
{
    OWNED(close_fd) int fd = BIRTH_FILE_FD;
    OWNED_BUF text = {.max = BIRTH_SIZE_MAX, .secret = true};

    if (pact_read_file(fd, &text, err) < 0)
        return -1;
    return birth_parse(buf_span(&text), &app->birth, err);
}

static void take_chain(const struct json_blob *from, struct buf *to)
{
    buf_add(to, from->data, from->len);
}

static int take_identity(struct app *app, struct err *err)
{
    OWNED_IDENTITY_SEED seed = IDENTITY_SEED_NONE;
    struct pact_secret secret;
    int result = line_read_secret(app->line, &secret, err);

    if (result == 0) {
        memcpy(seed.cdi, secret.cdi, sizeof(seed.cdi));
        take_chain(&app->birth.chain_tls, &seed.chain[IDENTITY_TLS]);
        take_chain(&app->birth.chain_receipt, &seed.chain[IDENTITY_RECEIPT]);
        take_chain(&app->birth.chain_seal, &seed.chain[IDENTITY_SEAL]);
        result = identity_make(&seed, clock_now(), &app->identity, err);
    }
    mem_wipe(&secret, sizeof(secret));
    return result;
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

static uint64_t memory_mib(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / MIB;
}

/* That the agent is up was told by the first process. */
static int start_engine(struct app *app, struct err *err)
{
    const struct engine_config config = {.state_dir = ".",
                                         .memory_mib = memory_mib(),
                                         .outside_uid = app->birth.algorithm_uid,
                                         .observe = app_observe,
                                         .measure = app_measure,
                                         .witness = app_witness,
                                         .ctx = app};
    int result;

    app->muted = app->birth.last_event > 0;
    result = engine_start(&config, &app->engine, err);
    app->muted = false;
    return result;
}

static int start_parts(struct app *app, struct err *err)
{
    make_metrics(app);
    app->story = story_new(EVENTS_KEPT, app->birth.last_event);
    if (app->birth.owner_key != NULL &&
        key_load_public_pem(span_of_str(app->birth.owner_key), &app->owner, err) < 0)
        return -1;
    if (take_identity(app, err) < 0 || start_engine(app, err) < 0)
        return -1;
    app->auth = auth_new(app->engine, app->owner);
    return 0;
}

/* For a gateway on this machine. */
static int start_local(struct app *app, const struct httpd_service *service, struct err *err)
{
    const struct birth *birth = &app->birth;
    const struct door door = {
        .path = birth->local_socket,
        .identity = &app->identity,
        .now = clock_now(),
        .vm_id = birth->vm_id,
        .cvms_url = birth->cvms_url,
        .cvms_via = birth->cvms_via,
        .cvms_ca = birth->cvms_ca,
        .cvms_owner = birth->cvms_owner,
    };
    struct httpd *local;

    if (door.path == NULL)
        return 0;
    app->local_service = *service;
    app->local_service.metrics = NULL;
    if (door_open(&door, &app->local_service, &local, err) < 0)
        return -1;
    atomic_store(&app->local, local);
    return 0;
}

static int start_service(struct app *app, const struct httpd_service *service, struct err *err)
{
    struct httpd_config config = {
        .socket = BIRTH_LISTEN_FD,
        .certificate = buf_span(&app->identity.certificate),
        .key = buf_span(&app->identity.key),
        .workers = WORKERS,
    };
    struct httpd *httpd;

    if (httpd_start(&config, service, &httpd, err) < 0)
        return err_wrap(err, "serve");
    atomic_store(&app->httpd, httpd);
    if (start_local(app, service, err) < 0)
        return -1;
    buf_done(&app->identity.key); /* the servers have their own */
    return 0;
}

/* In the order in which they need each other. */
static void stop_parts(struct app *app)
{
    bool passed = atomic_load(&app->passed);
    unsigned drain_ms = passed ? LEAVE_MS : DRAIN_MS;
    struct httpd *httpd = atomic_exchange(&app->httpd, NULL);

    if (httpd != NULL)
        httpd_stop(httpd, drain_ms);
    httpd_stop(atomic_exchange(&app->local, NULL), drain_ms);
    if (app->birth.local_socket != NULL && !passed)
        door_remove(app->birth.local_socket);
    engine_stop(app->engine);
    auth_free(app->auth);
    story_free(app->story);
    metric_registry_free(app->metrics);
    identity_done(&app->identity);
    key_free(app->owner);
    line_free(app->line);
    birth_done(&app->birth);
}

/* --- what it is for --- */

static void refuse(struct app *app, enum failure_kind kind, const char *why)
{
    struct failure failure;

    failure_set(&failure, kind, "", "%.200s", why);
    engine_refuse(app->engine, &failure);
}

static int load_manifest(const struct app *app, struct manifest **ret, struct err *err)
{
    const struct json_blob *text = &app->birth.manifest;

    return manifest_parse(span_of(text->data, text->len), ret, err);
}

/* The manifest that lay in the share is admitted as one that somebody sends, and handed over. */
static int take_offer(struct app *app, struct err *err)
{
    OWNED_MANIFEST *manifest = NULL;

    if (load_manifest(app, &manifest, err) < 0)
        return err_wrap(err, "the share's manifest");
    if (app->owner != NULL && !key_equal(app->owner, manifest->owner.public_key))
        return err_set_at(err, ERR_FORBIDDEN, "/owner/key",
                          "the share's manifest has another owner than the share names");
    if (engine_check_manifest(app->engine, manifest, err) < 0)
        return -1;
    return passage_hand_over(app, manifest, err);
}

static int set_manifest(struct app *app, struct err *err)
{
    OWNED_MANIFEST *manifest = NULL;

    if (load_manifest(app, &manifest, err) < 0)
        return -1;
    return engine_set_manifest(app->engine, manifest, err);
}

/* What it was told is used before anybody can ask. */
static int begin(struct app *app, struct err *err)
{
    const struct birth *birth = &app->birth;

    if (birth->set && set_manifest(app, err) < 0)
        return -1;
    if (birth->failure != FAILURE_NONE) {
        refuse(app, (enum failure_kind)birth->failure,
               birth->failure_detail != NULL ? birth->failure_detail : "");
    } else if (!birth->set && birth->manifest.len > 0 && take_offer(app, err) < 0) {
        if (atomic_load(&app->passed))
            return -1;
        log_error("%s", err->text);
        refuse(app, FAILURE_MANIFEST, err->text);
    }
    return 0;
}

/* --- life --- */

static int serve(struct app *app, struct err *err)
{
    struct httpd_service service = api_service(app);
    int signal_number;

    if (atomic_load(&app->passed))
        return 0; /* what the share offered has a process of its own */
    if (start_service(app, &service, err) < 0)
        return -1;
    log_info("serving; control groups: %s", engine_cgroup(app->engine));
    app_tell_state(app);
    line_tell(app->line, PACT_READY, span_of(NULL, 0));
    signal_number = lifecycle_wait();
    if (signal_number == 0)
        passage_linger(app);
    return 0;
}

static int run(struct app *app, struct err *err)
{
    pthread_mutex_init(&app->passing, NULL);
    app->line = line_new(BIRTH_SOCKET_FD);
    if (read_birth(app, err) < 0)
        return -1;
    log_start("cocos-worker", (enum log_level)app->birth.log_level);
    if (start_parts(app, err) < 0 || begin(app, err) < 0 || serve(app, err) < 0)
        return -1;
    return 0;
}

int main(int argc, char **argv)
{
    static struct app app;
    pid_t keeper = getppid();
    struct err err;
    int result;

    if (confine_is_launcher(argc, argv))
        return confine_launch();
    if (argc != 2 || strcmp(argv[1], BIRTH_ARGUMENT) != 0) {
        fprintf(stderr, "cocos-worker: cocos-agent starts it, and nobody else\n");
        return 2;
    }
    lifecycle_begin();
    die_with_keeper(keeper);
    prctl(PR_SET_DUMPABLE, 0); /* its secrets are not for the processes that it starts */
    result = run(&app, &err);
    if (result < 0)
        line_tell_broken(app.line, &err);
    stop_parts(&app);
    return result < 0 ? err_row(err.kind)->exit_code : 0;
}
