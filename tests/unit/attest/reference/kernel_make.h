/* Makes the least that passes for a bzImage with an EFI stub. */
#ifndef COCOS_TESTS_ATTEST_KERNEL_MAKE_H
#define COCOS_TESTS_ATTEST_KERNEL_MAKE_H

#include <stdint.h>
#include <string.h>

#define MADE_KERNEL_SIZE 0x400

static inline void make_kernel(uint8_t kernel[static MADE_KERNEL_SIZE])
{
    memset(kernel, 0, MADE_KERNEL_SIZE);
    memcpy(kernel, "MZ", 2);
    kernel[0x3c] = 0x40;
    memcpy(kernel + 0x40, "PE\0\0", 4);
    kernel[0x40 + 20] = 0xf0;                  /* optional header */
    kernel[0x58] = 0x0b, kernel[0x59] = 0x02;  /* PE32+ */
    kernel[0x58 + 61] = 0x04;                  /* headers: 0x400 bytes */
    kernel[0x58 + 108] = 16;                   /* directories */
    memcpy(kernel + 0x202, "HdrS\x0f\x02", 6); /* protocol 2.15 */
    kernel[0x236] = 2;                         /* may be loaded above 4 GiB */
}

#endif
