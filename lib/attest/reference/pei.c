#include "lib/attest/reference/pei.h"

#include <inttypes.h>

/* Builds of which the place of the structure is known: the digest of PEIFV as it is in the file,
 * and where in it the structure's first written member lies. */
static const struct build {
    uint8_t volume[SHA256_SIZE];
    size_t place;
    bool smm; /* keeps its variables from the guest by system management mode */
} known[] = {
    /* Debian 12, ovmf 2022.11-6+deb12u2, OVMF_CODE.fd and OVMF.fd */
    {{0x18, 0xe2, 0xc1, 0xcc, 0x49, 0x60, 0xc2, 0x69, 0x4c, 0x16, 0x2e,
      0x8e, 0x75, 0x6f, 0xbf, 0x46, 0x7a, 0xae, 0xce, 0xee, 0x7d, 0xbf,
      0xe1, 0xe1, 0xdd, 0x91, 0x9f, 0xfb, 0x2c, 0xd9, 0xa9, 0xd2},
     0xefd8,
     false},
    /* the same, OVMF_CODE.secboot.fd */
    {{0x2e, 0x57, 0x1d, 0xb1, 0x98, 0x9a, 0x97, 0xdb, 0xac, 0xc3, 0xbf,
      0x45, 0x63, 0xaf, 0x4a, 0x4e, 0x68, 0x1a, 0x8b, 0xb1, 0x63, 0x94,
      0xc9, 0x8e, 0x00, 0x18, 0x43, 0x2e, 0xbc, 0x91, 0x15, 0xd1},
     0xefd8,
     true},
    /* the same, OVMF_CODE_4M.fd */
    {{0x47, 0x12, 0x81, 0xa7, 0xd1, 0x97, 0xd1, 0x2a, 0xc6, 0x1a, 0x81,
      0x0e, 0x51, 0x50, 0xb9, 0xb5, 0xdd, 0xc4, 0x7b, 0xe7, 0x8e, 0xf0,
      0xc2, 0x4a, 0xf7, 0xa8, 0x19, 0x2c, 0x81, 0xb3, 0xa8, 0x08},
     0xe0d8,
     false},
};

/* Offsets of the members that are written, from the first one (packed, edk2-stable202211). */
enum member {
    AT_HOST_BRIDGE = 0x00,
    AT_S3_SUPPORTED = 0x0f,
    AT_SMM_REQUIRED = 0x10,
    AT_SMRAM_AT_RESET = 0x11,
    AT_TSEG_MIB = 0x12,
    AT_FIRST_NON_ADDRESS = 0x14,
    AT_ADDRESS_BITS = 0x1c,
    AT_UNCACHED_BASE = 0x1d,
    AT_MMIO64_BASE = 0x2e,
    AT_MMIO64_SIZE = 0x36,
    AT_MMIO32_BASE = 0x3e,
    AT_MMIO32_SIZE = 0x42,
    AT_IO_BASE = 0x46,
    AT_IO_SIZE = 0x4e,
    AT_CPUS_BOOT = 0x5e,
    AT_CPUS_MAX = 0x62,
    AT_CPUS_DEFAULT = 0x66,
    AT_S3_BASE = 0x6a,
    AT_S3_SIZE = 0x6e,
    AT_FW_CFG = 0x72,    /* two flags that the linker puts right behind: QEMU's device is */
    AT_FW_CFG_DMA = 0x73 /* there, and does DMA */
};

#define Q35_DEVICE_ID   0x29c0
#define ADDRESS_BITS    40
#define PCIE_BASE       0xb0000000ULL
#define AP_STACK        0x8000u
#define RESUME_MEMORY   0x80000u
#define MMIO64_SIZE_MIN (32 * GIB)
#define TSEG_MIB        16u

/* What the platform driver writes for that shape (edk2 OvmfPkg/Library/PlatformInitLib and
 * OvmfPkg/PlatformPei, edk2-stable202211). */
static int fill_info(const struct vm_shape *shape, bool smm, uint8_t info[static PEI_INFO_SIZE],
                     struct err *err)
{
    uint64_t low = q35_low_ram(shape->ram_bytes);
    uint64_t resume = RESUME_MEMORY + (uint64_t)shape->cpus * AP_STACK;
    uint64_t window = 1ULL << (ADDRESS_BITS - 3); /* an eighth of all, at its end */
    const struct {
        enum member at;
        size_t width;
        uint64_t value;
    } members[] = {
        {AT_HOST_BRIDGE, 2, Q35_DEVICE_ID},
        {AT_S3_SUPPORTED, 1, !smm},
        {AT_SMM_REQUIRED, 1, smm},
        {AT_SMRAM_AT_RESET, 1, smm},
        {AT_TSEG_MIB, 2, smm ? TSEG_MIB : 0},
        {AT_FIRST_NON_ADDRESS, 8, 2 * MMIO64_SIZE_MIN},
        {AT_ADDRESS_BITS, 1, ADDRESS_BITS},
        {AT_UNCACHED_BASE, 4, low <= 2 * GIB ? 2 * GIB : PCIE_BASE},
        {AT_MMIO64_BASE, 8, (1ULL << ADDRESS_BITS) - window},
        {AT_MMIO64_SIZE, 8, window},
        {AT_MMIO32_BASE, 4, PCIE_BASE + 256 * MIB},
        {AT_MMIO32_SIZE, 4, 0xfc000000 - (PCIE_BASE + 256 * MIB)},
        {AT_IO_BASE, 8, 0x6000},
        {AT_IO_SIZE, 8, 0xa000},
        {AT_CPUS_BOOT, 4, shape->cpus},
        {AT_CPUS_MAX, 4, shape->cpus},
        {AT_CPUS_DEFAULT, 4, 64},
        {AT_S3_BASE, 4, smm ? 0 : low - resume},
        {AT_S3_SIZE, 4, smm ? 0 : resume},
        {AT_FW_CFG, 1, 1},
        {AT_FW_CFG_DMA, 1, 1},
    };

    if (shape->cpus < 1 || shape->ram_bytes > PEI_RAM_MAX || low <= resume)
        return err_set(err, ERR_UNSUPPORTED,
                       "firmware: nobody knows what it writes into its early volume with %llu MiB "
                       "of RAM and %" PRIu32 " vCPUs; record it (measure --record)",
                       (unsigned long long)(shape->ram_bytes / MIB), shape->cpus);
    for (size_t i = 0; i < COUNT_OF(members); i++)
        for (size_t k = 0; k < members[i].width; k++)
            info[members[i].at + k] = (uint8_t)(members[i].value >> (8 * k));
    return 0;
}

/* pei with the structure at a place. */
static void digest_with(struct span pei, size_t place, const uint8_t info[static PEI_INFO_SIZE],
                        uint8_t out[static SHA256_SIZE])
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);

    digest_add(digest, span_part(pei, 0, place));
    digest_add(digest, span_of(info, PEI_INFO_SIZE));
    digest_add(digest, span_part(pei, place + PEI_INFO_SIZE, pei.len));
    digest_finish(digest, out);
}

/* NULL for a build that is not known. */
static const struct build *find_known(struct span pei)
{
    uint8_t volume[SHA256_SIZE];

    digest_of(DIGEST_SHA256, pei, volume);
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (span_equal(SPAN_OF_ARRAY(known[i].volume), SPAN_OF_ARRAY(volume)))
            return &known[i];
    return NULL;
}

bool pei_is_known(struct span pei)
{
    return find_known(pei) != NULL;
}

int pei_predict(struct span pei, const struct vm_shape *shape, uint8_t out[static SHA256_SIZE],
                struct err *err)
{
    uint8_t info[PEI_INFO_SIZE] = {0};
    const struct build *build = find_known(pei);

    if (build == NULL)
        return err_set(err, ERR_NOT_FOUND,
                       "firmware: of this build it is not known what it writes into its early "
                       "volume; record it from a VM of this shape (measure --record)");
    if (fill_info(shape, build->smm, info, err) < 0)
        return -1;
    digest_with(pei, build->place, info, out);
    return 0;
}

/* The structure lies in data that is zero in the file, so a place is zeros all along. */
int pei_find_place(struct span pei, const struct vm_shape *shape,
                   const uint8_t digest[static SHA256_SIZE], size_t *ret, struct err *err)
{
    uint8_t found[SHA256_SIZE], info[PEI_INFO_SIZE] = {0};
    size_t zeros = 0;

    if (fill_info(shape, false, info, err) < 0)
        return -1;
    for (size_t end = 1; end <= pei.len; end++) {
        zeros = pei.data[end - 1] == 0 ? zeros + 1 : 0;
        if (zeros < PEI_INFO_SIZE || (end - PEI_INFO_SIZE) % 8 != 0)
            continue;
        digest_with(pei, end - PEI_INFO_SIZE, info, found);
        if (span_equal(SPAN_OF_ARRAY(found), span_of(digest, SHA256_SIZE))) {
            *ret = end - PEI_INFO_SIZE;
            return 0;
        }
    }
    return err_set(err, ERR_NOT_FOUND, "firmware: the digest fits no place of the structure");
}

void pei_version_digest(const char *text, uint8_t out[static SHA256_SIZE])
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);
    uint8_t unit[2] = {0, 0};

    for (; *text != '\0'; text++) {
        unit[0] = (uint8_t)*text;
        digest_add(digest, SPAN_OF_ARRAY(unit));
    }
    unit[0] = 0;
    digest_add(digest, SPAN_OF_ARRAY(unit));
    digest_finish(digest, out);
}
