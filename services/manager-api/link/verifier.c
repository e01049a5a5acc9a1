#include "services/manager-api/link/verifier.h"

#include "lib/base/child.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "services/manager-api/link/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define SELF         "/proc/self/exe"
#define CHILD_WORD   "--confined-verifier"
#define NOT_CONFINED 125
#define LOG_MAX      (16 * KIB)
#define SAID_MAX     512
#define EXIT_REFUSED 5 /* of cocos-cli: the evidence was judged, and not accepted */

#ifdef __SANITIZE_ADDRESS__
#define MORE_SETTING "ASAN_OPTIONS=detect_leaks=0"
#else
#define MORE_SETTING NULL
#endif

bool verifier_is_child(int argc, char **argv)
{
    return argc > 2 && strcmp(argv[1], CHILD_WORD) == 0;
}

/* --- the child --- */

int verifier_become(char **argv)
{
    char *const environment[] = {(char *)"HOME=/", (char *)MORE_SETTING, NULL};

    int program_fd = confine(argv[2]);

    if (program_fd < 0) {
        fprintf(stderr, "the verifier '%s' cannot be confined: %s\n", argv[2], strerror(errno));
        return NOT_CONFINED;
    }
    execveat(program_fd, "", argv + 2, environment, AT_EMPTY_PATH);
    perror(argv[2]);
    return NOT_CONFINED;
}

/* --- the parent --- */

/* A file without a name, which nobody can change any more. */
static int put(const char *name, struct span content, int *ret, struct err *err)
{
    OWNED(close_fd) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "memory for the verifier's %s", name);
    if (file_write_fd(fd, content, err) < 0)
        return err_wrap(err, "the verifier's %s", name);
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return err_set_errno(err, ERR_SYSTEM, "the verifier's %s", name);
    *ret = fd;
    fd = -1;
    return 0;
}

/* The files' numbers are those that child.h promises. */
static int run(const struct verifier_question *question, struct buf *out, struct buf *log,
               struct child_result *result, struct err *err)
{
    static const char evidence[] = "/proc/self/fd/3", policy[] = "/proc/self/fd/4";
    const char *const argv[] = {
        SELF,       CHILD_WORD, question->program, "attestation",
        "validate", "--format", "bundle",          "--policy",
        policy,     "--nonce",  question->nonce,   "--json",
        evidence,   NULL,
    };
    OWNED(close_fd) int evidence_fd = -1;
    OWNED(close_fd) int policy_fd = -1;

    if (put("evidence", question->evidence, &evidence_fd, err) < 0 ||
        put("policy", question->policy, &policy_fd, err) < 0)
        return -1;
    const int files[] = {evidence_fd, policy_fd};
    const struct child_task task = {argv, VERIFIER_TIMEOUT_MS, files, COUNT_OF(files), out, log};

    return child_run_task(&task, result, err);
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
