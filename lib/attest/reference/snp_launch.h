/* The SEV-SNP launch digest: what the firmware of the processor computes over the pages that a
 * hypervisor puts into a VM before it starts, and what MEASUREMENT of a report then says.
 *
 * LD(0) = 48 zero bytes; for each page LD(i+1) = SHA-384(PAGE_INFO), where PAGE_INFO is 0x70 bytes:
 * LD(i) | SHA-384 of the page (zeros for pages that are not measured by content) | length | type |
 * IMI | VMPL masks | GPA. Source: AMD 56860, SEV-SNP firmware ABI, section 8.17.2, table 67. */
#ifndef COCOS_ATTEST_REFERENCE_SNP_LAUNCH_H
#define COCOS_ATTEST_REFERENCE_SNP_LAUNCH_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/crypto/digest.h"

#define SNP_PAGE_SIZE 4096u
#define SNP_VMSA_GPA  0xfffffffff000ULL

enum snp_page_type {
    SNP_PAGE_NORMAL = 1,
    SNP_PAGE_VMSA = 2,
    SNP_PAGE_ZERO = 3,
    SNP_PAGE_UNMEASURED = 4,
    SNP_PAGE_SECRETS = 5,
    SNP_PAGE_CPUID = 6
};

struct snp_launch {
    uint8_t digest[SHA384_SIZE];
    struct digest *sha384; /* borrowed; a page costs two digests, which should cost nothing else */
};

/* A launch that has seen no page. It may be copied, and goes on from its digest with any other
 * sha384 as well. */
void snp_launch_begin(struct snp_launch *launch, struct digest *sha384);

/* One page; content is 4096 bytes and looked at for NORMAL and VMSA only (else it may be empty). */
void snp_launch_add_page(struct snp_launch *launch, enum snp_page_type type, uint64_t gpa,
                         struct span content);

/* One page whose SHA-384 is known already. */
void snp_launch_add_digest(struct snp_launch *launch, enum snp_page_type type, uint64_t gpa,
                           const uint8_t content[static SHA384_SIZE]);

/* Whole pages of content from gpa on, each NORMAL; content.len is a multiple of 4096. */
void snp_launch_add_region(struct snp_launch *launch, uint64_t gpa, struct span content);

/* count pages of a type that has no content. */
void snp_launch_add_empty(struct snp_launch *launch, enum snp_page_type type, uint64_t gpa,
                          uint64_t count);

#endif
