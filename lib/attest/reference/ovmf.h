/* What an OVMF firmware file says about itself: the table of GUIDs before its reset vector, and the
 * SEV and TDX metadata that the table points to. Nothing is judged here but form; every offset is
 * checked in 64 bit.
 *
 * Sources: edk2 OvmfPkg/ResetVector (GUIDed structure ends 32 bytes before the end of the file),
 * OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm, Intel TDX Virtual Firmware Design Guide, section 11.
 */
#ifndef COCOS_ATTEST_REFERENCE_OVMF_H
#define COCOS_ATTEST_REFERENCE_OVMF_H

#include "lib/base/err.h"
#include "lib/base/span.h"

#define OVMF_SIZE_MAX     (64 * MIB)
#define OVMF_SECTIONS_MAX 64

enum ovmf_section_type {
    OVMF_SEC_MEM = 1,
    OVMF_SECRETS = 2,
    OVMF_CPUID = 3,
    OVMF_SVSM_CAA = 4,
    OVMF_KERNEL_HASHES = 0x10
};

struct ovmf_section {
    uint32_t gpa;
    uint32_t size;
    uint32_t type;
};

enum tdvf_section_attribute { TDVF_MR_EXTEND = 1, TDVF_PAGE_AUG = 2 };

enum tdvf_section_type {
    TDVF_BFV,
    TDVF_CFV,
    TDVF_TD_HOB,
    TDVF_TEMP_MEM,
    TDVF_PERM_MEM,
    TDVF_PAYLOAD,
    TDVF_PAYLOAD_PARAM
};

struct tdvf_section {
    uint32_t data_offset;
    uint32_t raw_size;
    uint64_t address;
    uint64_t memory_size;
    uint32_t type;
    uint32_t attributes;
};

struct ovmf {
    struct span image; /* the whole file, borrowed */
    bool has_reset_block;
    uint32_t ap_eip; /* where application processors start */
    bool has_hash_table;
    uint32_t hash_table_gpa;
    uint32_t hash_table_size;
    bool has_svsm_info;
    uint32_t svsm_launch_offset;
    size_t section_count; /* SEV metadata; 0 when there is none */
    struct ovmf_section sections[OVMF_SECTIONS_MAX];
    size_t tdvf_count; /* TDX metadata; 0 when there is none */
    struct tdvf_section tdvf[OVMF_SECTIONS_MAX];
};

/* Reads the tables of image, a firmware file whose size is a multiple of 4 KiB. A file without the
 * GUIDed table is no OVMF: INPUT. Everything in ret that the file does not have is zero. */
MUST_USE int ovmf_parse(struct span image, struct ovmf *ret, struct err *err);

/* The section of that type; NULL when there is none. */
const struct ovmf_section *ovmf_find_section(const struct ovmf *ovmf, uint32_t type);

/* The guest address at which the image begins: it ends at 4 GiB. */
uint64_t ovmf_gpa(const struct ovmf *ovmf);

#endif
