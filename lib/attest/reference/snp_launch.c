#include "lib/attest/reference/snp_launch.h"

#define PAGE_INFO_SIZE 0x70

static const uint8_t no_content[SHA384_SIZE];

void snp_launch_begin(struct snp_launch *launch, struct digest *sha384)
{
    *launch = (struct snp_launch){.sha384 = sha384};
}

void snp_launch_add_digest(struct snp_launch *launch, enum snp_page_type type, uint64_t gpa,
                           const uint8_t content[static SHA384_SIZE])
{
    uint8_t info[PAGE_INFO_SIZE] = {0};

    memcpy(info, launch->digest, SHA384_SIZE);
    memcpy(info + 0x30, content, SHA384_SIZE);
    info[0x60] = PAGE_INFO_SIZE; /* u16, little-endian */
    info[0x62] = (uint8_t)type;
    for (size_t i = 0; i < 8; i++)
        info[0x68 + i] = (uint8_t)(gpa >> (8 * i));
    digest_add(launch->sha384, SPAN_OF_ARRAY(info));
    digest_finish(launch->sha384, launch->digest);
}

void snp_launch_add_page(struct snp_launch *launch, enum snp_page_type type, uint64_t gpa,
                         struct span content)
{
    uint8_t digest[SHA384_SIZE];

    if (type != SNP_PAGE_NORMAL && type != SNP_PAGE_VMSA) {
        snp_launch_add_digest(launch, type, gpa, no_content);
        return;
    }
    digest_add(launch->sha384, content);
    digest_finish(launch->sha384, digest);
    snp_launch_add_digest(launch, type, gpa, digest);
}

void snp_launch_add_region(struct snp_launch *launch, uint64_t gpa, struct span content)
{
    for (size_t at = 0; at < content.len; at += SNP_PAGE_SIZE)
        snp_launch_add_page(launch, SNP_PAGE_NORMAL, gpa + at,
                            span_part(content, at, SNP_PAGE_SIZE));
}

void snp_launch_add_empty(struct snp_launch *launch, enum snp_page_type type, uint64_t gpa,
                          uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        snp_launch_add_digest(launch, type, gpa + i * SNP_PAGE_SIZE, no_content);
}
