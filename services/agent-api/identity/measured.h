/* What layers 0 and 1 were measured as.
 *
 * Layer 0, by what there is:
 *   a TPM            code = SHA-512 of its registers 0 to 9 and 11 to 14 (SHA-256 bank), one after
 *                    the other: firmware (0 to 3), what it started (4, 5), Secure Boot (7), command
 *                    line and initrd (8, 9, 11, 12). The descriptor is {1: "pcr-sha256", 2: [the
 *                    registers]}, so that a verifier can hold them against a quote. 10 is the
 *                    kernel's list of what ran since, 15 is ours.
 *   the log alone    (TDX without a TPM) code = SHA-512 of the firmware's event log, as the kernel
 *                    gives it; the descriptor is {1: "event-log"}.
 *   neither          code = zeros; the descriptor is {1: "platform"}: all that is known of the boot
 *                    is what the platform's evidence for the root says.
 *
 * Layer 1: code = SHA-512 of the keeper's executable, the descriptor is {1: "cocos-agent", 2:
 * digest of the configuration (link/share.h)}. */
#ifndef COCOS_AGENT_IDENTITY_MEASURED_H
#define COCOS_AGENT_IDENTITY_MEASURED_H

#include "lib/attest/evidence/dice_derive.h"
#include "lib/attest/evidence/pcr.h"

#define MEASURED_REGISTERS 0x7bffu
#define MEASURED_MAX       (4 * KIB)

struct measured {
    struct dice_input input; /* borrows config */
    struct buf config;
};

void measured_done(struct measured *measured);
#define OWNED_MEASURED __attribute__((cleanup(measured_done))) struct measured

/* registers: NULL without a TPM; log: empty without one. */
void measured_boot(const struct pcr_bank *registers, struct span log, struct measured *ret);
void measured_agent(const uint8_t code[static DICE_HASH_SIZE],
                    const uint8_t config_sha256[static SHA256_SIZE], struct measured *ret);

/* SHA-512 of a file, by its descriptor, which is left at the end. Errors: SYSTEM. */
MUST_USE int measured_hash_file(int fd, uint8_t out[static DICE_HASH_SIZE], struct err *err);

#endif
