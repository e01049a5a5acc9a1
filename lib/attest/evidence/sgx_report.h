/* What the processor says about an SGX enclave: the body of an SGX quote, and of the report by
 * which a quoting enclave shows itself.
 *
 * Intel SDM volume 3D, REPORT; Intel SGX ECDSA Quote Library API, "Enclave Report Body". */
#ifndef COCOS_ATTEST_SGX_REPORT_H
#define COCOS_ATTEST_SGX_REPORT_H

#include "lib/attest/evidence/dcap_quote.h"

/* ATTRIBUTES, the first eight bytes. */
#define SGX_FLAG_INIT          (1ULL << 0)
#define SGX_FLAG_DEBUG         (1ULL << 1)
#define SGX_FLAG_MODE64BIT     (1ULL << 2)
#define SGX_FLAG_PROVISION_KEY (1ULL << 4)
#define SGX_FLAG_EINITTOKEN    (1ULL << 5)
#define SGX_FLAG_CET           (1ULL << 6)
#define SGX_FLAG_KSS           (1ULL << 7)
#define SGX_FLAG_AEX_NOTIFY    (1ULL << 10)
#define SGX_FLAGS_KNOWN                                                                            \
    (SGX_FLAG_INIT | SGX_FLAG_DEBUG | SGX_FLAG_MODE64BIT | SGX_FLAG_PROVISION_KEY |                \
     SGX_FLAG_EINITTOKEN | SGX_FLAG_CET | SGX_FLAG_KSS | SGX_FLAG_AEX_NOTIFY)

struct sgx_report {
    uint8_t cpu_svn[16];
    uint32_t misc_select;
    uint8_t isv_ext_prod_id[16];
    uint8_t attributes[16]; /* flags and xfrm, as they are written */
    uint64_t flags, xfrm;
    uint8_t mr_enclave[32], mr_signer[32];
    uint8_t config_id[64];
    uint16_t isv_prod_id, isv_svn, config_svn;
    uint8_t isv_family_id[16];
    uint8_t report_data[64];
};

/* in: SGX_REPORT_SIZE bytes. Errors: INPUT naming the byte of in: another length, or a reserved
 * byte that is not zero. */
MUST_USE int sgx_report_parse(struct span in, struct sgx_report *ret, struct err *err);

#endif
