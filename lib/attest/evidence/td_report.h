/* What the TDX module says about a guest: the body of a TDX quote. TD 1.5 adds two fields to
 * TD 1.0. Says what the report says; what of it is acceptable, the appraisal decides.
 *
 * Intel TDX Module Base Architecture Specification, TDREPORT_STRUCT and TD ATTRIBUTES; Intel TDX
 * DCAP Quoting Library API, "TD Quote Body". */
#ifndef COCOS_ATTEST_TD_REPORT_H
#define COCOS_ATTEST_TD_REPORT_H

#include "lib/attest/evidence/dcap_quote.h"
#include "lib/attest/evidence/pcr.h"

/* ATTRIBUTES. Bits 0 to 7 are "TD under debug": a guest with any of them set is open to its host.
 */
#define TD_ATTR_UNDER_DEBUG     0xffULL
#define TD_ATTR_DEBUG           (1ULL << 0)
#define TD_ATTR_LASS            (1ULL << 27)
#define TD_ATTR_SEPT_VE_DISABLE (1ULL << 28)
#define TD_ATTR_MIGRATABLE      (1ULL << 29)
#define TD_ATTR_PKS             (1ULL << 30)
#define TD_ATTR_KL              (1ULL << 31)
#define TD_ATTR_TPA             (1ULL << 62)
#define TD_ATTR_PERFMON         (1ULL << 63)
#define TD_ATTR_KNOWN                                                                              \
    (TD_ATTR_UNDER_DEBUG | TD_ATTR_LASS | TD_ATTR_SEPT_VE_DISABLE | TD_ATTR_MIGRATABLE |           \
     TD_ATTR_PKS | TD_ATTR_KL | TD_ATTR_TPA | TD_ATTR_PERFMON)

#define TD_SVN_SIZE 16

struct td_report {
    bool is_15; /* TD 1.5 */
    uint8_t tee_tcb_svn[TD_SVN_SIZE];
    uint8_t mrseam[SHA384_SIZE], mrsignerseam[SHA384_SIZE];
    uint64_t seam_attributes, td_attributes, xfam;
    uint8_t mrtd[SHA384_SIZE];
    uint8_t mrconfigid[SHA384_SIZE], mrowner[SHA384_SIZE], mrownerconfig[SHA384_SIZE];
    uint8_t rtmr[RTMR_COUNT][SHA384_SIZE];
    uint8_t report_data[64];
    uint8_t tee_tcb_svn_2[TD_SVN_SIZE]; /* TD 1.5: of the module that runs now */
    uint8_t mrservicetd[SHA384_SIZE];   /* TD 1.5: of the service TDs that are bound; zero: none */
};

/* in: TD_REPORT_SIZE or TD_REPORT_15_SIZE bytes. Errors: INPUT (another length). */
MUST_USE int td_report_parse(struct span in, struct td_report *ret, struct err *err);

#endif
