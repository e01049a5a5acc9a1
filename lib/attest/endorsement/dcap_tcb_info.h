/* TCB info: which levels of firmware, microcode and TDX module a family of platforms has had, and
 * what each is worth. */
#ifndef COCOS_ATTEST_DCAP_TCB_INFO_H
#define COCOS_ATTEST_DCAP_TCB_INFO_H

#include "lib/attest/endorsement/dcap_document.h"
#include "lib/attest/endorsement/pck_cert.h"
#include "lib/attest/evidence/td_report.h"

/* True when the document is about the platform, for SGX ("SGX") or TDX ("TDX"). */
bool dcap_tcb_info_is_of(const struct dcap_document *info, const char *id,
                         const struct pck_cert *pck);

/* The first level that the platform reaches in all components: those of SGX and the PCE as its PCK
 * certificate has them and, with td, those of TDX as the TD's report has them. Errors: UNTRUSTED
 * (there is none), INPUT. */
MUST_USE int dcap_tcb_info_find_level(const struct dcap_document *info, const struct pck_cert *pck,
                                      const struct td_report *td, struct tcb_level *ret,
                                      struct err *err);

/* The TDX module that reported: it is one that Intel signed, with the attributes that Intel
 * demands. What it is worth goes to ret; a module of version 0 is part of the platform's level, and
 * UpToDate here. Errors: UNTRUSTED (another module, or no level), INPUT. */
MUST_USE int dcap_tcb_info_check_module(const struct dcap_document *info,
                                        const struct td_report *td, struct tcb_level *ret,
                                        struct err *err);

#endif
