#include "lib/attest/snp.h"

#include "lib/base/mem.h"

#include <string.h>

static const char *const product_names[SNP_PRODUCT_COUNT] = {
    [SNP_PRODUCT_UNKNOWN] = "unknown",
    [SNP_MILAN] = "Milan",
    [SNP_GENOA] = "Genoa",
    [SNP_TURIN] = "Turin",
};

/* CPUID leaf 1; models from the processor programming references. */
static const struct {
    uint8_t family, model_min, model_max;
    enum snp_product product;
} processors[] = {
    {0x19, 0x00, 0x0f, SNP_MILAN},
    {0x19, 0x10, 0x1f, SNP_GENOA},
    {0x19, 0xa0, 0xaf, SNP_GENOA}, /* Bergamo, Siena */
    {0x1a, 0x00, 0x1f, SNP_TURIN},
};

const char *const snp_tcb_part_names[SNP_TCB_PARTS] = {
    [SNP_TCB_FMC] = "fmc", [SNP_TCB_BL] = "bl",       [SNP_TCB_TEE] = "tee",
    [SNP_TCB_SNP] = "snp", [SNP_TCB_UCODE] = "ucode",
};

#define NONE (-1)

/* Which byte of the TCB, from the lowest, holds each part. */
static const int layouts[SNP_PRODUCT_COUNT][SNP_TCB_PARTS] = {
    [SNP_PRODUCT_UNKNOWN] = {NONE, NONE, NONE, NONE, NONE},
    [SNP_MILAN] = {NONE, 0, 1, 6, 7},
    [SNP_GENOA] = {NONE, 0, 1, 6, 7},
    [SNP_TURIN] = {0, 1, 2, 3, 7},
};

const char *snp_product_name(enum snp_product product)
{
    return product_names[product];
}

enum snp_product snp_product_of_name(const char *name)
{
    for (int i = SNP_PRODUCT_UNKNOWN + 1; i < SNP_PRODUCT_COUNT; i++)
        if (strcmp(product_names[i], name) == 0)
            return (enum snp_product)i;
    return SNP_PRODUCT_UNKNOWN;
}

enum snp_product snp_product_of_cpuid(uint8_t family, uint8_t model)
{
    for (size_t i = 0; i < COUNT_OF(processors); i++)
        if (processors[i].family == family && model >= processors[i].model_min &&
            model <= processors[i].model_max)
            return processors[i].product;
    return SNP_PRODUCT_UNKNOWN;
}

struct snp_tcb snp_tcb_of(uint64_t raw, enum snp_product product)
{
    struct snp_tcb tcb = {.reserved = raw};

    for (int i = 0; i < SNP_TCB_PARTS; i++) {
        int byte = layouts[product][i];

        if (byte == NONE)
            continue;
        tcb.has[i] = true;
        tcb.svn[i] = (uint8_t)(raw >> 8 * byte);
        tcb.reserved &= ~(0xffULL << 8 * byte);
    }
    return tcb;
}
