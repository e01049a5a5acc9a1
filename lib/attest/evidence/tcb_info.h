/* What a layer measured, in the words of the TCG: DiceTcbInfo and MultiTcbInfo, extensions of a
 * certificate.
 *
 * TCG DICE Attestation Architecture 1.1, section 6.1. */
#ifndef COCOS_ATTEST_EVIDENCE_TCB_INFO_H
#define COCOS_ATTEST_EVIDENCE_TCB_INFO_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/json/json.h"

#define OID_TCB_INFO       "2.23.133.5.4.1"
#define OID_MULTI_TCB_INFO "2.23.133.5.4.5"

#define TCB_INFO_MAX       8 /* in one certificate */
#define TCB_INFO_FWIDS_MAX 16

/* Operational flags: what is wrong with the layer, as bits of `flags`. */
enum tcb_flag {
    TCB_NOT_CONFIGURED = 1 << 0,
    TCB_NOT_SECURE = 1 << 1,
    TCB_RECOVERY = 1 << 2,
    TCB_DEBUG = 1 << 3,
    TCB_NOT_REPLAY_PROTECTED = 1 << 4,
    TCB_NOT_INTEGRITY_PROTECTED = 1 << 5,
    TCB_NOT_RUNTIME_MEASURED = 1 << 6,
    TCB_NOT_IMMUTABLE = 1 << 7,
    TCB_NOT_TCB = 1 << 8,
};
/* Those under which no layer can be trusted to be what its certificate says. */
#define TCB_UNFIT (TCB_NOT_CONFIGURED | TCB_NOT_SECURE | TCB_RECOVERY | TCB_DEBUG)

struct tcb_fwid {
    struct span oid; /* of the hash algorithm, its content */
    struct span digest;
};

/* All spans are borrowed; what is not there is empty. */
struct tcb_info {
    struct span vendor, model, version; /* text */
    bool has_svn, has_layer, has_index, has_flags;
    uint64_t svn, layer, index;
    size_t fwid_count;
    struct tcb_fwid fwids[TCB_INFO_FWIDS_MAX];
    uint32_t flags;
    struct span vendor_info, type;
};

struct tcb_infos {
    size_t count;
    struct tcb_info items[TCB_INFO_MAX];
};

/* Reads the content of one of the two extensions; items are added to ret. Errors: INPUT. */
MUST_USE int tcb_info_parse(struct span content, bool multi, struct tcb_infos *ret,
                            struct err *err);

/* "debug, not secure": the unfit ones among flags. Appended to out. */
void tcb_info_write_flags(uint32_t flags, struct buf *out);

/* A fresh object for the caller, for claims. */
struct json *tcb_info_claims(const struct tcb_info *info);

#endif
