#include "lib/attest/reference/vmsa.h"

/* Offsets in struct sev_es_save_area (Linux arch/x86/include/asm/svm.h; APM volume 2, table B-4).
 */
enum {
    AT_ES = 0x000,
    AT_CS = 0x010,
    AT_SS = 0x020,
    AT_DS = 0x030,
    AT_FS = 0x040,
    AT_GS = 0x050,
    AT_GDTR = 0x060,
    AT_LDTR = 0x070,
    AT_IDTR = 0x080,
    AT_TR = 0x090,
    AT_EFER = 0x0d0,
    AT_CR4 = 0x148,
    AT_CR0 = 0x158,
    AT_DR7 = 0x160,
    AT_DR6 = 0x168,
    AT_RFLAGS = 0x170,
    AT_RIP = 0x178,
    AT_G_PAT = 0x268,
    AT_RDX = 0x310,
    AT_SEV_FEATURES = 0x3b0,
    AT_XCR0 = 0x3e8,
    AT_MXCSR = 0x408,
    AT_X87_FCW = 0x410
};

#define PAT_DEFAULT 0x0007040600070406ULL

/* What differs from hypervisor to hypervisor. */
struct habit {
    uint16_t cs_bsp, cs_ap, ss, tr;
    bool rdx_is_signature;
    uint64_t rdx;
    uint32_t mxcsr;
    uint16_t fcw;
    uint64_t pat;
};

static const struct habit habits[VMSA_VMM_COUNT] = {
    [VMSA_QEMU] = {0x9b, 0x9b, 0x93, 0x8b, true, 0, 0x1f80, 0x37f, PAT_DEFAULT},
    [VMSA_EC2] = {0x9a, 0x9b, 0x92, 0x83, false, 0x600, 0, 0, PAT_DEFAULT},
    [VMSA_EC2_OLD] = {0x9a, 0x9b, 0x92, 0x83, false, 0, 0, 0, PAT_DEFAULT},
    [VMSA_GCE] = {0x9b, 0x9b, 0x93, 0x8b, false, 0x600, 0, 0, 0x00070106},
};

const char *const vmsa_vmm_names[] = {"QEMU", "ec2", "ec2-old", "gce", NULL};

static void put(uint8_t *page, size_t at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        page[at + i] = (uint8_t)(value >> (8 * i));
}

struct segment {
    size_t at;
    uint16_t selector, attributes;
    uint32_t limit;
    uint64_t base;
};

static void put_segments(uint8_t *page, const struct segment *segments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(page, segments[i].at, segments[i].selector, 2);
        put(page, segments[i].at + 2, segments[i].attributes, 2);
        put(page, segments[i].at + 4, segments[i].limit, 4);
        put(page, segments[i].at + 8, segments[i].base, 8);
    }
}

void vmsa_make(const struct vmsa_shape *shape, uint8_t out[static VMSA_SIZE])
{
    const struct habit *habit = &habits[shape->vmm];
    uint16_t cs = shape->eip == VMSA_BSP_EIP ? habit->cs_bsp : habit->cs_ap;
    const struct segment segments[] = {
        {AT_ES, 0, 0x93, 0xffff, 0},      {AT_CS, 0xf000, cs, 0xffff, shape->eip & 0xffff0000},
        {AT_SS, 0, habit->ss, 0xffff, 0}, {AT_DS, 0, 0x93, 0xffff, 0},
        {AT_FS, 0, 0x93, 0xffff, 0},      {AT_GS, 0, 0x93, 0xffff, 0},
        {AT_GDTR, 0, 0, 0xffff, 0},       {AT_LDTR, 0, 0x82, 0xffff, 0},
        {AT_IDTR, 0, 0, 0xffff, 0},       {AT_TR, 0, habit->tr, 0xffff, 0},
    };

    memset(out, 0, VMSA_SIZE);
    put_segments(out, segments, COUNT_OF(segments));
    put(out, AT_EFER, 0x1000, 8); /* SVME */
    put(out, AT_CR4, 0x40, 8);    /* MCE */
    put(out, AT_CR0, 0x10, 8);    /* ET */
    put(out, AT_DR7, 0x400, 8);
    put(out, AT_DR6, 0xffff0ff0, 8);
    put(out, AT_RFLAGS, 0x2, 8);
    put(out, AT_RIP, shape->eip & 0xffff, 8);
    put(out, AT_G_PAT, habit->pat, 8);
    put(out, AT_RDX, habit->rdx_is_signature ? shape->signature : habit->rdx, 8);
    put(out, AT_SEV_FEATURES, shape->features, 8);
    put(out, AT_XCR0, 0x1, 8);
    put(out, AT_MXCSR, habit->mxcsr, 4);
    put(out, AT_X87_FCW, habit->fcw, 2);
}

void vmsa_make_svsm(uint32_t rip, uint64_t features, uint8_t out[static VMSA_SIZE])
{
    static const struct segment segments[] = {
        {AT_ES, 0x10, 0xc93, 0xffffffff, 0}, {AT_CS, 0x08, 0xc9b, 0xffffffff, 0},
        {AT_SS, 0x10, 0xc93, 0xffffffff, 0}, {AT_DS, 0x10, 0xc93, 0xffffffff, 0},
        {AT_FS, 0x10, 0xc93, 0xffffffff, 0}, {AT_GS, 0x10, 0xc93, 0xffffffff, 0},
        {AT_GDTR, 0, 0, 0xffff, 0},          {AT_LDTR, 0, 0x82, 0xffff, 0},
        {AT_IDTR, 0, 0, 0xffff, 0},          {AT_TR, 0, 0x8b, 0xffff, 0},
    };

    memset(out, 0, VMSA_SIZE);
    put_segments(out, segments, COUNT_OF(segments));
    put(out, AT_EFER, 0x1000, 8);
    put(out, AT_CR4, 0x40, 8);
    put(out, AT_CR0, 0x11, 8);
    put(out, AT_DR7, 0x400, 8);
    put(out, AT_DR6, 0xffff0ff0, 8);
    put(out, AT_RFLAGS, 0x2, 8);
    put(out, AT_RIP, rip, 8);
    put(out, AT_G_PAT, PAT_DEFAULT, 8);
    put(out, AT_SEV_FEATURES, features, 8);
    put(out, AT_XCR0, 0x1, 8);
    put(out, AT_MXCSR, 0x1f80, 4);
}
