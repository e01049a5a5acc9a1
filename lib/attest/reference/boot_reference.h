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

struct boot_prediction {
    struct pcr_bank pcrs;          /* 0 and 10 only when pei_known */
    bool pei_known;                /* the digest of the early firmware in this shape is known */
    uint8_t pei[SHA256_SIZE];      /* when pei_known */
    char pei_reason[ERR_TEXT_MAX]; /* when not: why */
};

/* The registers of a VM that boots input. They depend on its RAM, but not on its vCPUs: 0 and 10,
 * which do, are left out. Errors: INPUT. */
MUST_USE int boot_reference_predict(const struct pcr_boot_input *input, struct boot_prediction *ret,
                                    struct err *err);

/* Adds 0 and 10 to a prediction that has neither. recorded_pei: 32 bytes that a reference boot of
 * this shape showed, or NULL to compute them. Errors: INPUT; a digest that cannot be known is none.
 */
MUST_USE int boot_reference_add_firmware(const struct boot_reference *reference,
                                         const struct vm_shape *shape, const uint8_t *recorded_pei,
                                         struct boot_prediction *prediction, struct err *err);

/* Takes the digest of the early firmware from the event log of a VM that booted this firmware:
 * version and DXEFV in it must be those of the file. Errors: INPUT (malformed), UNTRUSTED (another
 * firmware, or more measured as firmware than it has). */
MUST_USE int boot_reference_record(const struct boot_reference *reference, struct span log,
                                   uint8_t pei[static SHA256_SIZE], struct err *err);

#endif
