/* Reports of a confidential VM by configfs-tsm, the one interface of Linux for all of them (6.7 and
 * later): a directory is made, the question is written into one file of it, the answer is read from
 * others.
 *
 * The kernel counts the writes to a directory in its `generation`. When that is not the number of
 * ours, somebody else asked in between, and the answer may be to him: then all of it is done again,
 * in a directory of another name.
 *
 * Documentation/ABI/testing/configfs-tsm of the kernel. */
#ifndef COCOS_AGENT_ATTESTER_TSM_H
#define COCOS_AGENT_ATTESTER_TSM_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/crypto/digest.h"

#define TSM_ROOT            "/sys/kernel/config/tsm/report"
#define TSM_REPORT_MAX      (64 * KIB)
#define TSM_CERTIFICATE_MAX (64 * KIB)
#define TSM_MANIFEST_MAX    (64 * KIB)

/* What differs between a kernel and a test. */
struct tsm_kernel {
    const char *root;
    int (*make)(int root_fd, const char *name);   /* mkdirat(): makes the files in it, too */
    int (*remove)(int root_fd, const char *name); /* takes the directory away with its files */
};

extern const struct tsm_kernel tsm_linux;

struct tsm_question {
    uint8_t report_data[SHA512_SIZE];
    const char *service; /* GUID of a service of the SVSM, at whose level the report is then made;
                            NULL: a report about this guest */
};

struct tsm_answer {
    char provider[32];       /* "sev_guest", "tdx_guest" */
    struct buf report;       /* the report or quote */
    struct buf certificates; /* the host's certificate table; may be empty */
    struct buf manifest;     /* of the service */
};

void tsm_answer_done(struct tsm_answer *answer);
#define OWNED_TSM_ANSWER __attribute__((cleanup(tsm_answer_done))) struct tsm_answer

/* The provider behind the interface. Errors: NOT_FOUND when there is none. */
MUST_USE int tsm_find_provider(const struct tsm_kernel *kernel, char *out, size_t size,
                               struct err *err);

/* Asks. Errors: NOT_FOUND (no such interface), UNSUPPORTED (no such service), SYSTEM. */
MUST_USE int tsm_ask(const struct tsm_kernel *kernel, const struct tsm_question *question,
                     struct tsm_answer *ret, struct err *err);

#endif
