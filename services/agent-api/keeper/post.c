#include "services/agent-api/keeper/keeper_parts.h"

#include "lib/base/file.h"
#include "services/agent-api/pact/birth.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FREE_FD 20 /* above those that a process gets */

struct task task_of_nothing(void)
{
    return (struct task){.set = false};
}

void task_done(struct task *task)
{
    buf_done(&task->manifest);
    *task = task_of_nothing();
}

static struct json_blob blob_of(const struct buf *bytes)
{
    return (struct json_blob){bytes->data, bytes->len};
}

/* The path of the gateway's door; NULL: there is none. */
static char *door_of(const struct keeper *keeper)
{
    const struct share_config *share = keeper->share;
    char *path = keeper->config->local_socket;

    return path[0] != '\0' && (!share->present || share->grpc) ? path : NULL;
}

/* What the process is told. Everything is borrowed. */
static int write_birth(const struct keeper *keeper, const struct post *post,
                       const struct identity_seed *seed, int *ret, struct err *err)
{
    const struct config *config = keeper->config;
    const struct share_config *share = keeper->share;
    const struct task *task = &post->task;
    struct birth birth = {
        .local_socket = door_of(keeper),
        .algorithm_uid = post->ward.algorithm_uid,
        .platform = (char *)keeper->machine.platform,
        .log_level = (uint32_t)(share->log_level >= 0 ? share->log_level : config->log_level),
        .owner_key = share->owner_key,
        .vm_id = share->vm_id,
        .cvms_url = share->cvms_url,
        .cvms_via = share->cvms_via,
        .cvms_ca = share->cvms_ca,
        .cvms_owner = keeper->cvms_owner.len > 0 ? (char *)buf_str(&keeper->cvms_owner) : NULL,
        .last_event = keeper->last_event,
        .manifest = blob_of(&task->manifest),
        .set = task->set,
        .failure = (int)task->failure.kind,
        .failure_detail = (char *)task->failure.detail,
        .chain_tls = blob_of(&seed->chain[IDENTITY_TLS]),
        .chain_receipt = blob_of(&seed->chain[IDENTITY_RECEIPT]),
        .chain_seal = blob_of(&seed->chain[IDENTITY_SEAL]),
    };
    OWNED_BUF text = {.max = BIRTH_SIZE_MAX, .secret = true};

    birth.manifest_sha256 = (struct json_bytes){.present = task->set, .len = SHA256_SIZE};
    memcpy(birth.manifest_sha256.data, task->manifest_sha256, SHA256_SIZE);
    birth_write(&birth, &text);
    if (buf_check(&text, "what a process is told", err) < 0)
        return -1;
    return pact_make_file(buf_span(&text), ret, err);
}

/* In the child, after fork: only calls that are safe there. Descriptors are first moved out of the
 * way, since any of them may already have the number that another is to get. */
static void __attribute__((noreturn)) become_worker(int program, const int fds[3])
{
    static const char *const argv[] = {"cocos-worker", BIRTH_ARGUMENT, NULL};
    const char *environment[4] = {NULL};
    const char *const kept[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
    int high[4], null = open("/dev/null", O_RDWR), count = 0;
    sigset_t none;

    for (int i = 0; i < 3; i++)
        high[i] = fcntl(fds[i], F_DUPFD, FIRST_FREE_FD);
    high[3] = fcntl(program, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        const char *value = getenv(kept[i]);

        if (value != NULL)
            environment[count++] = value - strlen(kept[i]) - 1; /* "NAME=value" as it stands */
    }
    for (int i = 0; i < 3; i++)
        if (high[i] < 0 || dup2(high[i], BIRTH_SOCKET_FD + i) < 0)
            _exit(126);
    if (high[3] < 0 || dup2(null, 0) < 0 || dup2(2, 1) < 0 ||
        dup3(high[3], BIRTH_LISTEN_FD + 1, O_CLOEXEC) < 0 ||
        close_range(BIRTH_LISTEN_FD + 2, ~0U, 0) < 0)
        _exit(126);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    fexecve(BIRTH_LISTEN_FD + 1, (char *const *)argv, (char *const *)environment);
    _exit(127);
}

static int spawn(struct keeper *keeper, struct post *post, int birth_fd, struct err *err)
{
    OWNED(close_fd) int ours = -1, theirs = -1;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_set_errno(err, ERR_SYSTEM, "socket pair");
    ours = pair[0];
    theirs = pair[1];
    if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
        return err_set_errno(err, ERR_SYSTEM, "socket pair");
    if (ward_fork(&post->ward, &post->pid, err) < 0)
        return -1;
    if (post->pid == 0)
        become_worker(keeper->program_fd, (const int[]){theirs, birth_fd, keeper->listen_fd});
    post->socket = ours;
    ours = -1;
    return 0;
}

/* A process that is not the computation's is certified, and answered for, only when the machine
 * shows that the computation is over. */
static int read_run(struct keeper *keeper, struct layers_work *work, struct err *err)
{
    if (!work->has_manifest && desk_measure_end(keeper->desk, err) < 0)
        return -1;
    return desk_read_register(keeper->desk, work->run, err);
}

static int begin(struct keeper *keeper, struct post *post, struct identity_seed *seed,
                 struct err *err)
{
    const struct task *task = &post->task;
    struct layers_work work = {
        .has_manifest = task->set && task->failure.kind == FAILURE_NONE,
        .number = keeper->started++,
    };
    struct pact_secret secret;
    OWNED(close_fd) int birth_fd = -1;
    int result;

    memcpy(work.code, keeper->program, sizeof(work.code));
    memcpy(work.manifest, task->manifest_sha256, sizeof(work.manifest));
    if (read_run(keeper, &work, err) < 0 ||
        layers_begin(keeper->layers, &work, seed, post->spki_sha256, err) < 0 ||
        ward_make(keeper->wards, door_of(keeper), &post->ward, err) < 0 ||
        write_birth(keeper, post, seed, &birth_fd, err) < 0 ||
        spawn(keeper, post, birth_fd, err) < 0)
        return -1;
    identity_write_pin(post->spki_sha256, post->pin);
    buf_add_span(&post->chain, buf_span(&seed->chain[IDENTITY_TLS]));
    memcpy(secret.cdi, seed->cdi, sizeof(secret.cdi));
    result = pact_send(post->socket, &secret, sizeof(secret), span_of(NULL, 0), -1, err);
    mem_wipe(&secret, sizeof(secret));
    return result;
}

int post_start(struct keeper *keeper, struct task *task, struct post **ret, struct err *err)
{
    OWNED_IDENTITY_SEED seed = IDENTITY_SEED_NONE;
    struct post *post = mem_new(struct post);

    post->socket = -1;
    post->ward = WARD_NONE;
    post->task = *task;
    *task = task_of_nothing();
    post->chain = BUF_OF(IDENTITY_CHAIN_MAX);
    post->state = BUF_OF(PACT_TEXT_MAX);
    if (begin(keeper, post, &seed, err) < 0) {
        post_end(post);
        return err_wrap(err, "start a process");
    }
    *ret = post;
    return 0;
}

void post_end(struct post *post)
{
    if (post == NULL)
        return;
    if (post->pid > 0) {
        kill(post->pid, SIGKILL);
        ward_kill(&post->ward); /* one of whom may trace it, so that it does not end */
        waitpid(post->pid, NULL, 0);
    }
    close_fd(&post->socket);
    ward_end(&post->ward);
    task_done(&post->task);
    buf_done(&post->chain);
    buf_done(&post->state);
    free(post);
}
