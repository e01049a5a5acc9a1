/* cocos-manager: serves the API until it is told to end. VMs outlive it. */
#include "lib/base/clock.h"
#include "lib/program/lifecycle.h"
#include "lib/program/log.h"
#include "services/manager-api/app.h"
#include "services/manager-api/commands.h"
#include "services/manager-api/credentials.h"
#include "services/manager-api/link/verifier.h"
#include "services/manager-api/vm/guard.h"
#include "services/manager-api/vm/libvirt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_VERIFIER    "none"
#define ANYBODY        (S_IROTH | S_IXOTH)
#define ARENAS         2
#define DRAIN_MS       10000
#define WORKERS        16 /* more than VMs can be made at once */
#define START_GRACE_MS 5000
#define FIRST_LIST_S   3 /* to wait for libvirt, so that the first request finds the VMs */

static void woken_by_events(void *ctx)
{
    struct app *app = ctx;

    pthread_mutex_lock(&app->waking);
    if (app->httpd != NULL)
        httpd_wake(app->httpd);
    pthread_mutex_unlock(&app->waking);
}

static void note(void *ctx, const struct fleet_event *event)
{
    journal_note(((struct app *)ctx)->journal, event);
}

static void woken_by_hypervisor(void *ctx)
{
    struct app *app = ctx;

    pthread_mutex_lock(&app->waking);
    if (app->fleet != NULL)
        fleet_wake(app->fleet);
    pthread_mutex_unlock(&app->waking);
}

/* --- starting ------------------------------------------------------------------- */

/* Two managers of one directory would undo each other's work. */
static int lock_state_dir(const char *state_dir, int *ret, struct err *err)
{
    OWNED(free_str) char *path = mem_printf("%s/lock", state_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "'%s'", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return err_set(err, ERR_USAGE, "state directory '%s': another manager uses it", state_dir);
    }
    *ret = fd;
    return 0;
}

static int check_listen(const struct app *app, struct err *err)
{
    if (config_is_loopback(app->config.listen) || tokens_count(app->tokens) > 0)
        return 0;
    return err_set(err, ERR_USAGE,
                   "COCOS_MANAGER_LISTEN: '%s' can be reached from outside, and there are no "
                   "credentials but the first start's admin.token; make a token first "
                   "('cocos-manager token add NAME ROLE') or listen on 127.0.0.1",
                   app->config.listen);
}

/* The program that verifies. None is a word, and not what happens when it is missing: without one
 * VMs run unchecked. *ret is NULL then. */
static int find_verifier(const struct config *config, char **ret, struct err *err)
{
    char self[PATH_MAX] = "";
    OWNED(free_str) char *path = NULL;
    struct stat info;

    *ret = NULL;
    if (strcmp(config->verifier, NO_VERIFIER) == 0) {
        log_warn("no verifier, as asked for: what VMs say about their boot is not checked");
        return 0;
    }
    if (config->verifier[0] != '\0')
        path = mem_strdup(config->verifier);
    else if (readlink("/proc/self/exe", self, sizeof(self) - 1) > 0)
        path = mem_printf("%.*s/cocos-cli", (int)(strrchr(self, '/') - self), self);
    if (path == NULL || access(path, X_OK) < 0)
        return err_set_errno(err, ERR_USAGE,
                             "there is no verifier at '%s' (--verifier says where cocos-cli is, or "
                             "'" NO_VERIFIER "' to run VMs unchecked)",
                             path != NULL ? path : "");
    if (geteuid() == 0 && (stat(path, &info) < 0 || (info.st_mode & ANYBODY) != ANYBODY))
        return err_set(err, ERR_USAGE,
                       "the verifier '%s' runs as nobody, who may not run it: chmod o+rx '%s'",
                       path, path);
    *ret = GIVE(path);
    return 0;
}

static int start_fleet(struct app *app, struct err *err)
{
    const struct config *config = &app->config;
    OWNED(free_str) char *verifier = NULL;
    const struct vm_watcher watcher = {.changed = woken_by_hypervisor, .ctx = app};
    struct vm_provider *inner = NULL;
    struct fleet *opened = NULL;
    char manager[VM_ID_SIZE];
    struct fleet_config fleet = {
        .state_dir = config->state_dir,
        .image_dir = config->image_dir,
        .manager = manager,
        .ports = config->ports,
        .cvms_servers = config->cvms_servers,
        .kvm = app->accel.kvm,
        .place = config->place,
        .max_vms = (unsigned)config->max_vms,
        .max_per_owner = (unsigned)config->max_vms_per_owner,
        .boot_timeout_ms = config->boot_timeout,
        .silence_timeout_ms = config->silence_timeout,
        .start_grace_ms = START_GRACE_MS,
        .retention_ms = config->retention,
        .clock = {.now = clock_now, .monotonic_ms = clock_monotonic_ms},
        .tell = note,
        .tell_ctx = app,
    };

    tee_probe("", NULL, &fleet.tee);
    if (find_verifier(config, &verifier, err) < 0)
        return -1;
    fleet.verifier = verifier;
    if (credentials_manager_id(config->state_dir, manager, sizeof(manager), err) < 0 ||
        libvirt_open(config->libvirt_uri, &watcher, &inner, err) < 0)
        return -1;
    app->provider = guard_new(inner, (unsigned)config->libvirt_timeout);
    if (fleet_open(&fleet, app->provider, &opened, err) < 0)
        return -1;
    pthread_mutex_lock(&app->waking);
    app->fleet = opened;
    pthread_mutex_unlock(&app->waking);
    return 0;
}

static int start_httpd(struct app *app, const struct credentials *credentials, struct err *err)
{
    static struct httpd_service service;
    struct httpd *started = NULL;
    const struct httpd_config config = {
        .listen = app->config.listen,
        .certificate = buf_span(&credentials->certificate),
        .key = buf_span(&credentials->key),
        .workers = WORKERS,
    };

    service = (struct httpd_service){
        .app = app,
        .routes = app_routes(),
        .route_count = MANAGER_OP_COUNT,
        .admit = app_admit,
        .realm = "cocos-manager",
        .cors_origins = app->config.cors_origins,
        .metrics = app->metrics,
    };
    if (httpd_start(&config, &service, &started, err) < 0) {
        if (err->kind == ERR_INPUT)
            err->kind = ERR_USAGE; /* it came from the settings */
        return err_wrap(err, "COCOS_MANAGER_LISTEN");
    }
    pthread_mutex_lock(&app->waking);
    app->httpd = started;
    pthread_mutex_unlock(&app->waking);
    return 0;
}

static void make_metrics(struct app *app)
{
    app->metrics = metric_registry_new();
    app->vms = metric_new(app->metrics, METRIC_GAUGE, "cocos_manager_vms", "VMs by state");
    app->memory = metric_new(app->metrics, METRIC_GAUGE, "cocos_manager_vms_memory_bytes",
                             "Memory promised to VMs that run");
    app->connected = metric_new(app->metrics, METRIC_GAUGE, "cocos_manager_libvirt_connected",
                                "1 when libvirt answers");
}

static int start(struct app *app, const struct credentials *credentials, struct err *err)
{
    struct accel_probe probe;

    accel_probe_host(&probe);
    if (accel_decide((enum accel_choice)app->config.accel, &probe, &app->accel, err) < 0 ||
        tokens_open(app->config.state_dir, &app->tokens, err) < 0 || check_listen(app, err) < 0)
        return -1;
    make_metrics(app);
    app->journal = journal_new(woken_by_events, app);
    if (start_fleet(app, err) < 0)
        return -1;
    fleet_wait(app->fleet, FIRST_LIST_S);
    if (start_httpd(app, credentials, err) < 0)
        return -1;
    log_info("accelerator: %s", app->accel.reason);
    log_info("serving on port %u", httpd_port(app->httpd));
    return 0;
}

/* Ends what was started, in any state of it. */
static void stop(struct app *app)
{
    struct httpd *httpd = NULL;
    struct fleet *fleet = NULL;

    pthread_mutex_lock(&app->waking);
    httpd = GIVE(app->httpd);
    pthread_mutex_unlock(&app->waking);
    if (httpd != NULL)
        httpd_stop(httpd, DRAIN_MS);
    pthread_mutex_lock(&app->waking);
    fleet = GIVE(app->fleet);
    pthread_mutex_unlock(&app->waking);
    fleet_close(fleet);
    if (app->provider != NULL)
        app->provider->ops->close(app->provider);
    journal_free(app->journal);
    metric_registry_free(app->metrics);
    tokens_free(app->tokens);
}

/* Every line works as it is printed, wherever the manager is and listens. */
static void explain_first_start(const struct app *app)
{
    const char *dir = app->config.state_dir;
    uint16_t port = httpd_port(app->httpd);

    printf("First start. In %s there are now:\n"
           "  ca.pem       the authority that clients trust\n"
           "  server.pem   the server's certificate, and server.key its key\n"
           "  admin.token  the administrator's token\n"
           "Try:\n"
           "  cocos-cli login %s --url https://localhost:%u\n"
           "  curl --cacert %s/ca.pem -H \"Authorization: Bearer $(cat %s/admin.token)\" "
           "https://localhost:%u/v1/host\n"
           "Further people: cocos-manager token add NAME viewer|operator|admin --state-dir %s\n",
           dir, dir, port, dir, dir, port, dir);
    fflush(stdout);
}

static int serve(struct app *app, struct err *err)
{
    OWNED_CREDENTIALS credentials = {.first = false};
    OWNED(close_fd) int lock = -1;
    int result = 0;

    if (lock_state_dir(app->config.state_dir, &lock, err) < 0 ||
        credentials_load(app->config.state_dir, app->config.listen, app->config.names, clock_now(),
                         &credentials, err) < 0)
        return -1;
    result = start(app, &credentials, err);
    if (result == 0) {
        if (credentials.first)
            explain_first_start(app);
        lifecycle_ready();
        lifecycle_wait();
        log_info("ending; the VMs go on");
    }
    stop(app);
    return result;
}

int main(int argc, char **argv)
{
    struct app app = {.waking = PTHREAD_MUTEX_INITIALIZER};
    struct command command;
    struct err err = {.kind = ERR_NONE};
    int result;

    if (verifier_is_child(argc, argv))
        return verifier_become(argv);
    lifecycle_begin();
    /* A call to libvirt has a thread of its own; as many heaps of their own would be kept for
     * nothing. */
    mallopt(M_ARENA_MAX, ARENAS);
    umask(022);
    command_take(&argc, argv, &command);
    result = config_load(argc, argv, &app.config, &err);
    if (result == 0) {
        log_start("cocos-manager", (enum log_level)app.config.log_level);
        result = command.count > 0 ? command_run(&command, app.config.state_dir, &err)
                                   : serve(&app, &err);
        config_release(&app.config);
    }
    if (result >= 0)
        return 0;
    fprintf(stderr, "cocos-manager: %s\n", err.text);
    return err_row(err.kind)->exit_code;
}
