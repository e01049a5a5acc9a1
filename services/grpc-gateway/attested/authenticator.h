/* The answer of the older attested TLS: an exported authenticator (RFC 9261) of the server, whose
 * certificate has the evidence in an extension. Pure.
 *
 * Certificate ‖ CertificateVerify ‖ Finished, over what both ends export from their connection. The
 * extension is a document of JSON: the evidence, and how it belongs to the connection:
 *
 *   E = exporter("Attestation", the request's context, 32 bytes)
 *   binding = H(SubjectPublicKeyInfo ‖ E)
 *   report data = SHA-512(binding), nonce = SHA-256(E)
 *
 * H is the hash of the cipher suite. */
#ifndef COCOS_GATEWAY_ATTESTED_AUTHENTICATOR_H
#define COCOS_GATEWAY_ATTESTED_AUTHENTICATOR_H

#include "services/grpc-gateway/attested/request.h"

#include "lib/attest/evidence/legacy_eat.h"
#include "services/grpc-gateway/h2/tls.h"

#define ATTESTED_EXPORTED_SIZE 32
#define ATTESTED_HASH_MAX      SHA384_SIZE
#define ATTESTED_LABEL         "Attestation"
#define ATTESTED_LABEL_CONTEXT "EXPORTER-server authenticator handshake context"
#define ATTESTED_LABEL_KEY     "EXPORTER-server authenticator finished key"

#define ATTESTED_CERTIFICATES_MAX 8
#define ATTESTED_DOCUMENT_MAX     65533u
#define ATTESTED_ANSWER_MAX       (128 * KIB - 4 * KIB)

/* Of one connection. */
struct attested_secrets {
    enum digest_alg hash;
    uint8_t context[ATTESTED_HASH_MAX], finished_key[ATTESTED_HASH_MAX]; /* digest_size(hash) */
    uint8_t exported[ATTESTED_EXPORTED_SIZE];                            /* E */
};

struct attested_server {
    EVP_PKEY *key; /* on P-256 */
    size_t count;
    struct span certificates[ATTESTED_CERTIFICATES_MAX]; /* DER, the leaf first */
    struct span spki;                                    /* of the leaf */
};

/* What the evidence is asked over. */
void attested_demand(const struct attested_secrets *secrets, const struct attested_server *server,
                     struct legacy_demand *ret);

/* Appends the frame. Errors: TOO_LARGE (the evidence, for the form), INTERNAL. */
struct attested_answer {
    const struct attested_secrets *secrets;
    const struct attested_server *server;
    const struct attested_request *request;
    struct span evidence; /* an EAT in CBOR */
};
MUST_USE int attested_answer_write(const struct attested_answer *answer, struct buf *out,
                                   struct err *err);

#endif
