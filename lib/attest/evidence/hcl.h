/* What the paravisor of an Azure confidential VM leaves in its TPM (NV index 0x01400001): a report
 * of the hardware, made once at boot, and the runtime data that the report's data field is the hash
 * of. The runtime data is JSON and names the keys of the VM's TPM; that is what ties a quote of
 * that TPM to the hardware.
 *
 * Layout: header of 32 bytes "HCLA", report in 1184 bytes, header of 20 bytes, JSON, zeros. */
#ifndef COCOS_ATTEST_EVIDENCE_HCL_H
#define COCOS_ATTEST_EVIDENCE_HCL_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/crypto/key.h"
#include "lib/json/json.h"

#define HCL_REPORT_DATA_SIZE 64

enum hcl_hardware { HCL_SNP = 2, HCL_TDX = 4 };

struct hcl {
    enum hcl_hardware hardware;
    struct span report; /* SNP: 1184 bytes; TDX: a TDREPORT, which only its own machine can check */
    struct span runtime; /* the JSON, as it was hashed; borrowed, as is the report */
};

/* Errors: INPUT with the offset: malformed, a hash other than SHA-256, or something other than
 * zeros after the end. */
MUST_USE int hcl_parse(struct span in, struct hcl *ret, struct err *err);

/* What the hardware's report data must be: SHA-256 of the runtime data, and zeros. */
void hcl_report_data(const struct hcl *hcl, uint8_t out[static HCL_REPORT_DATA_SIZE]);

/* The attestation key of the VM's TPM, a fresh key for the caller; config (may be NULL) gets what
 * the runtime data says about the VM, or NULL. Errors: INPUT, MALFORMED: no such key, or two. */
MUST_USE int hcl_read_runtime(const struct hcl *hcl, struct key **ret_ak, struct json **ret_config,
                              struct err *err);

#endif
