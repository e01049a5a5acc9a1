/* A quote by one of Intel's quoting enclaves, as bytes: what was signed, by which key, and what
 * came along to show whose key that is. SGX enclaves and TDX guests share the form; what the body
 * says is sgx_report.h and td_report.h.
 *
 * Versions: 3 for SGX; 4 and 5 for TDX, where 5 tells the kind of its body (TD 1.0, TD 1.5). The
 * key is ECDSA P-256, the certificates come as PEM; everything else that the format allows is
 * refused.
 *
 * Intel SGX ECDSA Quote Library API, appendix A.4; Intel TDX DCAP Quoting Library API, appendix A.
 */
#ifndef COCOS_ATTEST_DCAP_QUOTE_H
#define COCOS_ATTEST_DCAP_QUOTE_H

#include "lib/base/err.h"
#include "lib/base/span.h"

#define DCAP_SIGNATURE_SIZE 64 /* r ‖ s, big-endian */
#define DCAP_KEY_SIZE       64 /* x ‖ y, big-endian */
#define DCAP_USER_DATA_SIZE 20

#define SGX_REPORT_SIZE   384
#define TD_REPORT_SIZE    584
#define TD_REPORT_15_SIZE 648

enum dcap_tee { DCAP_SGX, DCAP_TDX };

struct dcap_quote {
    unsigned version;
    enum dcap_tee tee;
    uint16_t qe_svn, pce_svn; /* version 3; reserved later */
    uint8_t user_data[DCAP_USER_DATA_SIZE];
    size_t end; /* where the quote ends; what follows is none of it */

    /* All borrowed from the input. */
    struct span signed_part; /* header and body */
    struct span body;        /* by its length: SGX, TD 1.0 or TD 1.5 */
    struct span signature;   /* of signed_part, by attestation_key */
    struct span attestation_key;
    struct span qe_report;           /* SGX_REPORT_SIZE bytes */
    struct span qe_report_signature; /* by the PCK */
    struct span qe_auth;
    struct span certificates; /* PEM: PCK, its issuer, the root */
};

/* Reads a quote; further bytes may follow it. Errors: INPUT, naming the byte offset. */
MUST_USE int dcap_quote_parse(struct span in, struct dcap_quote *ret, struct err *err);

/* True for bytes that begin like a quote of the kind: cheap, and generous with damaged ones. */
bool dcap_quote_detect(struct span in, enum dcap_tee tee);

#endif
