#include "services/manager-api/link/verifier.h"

#include "lib/base/child.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define SELF         "/proc/self/exe"
#define CHILD_WORD   "--confined-verifier"
#define NOT_CONFINED 125
#define LOG_MAX      (16 * KIB)
#define SAID_MAX     512
#define EXIT_REFUSED 5 /* of cocos-cli: the evidence was judged, and not accepted */

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_MAX   RLIM_INFINITY /* its shadow is larger than any bound */
#define MORE_SETTING "ASAN_OPTIONS=detect_leaks=0"
#else
#define MEMORY_MAX   (1 * GIB)
#define MORE_SETTING NULL
#endif

bool verifier_is_child(int argc, char **argv)
{
    return argc > 2 && strcmp(argv[1], CHILD_WORD) == 0;
}

/* --- the child ---------------------------------------------------------------------------------
 */

static const struct {
    __rlimit_resource_t resource;
    rlim_t most;
} limits[] = {
    {RLIMIT_CPU, 30}, {RLIMIT_AS, MEMORY_MAX}, {RLIMIT_FSIZE, 0},
    {RLIMIT_CORE, 0}, {RLIMIT_NOFILE, 32},
};

static bool bound(void)
{
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        const struct rlimit limit = {limits[i].most, limits[i].most};

        if (setrlimit(limits[i].resource, &limit) < 0)
            return false;
    }
    return true;
}

/* A network of its own has not even a loopback that is up. Whoever is not root needs a user
 * namespace for the others; root takes one too, so that its power ends here. */
static bool leave(void)
{
    return unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) == 0;
}

static bool make_readonly(void)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};

    return mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) == 0;
}

/* The sockets of other programs lie in the file system, whatever network one has, and theirs would
 * take us for the user that we still are: libvirt's, for one, does as root asks. */
static bool shut_sockets(void)
{
    static const int calls[] = {SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(io_uring_setup)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool done = filter != NULL;

    for (size_t i = 0; done && i < COUNT_OF(calls); i++)
        done = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0) == 0;
    done = done && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return done;
}

int verifier_become(char **argv)
{
    char *const environment[] = {(char *)"HOME=/", (char *)MORE_SETTING, NULL};

    if (!leave() || !make_readonly() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !bound() ||
        !shut_sockets()) {
        perror("the verifier cannot be confined");
        return NOT_CONFINED;
    }
    execve(argv[2], argv + 2, environment);
    perror(argv[2]);
    return NOT_CONFINED;
}

/* --- the parent --------------------------------------------------------------------------------
 */

static int run(const struct verifier_question *question, struct buf *out, struct buf *log,
               struct child_result *result, struct err *err)
{
    const char *const argv[] = {
        SELF,
        CHILD_WORD,
        question->program,
        "attestation",
        "validate",
        "--format",
        "bundle",
        "--policy",
        question->policy,
        "--nonce",
        question->nonce,
        "--json",
        question->evidence,
        NULL,
    };

    return child_run(argv, VERIFIER_TIMEOUT_MS, out, log, result, err);
}

static int tell_failure(const struct child_result *result, const struct buf *log, struct err *err)
{
    OWNED_BUF said = BUF_OF(2 * SAID_MAX);

    text_add_printable(&said, buf_span(log), SAID_MAX);
    return err_set(err, ERR_INTERNAL, "the verifier gave no verdict (exit code %d, signal %d): %s",
                   result->exit_code, result->signal, buf_str(&said));
}

int verifier_ask(const struct verifier_question *question, struct json **ret, bool *ret_accepted,
                 struct err *err)
{
    OWNED_BUF out = BUF_OF(VERIFIER_ANSWER_MAX), log = BUF_OF(LOG_MAX);
    OWNED_JSON *verdict = NULL;
    struct child_result result;
    struct err unused;
    const char *word;

    if (run(question, &out, &log, &result, err) < 0)
        return err_wrap(err, "the verifier");
    if ((result.exit_code != 0 && result.exit_code != EXIT_REFUSED) ||
        json_parse(buf_span(&out), &verdict, &unused) < 0)
        return tell_failure(&result, &log, err);
    word = json_get_str(verdict, "result");
    *ret_accepted = result.exit_code == 0 && word != NULL && strcmp(word, "accepted") == 0;
    *ret = GIVE(verdict);
    return 0;
}
