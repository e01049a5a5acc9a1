/* The certificate of a PCK, the key of a platform's provisioning enclave that vouches for quoting
 * enclaves: which platform it is, and at which TCB it may use the key.
 *
 * Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5. */
#ifndef COCOS_ATTEST_PCK_CERT_H
#define COCOS_ATTEST_PCK_CERT_H

#include "lib/crypto/x509.h"

#define PCK_COMPONENTS 16
#define PCK_FMSPC_SIZE 6
#define PCK_PCEID_SIZE 2

enum pck_platform { PCK_STANDARD, PCK_SCALABLE, PCK_SCALABLE_INTEGRITY, PCK_PLATFORM_COUNT };
extern const char *const pck_platform_names[PCK_PLATFORM_COUNT];

struct pck_cert {
    const struct key *key; /* P-256, borrowed from the certificate */
    uint8_t ppid[16];
    uint8_t components[PCK_COMPONENTS]; /* SVNs of the SGX TCB */
    uint16_t pce_svn;
    uint8_t cpu_svn[16];
    uint8_t pce_id[PCK_PCEID_SIZE];
    uint8_t fmspc[PCK_FMSPC_SIZE];
    enum pck_platform platform;
    bool has_instance_id;
    uint8_t instance_id[16];
    bool has_configuration; /* platforms with several packages */
    bool dynamic_platform, cached_keys, smt_enabled;
};

/* Reads what the certificate says: the SGX extension, complete, in DER, with nothing in it that is
 * not known. Proves nothing: whose certificate it is, says the chain. Errors: INPUT naming the
 * part.
 */
MUST_USE int pck_cert_read(const struct x509 *cert, struct pck_cert *ret, struct err *err);

/* The same of the content of the extension alone; leaves the key alone. Errors: INPUT. */
MUST_USE int pck_cert_read_extension(struct span content, struct pck_cert *ret, struct err *err);

#endif
