#include "lib/attest/reference/vcpu.h"

#include <string.h>

/* Extended family 8 bits, extended model 4, family 4, model 4, stepping 4; the base family of every
 * EPYC is 0xf. */
#define SIGNATURE(family, model, stepping)                                                         \
    ((uint32_t)((family)-0xf) << 20 | (uint32_t)((model) >> 4) << 16 | 0xfu << 8 |                 \
     (uint32_t)((model)&0xf) << 4 | (uint32_t)(stepping))

#define NAPLES SIGNATURE(23, 1, 2)
#define ROME   SIGNATURE(23, 49, 0)
#define MILAN  SIGNATURE(25, 1, 1)
#define GENOA  SIGNATURE(25, 17, 0)
#define TURIN  SIGNATURE(26, 0, 0)

const struct vcpu_type vcpu_types[] = {
    {"EPYC", NAPLES},
    {"EPYC-v1", NAPLES},
    {"EPYC-v2", NAPLES},
    {"EPYC-IBPB", NAPLES},
    {"EPYC-v3", NAPLES},
    {"EPYC-v4", NAPLES},
    {"EPYC-v5", NAPLES},
    {"EPYC-Rome", ROME},
    {"EPYC-Rome-v1", ROME},
    {"EPYC-Rome-v2", ROME},
    {"EPYC-Rome-v3", ROME},
    {"EPYC-Rome-v4", ROME},
    {"EPYC-Rome-v5", ROME},
    {"EPYC-Milan", MILAN},
    {"EPYC-Milan-v1", MILAN},
    {"EPYC-Milan-v2", MILAN},
    {"EPYC-Milan-v3", MILAN},
    {"EPYC-Genoa", GENOA},
    {"EPYC-Genoa-v1", GENOA},
    {"EPYC-Genoa-v2", GENOA},
    {"EPYC-Turin", TURIN},
    {"EPYC-Turin-v1", TURIN},
    {NULL, 0},
};

int vcpu_find_signature(const char *name, uint32_t *ret, struct err *err)
{
    for (const struct vcpu_type *type = vcpu_types; type->name != NULL; type++) {
        if (strcmp(type->name, name) == 0) {
            *ret = type->signature;
            return 0;
        }
    }
    return err_set(err, ERR_INPUT, "there is no vCPU type '%.40s'; EPYC-Milan is one", name);
}

uint32_t vcpu_make_signature(uint32_t family, uint32_t model, uint32_t stepping)
{
    uint32_t base = family > 0xf ? 0xf : family;
    uint32_t extended = family > 0xf ? family - 0xf : 0;

    return (extended & 0xff) << 20 | (model >> 4 & 0xf) << 16 | base << 8 | (model & 0xf) << 4 |
           (stepping & 0xf);
}
