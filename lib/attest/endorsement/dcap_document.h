/* The two documents by which Intel says what platforms and quoting enclaves are worth: JSON, signed
 * over the exact bytes as they are written. What they have in common is here; dcap_tcb_info.h and
 * qe_identity.h read the rest.
 *
 * Intel SGX and TDX Provisioning Certification Service, "TCB Info V3", "Enclave Identity V2". */
#ifndef COCOS_ATTEST_DCAP_DOCUMENT_H
#define COCOS_ATTEST_DCAP_DOCUMENT_H

#include "lib/attest/endorsement/tcb_level.h"
#include "lib/crypto/key.h"

#define DCAP_DOCUMENT_MAX            (1 * MIB)
#define DCAP_DOCUMENT_SIGNATURE_SIZE 64

enum dcap_document_kind { DCAP_TCB_INFO, DCAP_QE_IDENTITY };

struct dcap_document {
    enum dcap_document_kind kind;
    struct span text; /* borrowed: what was signed */
    uint8_t signature[DCAP_DOCUMENT_SIGNATURE_SIZE];
    struct json *json;
    const char *id; /* "TDX", "SGX"; "TD_QE", "QE" */
    int64_t issued, expires;
    uint32_t evaluation; /* tcbEvaluationDataNumber */
};

void dcap_document_done(struct dcap_document *document);

/* Reads what every such document says. signature: hex. Errors: INPUT, MALFORMED. On failure ret is
 * empty. */
MUST_USE int dcap_document_read(enum dcap_document_kind kind, struct span text,
                                const char *signature, struct dcap_document *ret, struct err *err);

/* UNTRUSTED unless key signed it. */
MUST_USE int dcap_document_check_signature(const struct dcap_document *document,
                                           const struct key *key, struct err *err);

/* UNTRUSTED when now is before it was issued or after it should have been replaced. */
MUST_USE int dcap_document_check_time(const struct dcap_document *document, int64_t now,
                                      struct err *err);

/* A member that is hex of exactly len bytes. Errors: INPUT. */
MUST_USE int dcap_document_hex(const struct json *object, const char *key, uint8_t *to, size_t len,
                               struct err *err);

/* "TCB info", "QE identity" */
const char *dcap_document_name(enum dcap_document_kind kind);

#endif
