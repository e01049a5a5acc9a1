/* The keeper's beginning and end: what it finds, measures and opens before a process serves. */
#include "services/agent-api/keeper/keeper_parts.h"

#include "lib/base/file.h"
#include "lib/base/listen.h"
#include "lib/computation/manifest.h"
#include "lib/program/log.h"
#include "services/agent-api/attester/launch_check.h"

#include <fcntl.h>
#include <unistd.h>

#define WORKER_PROGRAM "cocos-worker"
#define PATH_ROOM      4096
#define OWNER_MAX      4096

static int hash_self(uint8_t out[static DICE_HASH_SIZE], struct err *err)
{
    OWNED(close_fd) int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open this program");
    return measured_hash_file(fd, out, err);
}

/* The worker's program lies beside this one. */
static int open_program(struct keeper *keeper, struct err *err)
{
    char self[PATH_ROOM];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self));
    OWNED(free_str) char *path = NULL;

    if (len < 0)
        return err_set_errno(err, ERR_SYSTEM, "find this program");
    while (len > 0 && self[len - 1] != '/')
        len--;
    path = mem_printf("%.*s" WORKER_PROGRAM, (int)len, self);
    keeper->program_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (keeper->program_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open '%s'", path);
    return measured_hash_file(keeper->program_fd, keeper->program, err);
}

static int make_layers(struct keeper *keeper, struct err *err)
{
    OWNED_MEASURED boot = {.config = BUF_OF(0)}, agent = {.config = BUF_OF(0)};
    uint8_t code[DICE_HASH_SIZE], uds[ATTESTER_SECRET_SIZE];
    int result;

    if (hash_self(code, err) < 0 || machine_measured(&keeper->machine, &boot, err) < 0)
        return -1;
    measured_agent(code, keeper->share->sha256, &agent);
    machine_secret(&keeper->machine, uds);
    result = layers_make(uds, &boot.input, &agent.input, &keeper->layers, err);
    mem_wipe(uds, sizeof(uds));
    return result;
}

static int open_socket(struct keeper *keeper, struct err *err)
{
    if (listen_at(keeper->config->listen, &keeper->listen_fd, &keeper->port, err) == 0)
        return 0;
    if (err->kind == ERR_INPUT)
        err->kind = ERR_USAGE;
    return err_wrap(err, "listen");
}

/* Against the IGVM file that the share may hold. */
static int check_launch(const struct keeper *keeper, struct err *err)
{
    OWNED_BUF file = BUF_OF(SHARE_IGVM_MAX);
    bool found = false;

    if (keeper->config->share[0] == '\0')
        return 0;
    if (share_load_igvm(keeper->config->share, &file, &found, err) < 0)
        return -1;
    return found ? launch_check(buf_span(&file), &keeper->machine.desk, err) : 0;
}

static void fail_first(struct keeper *keeper, enum failure_kind kind, const struct err *why)
{
    log_error("%s", why->text);
    task_done(&keeper->next);
    failure_set(&keeper->next.failure, kind, "", "%.200s", why->text);
    keeper->has_next = true;
}

/* What the host gave us is used before anybody can ask; when it cannot be used, the agent stays and
 * says so, to clients and to the manager, instead of ending and being started again. */
static void take_share(struct keeper *keeper)
{
    struct err err;

    if (desk_measure_config(keeper->desk, keeper->share->sha256, &err) < 0) {
        fail_first(keeper, FAILURE_CONFIG, &err);
        return;
    }
    if (keeper->share_error->kind != ERR_NONE) {
        fail_first(keeper, FAILURE_CONFIG, keeper->share_error);
        return;
    }
    if (check_launch(keeper, &err) < 0) {
        fail_first(keeper, FAILURE_LAUNCH, &err);
        return;
    }
    if (keeper->config->share[0] == '\0')
        return;
    keeper->next.manifest = BUF_OF(MANIFEST_SIZE_MAX);
    keeper->has_next = true;
    if (share_read_manifest(keeper->config->share, &keeper->next.manifest, &err) < 0)
        fail_first(keeper, FAILURE_MANIFEST, &err);
}

/* Here, once, and not by the processes that open the gateway's door, each anew: a gateway knows by
 * it what it ordered before. */
static int make_cvms_owner(struct keeper *keeper, struct err *err)
{
    OWNED_KEY *key = NULL;

    keeper->cvms_owner = (struct buf){.max = OWNER_MAX, .secret = true};
    if (keeper->share->cvms_url == NULL)
        return 0;
    if (key_generate(KEY_P256, 0, &key, err) < 0)
        return -1;
    return key_write_private_pem(key, &keeper->cvms_owner, err);
}

int keeper_set_up(struct keeper *keeper, struct err *err)
{
    if (machine_find(keeper->config, &keeper->machine, err) < 0)
        return -1;
    keeper->desk = desk_new(&keeper->machine.desk);
    if (open_program(keeper, err) < 0 || make_layers(keeper, err) < 0 ||
        open_socket(keeper, err) < 0 ||
        wards_open(keeper->config->state_dir, &keeper->wards, err) < 0 ||
        make_cvms_owner(keeper, err) < 0)
        return -1;
    if (keeper->config->share[0] != '\0' &&
        outbox_start(keeper->config->share, &keeper->outbox, err) < 0)
        return -1;
    take_share(keeper);
    return 0;
}

void keeper_tear_down(struct keeper *keeper)
{
    post_end(keeper->present);
    post_end(keeper->before);
    wards_free(keeper->wards);
    task_done(&keeper->next);
    buf_done(&keeper->cvms_owner);
    outbox_stop(keeper->outbox);
    layers_free(keeper->layers);
    desk_free(keeper->desk);
    machine_done(&keeper->machine);
    close_fd(&keeper->program_fd);
    close_fd(&keeper->listen_fd);
}
