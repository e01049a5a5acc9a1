/* Everything that a VM with OVMF and a TPM must show, for any shape of it, from its files.
 *
 * One pass over the firmware (boot_reference_begin), one over the kernel for each size of RAM
 * (boot_reference_predict), a short one for each number of vCPUs (boot_reference_add_firmware).
 * Registers 0 to 14 are those of a VM that has booted and runs nothing
 * yet; 15 is the agent's (pcr_run.h). */
#ifndef COCOS_ATTEST_REFERENCE_BOOT_REFERENCE_H
#define COCOS_ATTEST_REFERENCE_BOOT_REFERENCE_H

#include "lib/attest/reference/pcr_boot.h"
#include "lib/attest/reference/shape.h"
#include "lib/attest/reference/volume.h"

struct boot_reference {
    struct volumes volumes;
    uint8_t version[SHA256_SIZE]; /* of the firmware */
    uint8_t dxe[SHA256_SIZE];
};

/* Reads the firmware, which need not live on. version: the text that the build measures as its
 * version, ASCII; "" for the many that have none. Errors: INPUT, TOO_LARGE. */
MUST_USE int boot_reference_begin(struct span firmware, const char *version,
                                  struct boot_reference *ret, struct err *err);

void boot_reference_done(struct boot_reference *reference);
#define OWNED_BOOT_REFERENCE __attribute__((cleanup(boot_reference_done))) struct boot_reference

/* What a reference boot showed of its firmware. */
struct boot_record {
    uint8_t version[SHA256_SIZE]; /* of the firmware */
    uint8_t pei[SHA256_SIZE];     /* the early volume as it lay in memory */
    struct pcr_bank pcrs;         /* as the log replays */
};

struct boot_prediction {
    struct pcr_bank pcrs;      /* without those that are not known */
    bool secure_boot;          /* of the input: enabled */
    bool pei_known;            /* the digest of the early firmware in this shape is known */
    uint8_t pei[SHA256_SIZE];  /* when pei_known */
    char reason[ERR_TEXT_MAX]; /* why some registers are not known; "" when all are */
};

/* The registers of a VM that boots input. They depend on its RAM, but not on its vCPUs: 0 and 10,
 * which do, are left out. Errors: INPUT. */
MUST_USE int boot_reference_predict(const struct pcr_boot_input *input, struct boot_prediction *ret,
                                    struct err *err);

/* Adds what the firmware decides. Of a known build (pei.h) that is 0 and 10 (which with
 * Secure Boot holds every module that is loaded, and is left out); of another one nobody
 * knows all that it measures about itself, so 1 is taken away, and 7 unless Secure Boot is on.
 * recorded, of a reference boot of this shape, or NULL: where it comes in, its 0, and of an unknown
 * build its 1 and 7. Errors: INPUT; what cannot be known is left out, with the reason. */
MUST_USE int boot_reference_add_firmware(const struct boot_reference *reference,
                                         const struct vm_shape *shape,
                                         const struct boot_record *recorded,
                                         struct boot_prediction *prediction, struct err *err);

/* Reads the event log of a VM that booted this firmware: DXEFV in it must be that of the file, and
 * the version the one that was given, or a text that stands in the file. Errors: INPUT (malformed),
 * UNTRUSTED (another firmware, or more measured as firmware than it has). */
MUST_USE int boot_reference_record(const struct boot_reference *reference, struct span log,
                                   struct boot_record *ret, struct err *err);

#endif
