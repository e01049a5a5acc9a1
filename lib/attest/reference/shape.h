/* The shape of a VM, as far as what it measures depends on it. */
#ifndef COCOS_ATTEST_REFERENCE_SHAPE_H
#define COCOS_ATTEST_REFERENCE_SHAPE_H

#include "lib/base/mem.h"

#include <stdint.h>

struct vm_shape {
    uint64_t ram_bytes;
    uint32_t cpus;
};

/* The RAM that QEMU's q35 puts below 4 GiB: all of it, as long as there is less than 2.75 GiB. */
static inline uint64_t q35_low_ram(uint64_t ram_bytes)
{
    return ram_bytes >= 0xb0000000ULL ? 2 * GIB : ram_bytes;
}

#endif
