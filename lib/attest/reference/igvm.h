/* IGVM files: the whole initial state of a confidential VM in one file, and the launch digest it
 * yields.
 *
 * The parser is strict: version 1 and 2 fixed headers, CRC, order of sections (platform,
 * initialization, directive), every length and offset checked in 64 bit against the file. Source:
 * microsoft/igvm, igvm_defs; the measurement follows coconut-svsm/svsm, tools/igvmmeasure. */
#ifndef COCOS_ATTEST_REFERENCE_IGVM_H
#define COCOS_ATTEST_REFERENCE_IGVM_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/crypto/digest.h"

#define IGVM_SIZE_MAX    (1 * GIB)
#define IGVM_HEADERS_MAX 1048576

enum igvm_platform {
    IGVM_NATIVE = 0,
    IGVM_VSM = 1,
    IGVM_SNP = 2,
    IGVM_TDX = 3,
    IGVM_SEV = 4,
    IGVM_SEV_ES = 5,
    IGVM_CCA = 6,
    IGVM_PLATFORM_COUNT
};

extern const char *const igvm_platform_names[]; /* "native" "vsm" "snp" "tdx" "sev" "seves" "cca" */

/* Types of variable headers. Bit 31 marks one that a loader may skip. */
enum igvm_type {
    IGVM_SUPPORTED_PLATFORM = 0x001,
    IGVM_GUEST_POLICY = 0x101,
    IGVM_RELOCATABLE_REGION = 0x102,
    IGVM_PAGE_TABLE_RELOCATION = 0x103,
    IGVM_PARAMETER_AREA = 0x301,
    IGVM_PAGE_DATA = 0x302,
    IGVM_PARAMETER_INSERT = 0x303,
    IGVM_VP_CONTEXT = 0x304,
    IGVM_REQUIRED_MEMORY = 0x305,
    IGVM_VP_COUNT = 0x307,
    IGVM_SRAT = 0x308,
    IGVM_MADT = 0x309,
    IGVM_MMIO_RANGES = 0x30a,
    IGVM_SNP_ID_BLOCK = 0x30b,
    IGVM_MEMORY_MAP = 0x30c,
    IGVM_ERROR_RANGE = 0x30d,
    IGVM_COMMAND_LINE = 0x30e,
    IGVM_SLIT = 0x30f,
    IGVM_PPTT = 0x310,
    IGVM_VBS_MEASUREMENT = 0x311,
    IGVM_DEVICE_TREE = 0x312,
    IGVM_ENVIRONMENT = 0x313
};

/* One variable header; data is the part that its length names. */
struct igvm_header {
    uint32_t type;
    bool optional;
    size_t offset; /* of the header in the file */
    struct span data;
};

struct igvm {
    struct span file; /* borrowed */
    uint32_t version;
    uint32_t header_count;
    uint32_t variable_offset;
    uint32_t variable_size;
    uint32_t masks[IGVM_PLATFORM_COUNT]; /* compatibility mask of each platform, 0: not supported */
    uint64_t snp_policy;
    bool has_snp_policy;
    bool has_id_block;
    uint8_t id_block_digest[SHA384_SIZE]; /* the launch digest that the ID block names */
};

/* Reads and checks the whole file. Errors: INPUT naming the offset. */
MUST_USE int igvm_parse(struct span file, struct igvm *ret, struct err *err);

/* Walks the variable headers in file order: the first with *at = 0; false at the end. Only after a
 * successful igvm_parse(). */
bool igvm_next(const struct igvm *igvm, size_t *at, struct igvm_header *ret);

enum igvm_flags {
    IGVM_NATIVE_ZERO =
        1,              /* pages without data are zero pages to the firmware, not pages of zeros */
    IGVM_CHECK_KVM = 2, /* refuse what igvmmeasure knows KVM to start or measure in another way */
    IGVM_IGNORE_IDBLOCK = 4 /* do not compare with the digest in the ID block */
};

struct igvm_measurement {
    uint8_t digest[SHA384_SIZE];
    size_t len;          /* 48, or 32 for SEV and SEV-ES */
    uint32_t vp_count;   /* VP contexts measured */
    uint32_t unmeasured; /* pages that the host may fill as it likes */
    uint32_t after_vp;   /* pages behind a VP context, which KVM would measure before it */
};

/* The launch digest for a platform. Errors: INPUT (the file does not support the platform, KVM
 * would measure it differently, the ID block names another digest), UNSUPPORTED (a platform without
 * digest). */
MUST_USE int igvm_measure(const struct igvm *igvm, enum igvm_platform platform, unsigned flags,
                          struct igvm_measurement *ret, struct err *err);

#endif
