/* What a boot did, read from an event log whose replay matched.
 *
 * A fact comes only from events of registers that are proven, and only so far as an event's digest
 * covers it: the type of an event and its text are whatever somebody wrote. So the digest of an
 * application is a fact, its path is not; a variable is a fact when the digest is of it. Whatever
 * is extended into the register of applications and is none of the firmware's known words counts as
 * an application, whatever its type says, so that nothing hides behind a label.
 *
 * TCG PC Client Platform Firmware Profile 1.05, sections 3.3.4 and 10. */
#ifndef COCOS_ATTEST_EVIDENCE_BOOT_FACTS_H
#define COCOS_ATTEST_EVIDENCE_BOOT_FACTS_H

#include "lib/attest/evidence/tcg_log.h"

#define BOOT_DIGESTS_MAX 32

/* Which registers hold what: PCRs, or measurement registers of a CCEL. */
enum boot_layout { BOOT_PCR, BOOT_RTMR };

enum boot_secure { BOOT_SECURE_UNKNOWN, BOOT_SECURE_OFF, BOOT_SECURE_ON };

extern const char *const boot_secure_names[]; /* "unknown" "off" "on" */

struct boot_digests {
    size_t count;
    struct span items[BOOT_DIGESTS_MAX]; /* borrowed from the log */
};

struct boot_facts {
    enum boot_secure secure_boot;
    struct boot_digests firmware;     /* PCR 0 but for version and separator; nothing in RTMRs */
    struct boot_digests applications; /* what UEFI started, in order */
    struct span command_line;         /* of the kernel, as GRUB measured it; empty when not */
    struct span load_options;         /* digest: the options of the kernel's EFI stub; empty */
    struct span initrd;               /* digest: as the kernel's EFI stub measured it; empty */
};

/* Reads the facts. proven: bit i says that the replayed register i (as the log counts them) is the
 * quoted one. Errors: INPUT when the log contradicts itself: two separators in one register of the
 * firmware, two settings of Secure Boot or one after the separator, two command lines, or more
 * digests than BOOT_DIGESTS_MAX. */
MUST_USE int boot_facts_read(const struct tcg_log *log, enum boot_layout layout,
                             enum digest_alg alg, uint32_t proven, struct boot_facts *ret,
                             struct err *err);

#endif
