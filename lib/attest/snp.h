/* What evidence, endorsements and appraisal of SEV-SNP share: processors and TCB versions. */
#ifndef COCOS_ATTEST_SNP_H
#define COCOS_ATTEST_SNP_H

#include <stdbool.h>
#include <stdint.h>

#define SNP_CHIP_ID_SIZE       64
#define SNP_CHIP_ID_SIZE_TURIN 8 /* the rest of the field is zero there */

enum snp_product {
    SNP_PRODUCT_UNKNOWN,
    SNP_MILAN,
    SNP_GENOA, /* Bergamo and Siena too: they share its keys */
    SNP_TURIN,
    SNP_PRODUCT_COUNT
};

/* "Milan"; "unknown". */
const char *snp_product_name(enum snp_product product);
enum snp_product snp_product_of_name(const char *name);
/* By family and model of CPUID leaf 1, with the extended parts added. */
enum snp_product snp_product_of_cpuid(uint8_t family, uint8_t model);

/* The security version numbers of a TCB, each its own axis: two TCBs are never compared as a whole.
 */
enum snp_tcb_part {
    SNP_TCB_FMC,
    SNP_TCB_BL,
    SNP_TCB_TEE,
    SNP_TCB_SNP,
    SNP_TCB_UCODE,
    SNP_TCB_PARTS
};

struct snp_tcb {
    bool has[SNP_TCB_PARTS]; /* fmc is Turin's alone */
    uint8_t svn[SNP_TCB_PARTS];
    uint64_t reserved; /* the bytes that this product does not use */
};

/* "fmc" "bl" "tee" "snp" "ucode" */
extern const char *const snp_tcb_part_names[SNP_TCB_PARTS];

/* Reads the eight bytes in the layout of the product, which must be a known one. */
struct snp_tcb snp_tcb_of(uint64_t raw, enum snp_product product);

#endif
