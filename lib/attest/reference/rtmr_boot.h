/* The runtime measurement registers of a TD that OVMF boots directly into a Linux kernel.
 *
 * Which events there are, and in which order, depends on the firmware; and some of them hold what
 * the host alone knows. So the values are made from the event log of a TD that booted (the
 * template, CCEL): its events are replayed, and those that follow from files are replaced by what
 * the files give. What is taken from the template is its word, and only as good as where it came
 * from:
 *
 *   RTMR0
 *      the TD HOB (the layout of memory: depends on RAM), the ACPI tables (depend on RAM, vCPUs and
 *      devices) and whatever is not named below, from the template; the configuration volume from
 *      the firmware file, the Secure Boot variables from the enrolled keys
 *   RTMR1
 *      the kernel (Authenticode) from the file; the firmware's words from the template
 *   RTMR2
 *      load options and initrd from command line and file; nothing else may stand there
 *   RTMR3
 *      not touched while booting; see pcr_run.h
 *
 * Without a template RTMR1 and RTMR2 follow from the files alone, since the firmware's words about
 * a kernel that is booted directly are always the same.
 *
 * Source: Intel TDX Virtual Firmware Design Guide, section 8; edk2 (what OVMF measures); Linux
 * drivers/firmware/efi/libstub. */
#ifndef COCOS_ATTEST_REFERENCE_RTMR_BOOT_H
#define COCOS_ATTEST_REFERENCE_RTMR_BOOT_H

#include "lib/attest/evidence/ccel.h"
#include "lib/attest/reference/pcr_boot.h"

struct rtmr_boot_input {
    const struct pcr_boot_input *boot; /* its initrd_sha256 is looked at for whether there is one */
    struct span initrd;
    struct span configuration; /* of the firmware file; empty: the template's digest holds */
};

/* How much of each register the template alone vouches for. */
struct rtmr_boot {
    struct pcr_bank registers; /* 0 to 3, SHA-384 */
    size_t taken[RTMR_COUNT];  /* events whose digest is the template's */
};

/* RTMR1 and RTMR2 of a TD that boots the kernel directly; the others stay zero. Errors: INPUT. */
MUST_USE int rtmr_boot_direct(const struct rtmr_boot_input *input, struct pcr_bank *ret,
                              struct err *err);

/* template: of ccel_parse(). Errors: INPUT (files), UNTRUSTED (the template is of another kind of
 * boot: no application or several, no or several load options, an initrd where none is given, ...),
 * NOT_FOUND (the template has no SHA-384 bank). */
MUST_USE int rtmr_boot_predict(const struct tcg_log *template, const struct rtmr_boot_input *input,
                               struct rtmr_boot *ret, struct err *err);

#endif
