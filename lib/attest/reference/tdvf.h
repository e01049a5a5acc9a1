/* MRTD of a TD whose firmware is an OVMF file with TDX metadata: the sections that the VMM puts
 * into the TD before it starts, in the order of the metadata. Source: Intel TDX Virtual Firmware
 * Design Guide, sections 11 and 12. */
#ifndef COCOS_ATTEST_REFERENCE_TDVF_H
#define COCOS_ATTEST_REFERENCE_TDVF_H

#include "lib/attest/reference/ovmf.h"
#include "lib/crypto/digest.h"

/* What one section may add; larger ones are taken by the TD itself (PAGE_AUG) and not measured. */
#define TDVF_ADDED_MAX (64 * MIB)

enum tdvf_order {
    TDVF_PAGE_BY_PAGE, /* each page is added and at once extended: QEMU and KVM as merged */
    TDVF_TWO_PASSES,   /* a section's pages are added, then extended: KVM before that */
};

/* Checks the metadata's sections and measures them. Errors: INPUT (no TDX metadata, a section that
 * is not made of pages, runs out of the file, overlaps the end of the address space or is too
 * large).
 */
MUST_USE int tdvf_measure(const struct ovmf *ovmf, enum tdvf_order order,
                          uint8_t mrtd[static SHA384_SIZE], struct err *err);

/* The content of the section of that type in the file; empty when there is none. Only after a
 * successful tdvf_measure(). */
struct span tdvf_section_data(const struct ovmf *ovmf, enum tdvf_section_type type);

#endif
