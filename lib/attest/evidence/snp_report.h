/* The attestation report of AMD SEV-SNP, as bytes and as fields. Says what the report says; judges
 * nothing but its form.
 *
 * Versions 2, 3 (names the CPU) and 5 (names mitigations) are read; their layouts agree but for
 * fields that were reserved before. What the ABI demands to be zero is demanded: a reserved byte
 * that is set means that we do not understand this report, and what we do not understand we do not
 * accept.
 *
 * AMD 56860 (SEV-SNP firmware ABI), ATTESTATION_REPORT. */
#ifndef COCOS_ATTEST_SNP_REPORT_H
#define COCOS_ATTEST_SNP_REPORT_H

#include "lib/attest/snp.h"
#include "lib/base/err.h"
#include "lib/base/span.h"

#define SNP_REPORT_SIZE        1184 /* 0x4a0 */
#define SNP_REPORT_SIGNED_SIZE 672  /* 0x2a0: what the signature covers */
#define SNP_SCALAR_SIZE        48   /* of P-384 */

#define SNP_VMPL_HOST UINT32_MAX /* in place of a level: no guest asked for the report */

/* Guest policy: what the owner of the guest demanded at launch. */
#define SNP_POLICY_SMT               (1ULL << 16)
#define SNP_POLICY_RESERVED_ONE      (1ULL << 17)
#define SNP_POLICY_MIGRATE_MA        (1ULL << 18)
#define SNP_POLICY_DEBUG             (1ULL << 19)
#define SNP_POLICY_SINGLE_SOCKET     (1ULL << 20)
#define SNP_POLICY_CXL_ALLOW         (1ULL << 21)
#define SNP_POLICY_MEM_AES_256_XTS   (1ULL << 22)
#define SNP_POLICY_RAPL_DIS          (1ULL << 23)
#define SNP_POLICY_CIPHERTEXT_HIDING (1ULL << 24)
#define SNP_POLICY_PAGE_SWAP_DISABLE (1ULL << 25)
#define SNP_POLICY_KNOWN             0x3ffffffULL

/* Platform info: what the machine was like. Bits that are new here are not refused: firmware sets
 * them before documents name them. */
#define SNP_PLATFORM_SMT_EN               (1ULL << 0)
#define SNP_PLATFORM_TSME_EN              (1ULL << 1)
#define SNP_PLATFORM_ECC_EN               (1ULL << 2)
#define SNP_PLATFORM_RAPL_DIS             (1ULL << 3)
#define SNP_PLATFORM_CIPHERTEXT_HIDING_EN (1ULL << 4)
#define SNP_PLATFORM_ALIAS_CHECK_COMPLETE (1ULL << 5)
#define SNP_PLATFORM_TIO_EN               (1ULL << 7)

enum snp_signing_key { SNP_SIGNED_BY_VCEK = 0, SNP_SIGNED_BY_VLEK = 1, SNP_SIGNED_BY_NONE = 7 };

struct snp_firmware {
    uint8_t major, minor, build;
};

struct snp_report {
    uint32_t version;
    uint32_t guest_svn;
    uint64_t policy;
    uint8_t family_id[16], image_id[16];
    uint32_t vmpl; /* 0 to 3; UINT32_MAX when the host asked for the report */
    uint32_t signature_algo;
    uint64_t current_tcb, reported_tcb, committed_tcb, launch_tcb; /* snp_tcb_of() reads them */
    uint64_t platform_info;
    bool author_key_enabled, chip_key_masked;
    enum snp_signing_key signing_key;
    uint8_t report_data[64];
    uint8_t measurement[48];
    uint8_t host_data[32];
    uint8_t id_key_digest[48], author_key_digest[48];
    uint8_t report_id[32], report_id_ma[32];
    bool has_cpuid; /* version 3 and later */
    uint8_t family, model, stepping;
    uint8_t chip_id[SNP_CHIP_ID_SIZE];
    struct snp_firmware current_firmware, committed_firmware;
    bool has_mitigations; /* version 5 */
    uint64_t launch_mitigations, current_mitigations;

    uint8_t signature[2 * SNP_SCALAR_SIZE]; /* r and s, big-endian */
    struct span signed_part;                /* borrowed from the input */
};

/* Reads a report. in: exactly SNP_REPORT_SIZE bytes, borrowed by report->signed_part. Errors:
 * INPUT, naming the byte offset. */
MUST_USE int snp_report_parse(struct span in, struct snp_report *report, struct err *err);

/* The product that the report itself names; SNP_PRODUCT_UNKNOWN before version 3, and for CPUs we
 * do not know. */
enum snp_product snp_report_product(const struct snp_report *report);

#endif
