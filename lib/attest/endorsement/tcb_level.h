/* What Intel says about a TCB: a status, the day it is from, and advisories that apply. A platform
 * has several, for processor, quoting enclave and TDX module; the whole is as bad as all of them.
 *
 * A status is a set of what is wrong, so that merging is a union: Intel's names are the sets that
 * it uses. */
#ifndef COCOS_ATTEST_TCB_LEVEL_H
#define COCOS_ATTEST_TCB_LEVEL_H

#include "lib/base/err.h"
#include "lib/json/json.h"

#define TCB_HARDENING     (1u << 0) /* software must defend itself */
#define TCB_CONFIGURATION (1u << 1) /* the platform must be set up otherwise */
#define TCB_OUT_OF_DATE   (1u << 2)
#define TCB_REVOKED       (1u << 3)

#define TCB_ADVISORIES_MAX 64
#define TCB_LEVELS_MAX     256

/* "UpToDate", "OutOfDateConfigurationNeeded". */
const char *tcb_status_name(unsigned status);

/* The other way round; -1 for a name that is none of Intel's. */
MUST_USE int tcb_status_find(const char *name, unsigned *ret);

struct tcb_level {
    unsigned status;
    int64_t date;                  /* 0 when it is not told */
    const struct json *advisories; /* a list of texts, or NULL */
};

/* The members of a level that say what it is worth. Errors: INPUT. */
MUST_USE int tcb_level_read(const struct json *json, struct tcb_level *ret, struct err *err);

/* Of a list of levels, highest first, the first whose isvsvn is at most svn. Errors: UNTRUSTED
 * (there is none), INPUT. */
MUST_USE int tcb_level_find(const struct json *levels, uint32_t svn, struct tcb_level *ret,
                            struct err *err);

/* What was found, all together. Texts are borrowed from the documents. */
struct tcb_standing {
    unsigned status;
    const char *advisories[TCB_ADVISORIES_MAX]; /* each once */
    size_t advisory_count;
};

/* Errors: INPUT (an advisory that is no text, or too many). */
MUST_USE int tcb_standing_add(struct tcb_standing *standing, const struct tcb_level *level,
                              struct err *err);

#endif
