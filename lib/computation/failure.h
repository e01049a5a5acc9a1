/* Why a computation failed, in terms that its parties can act on.
 *
 * This is public: whoever asks for the state reads it, and the host does. So it never quotes what
 * an algorithm said or what a party sent; such things go to the log, for those whom the manifest
 * names. */
#ifndef COCOS_COMPUTATION_FAILURE_H
#define COCOS_COMPUTATION_FAILURE_H

#include "lib/json/json.h"

enum failure_kind {
    FAILURE_NONE,
    FAILURE_EXIT,         /* the algorithm ended with exit_code */
    FAILURE_SIGNAL,       /* a signal ended it */
    FAILURE_TIMEOUT,      /* it ran longer than run.timeout */
    FAILURE_MEMORY,       /* it took more than run.memory_mib */
    FAILURE_DISK,         /* it filled results/, or there is no room to pack them */
    FAILURE_PROCESSES,    /* it made too many processes */
    FAILURE_START,        /* it could not be started here */
    FAILURE_REQUIREMENTS, /* this image does not have what it requires */
    FAILURE_RESULT,       /* its results cannot be packed */
    FAILURE_CONFIG,       /* what the share says about this VM cannot be used */
    FAILURE_MANIFEST,     /* the manifest in the share cannot be used */
    FAILURE_LAUNCH,       /* this machine was not made from the IGVM file in the share */
    FAILURE_CRASH,        /* the process of the computation died, and everything with it */
    FAILURE_KIND_COUNT
};

extern const char *const failure_kind_names[]; /* "none", "exit" ..., NULL-terminated */

struct failure {
    enum failure_kind kind;
    int exit_code;    /* -1: none */
    int signal;       /* 0: none */
    char limit[64];   /* which bound was met, "512 MiB"; "" for none */
    char detail[256]; /* a sentence */
};

/* Fills in a failure without exit code and signal. */
void failure_set(struct failure *failure, enum failure_kind kind, const char *limit,
                 const char *detail, ...) PRINTF_LIKE(4, 5);

/* {kind, exit_code, signal, limit, detail}; what there is none of is null. */
struct json *failure_encode(const struct failure *failure);

#endif
