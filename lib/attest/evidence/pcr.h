/* Platform configuration registers, in software.
 *
 * A register only ever grows: new = H(old ‖ digest). Replaying an event log means doing to a bank
 * of registers here what the firmware and the kernel did to the real one; what a log says counts
 * only when the replayed values are the ones that a TPM quote or a TDX report signed. The same
 * bank serves TDX, whose runtime registers (RTMR0..3) extend alike.
 *
 * A bank holds 24 registers of one hash algorithm and knows which of them hold something: extended
 * by a replay, or given as a quoted value. Pure: no I/O, no state. */
#ifndef COCOS_ATTEST_EVIDENCE_PCR_H
#define COCOS_ATTEST_EVIDENCE_PCR_H

#include "lib/crypto/digest.h"

#define PCR_COUNT  24
#define RTMR_COUNT 4

/* TPM_ALG_ID of the hash algorithms that appear in logs and quotes (TCG Algorithm Registry). */
enum tpm_alg {
    TPM_ALG_SHA1 = 0x0004,
    TPM_ALG_SHA256 = 0x000b,
    TPM_ALG_SHA384 = 0x000c,
    TPM_ALG_SHA512 = 0x000d,
    TPM_ALG_SM3_256 = 0x0012,
    TPM_ALG_SHA3_256 = 0x0027,
    TPM_ALG_SHA3_384 = 0x0028,
    TPM_ALG_SHA3_512 = 0x0029,
};

struct pcr_bank {
    enum digest_alg alg;
    uint32_t set; /* bit i: register i was extended or given */
    uint8_t value[PCR_COUNT][DIGEST_SIZE_MAX];
};

/* The registers of one bank that a quote covers, or that a policy demands. */
struct pcr_selection {
    uint16_t alg_id;
    uint32_t mask; /* bit i: register i */
};
#define PCR_SELECTIONS_MAX 16

/* The digest algorithm behind a TPM_ALG_ID; false for one that is not computed here. */
bool pcr_alg_of_tpm(uint16_t alg_id, enum digest_alg *ret);
uint16_t pcr_alg_to_tpm(enum digest_alg alg);

/* The digest algorithm of a bank's name, "sha256"; false for anything but the banks of a TPM. */
bool pcr_alg_of_name(const char *name, enum digest_alg *ret);

/* The size of a digest of this algorithm, also of those that are not computed here; 0: unknown. */
size_t pcr_alg_size(uint16_t alg_id);

/* Registers as they are after a reset: 0 to 16 and 23 zeros, 17 to 22 (which only a dynamic launch
 * resets) all ones. */
void pcr_bank_init(struct pcr_bank *bank, enum digest_alg alg);

/* All zeros: the runtime registers of TDX, before anything ran. */
void pcr_bank_init_rtmr(struct pcr_bank *bank);

/* PCR 0 starts at the locality of TPM2_Startup (TPM 2.0 part 1, 34.3); before the first extend. */
void pcr_bank_set_locality(struct pcr_bank *bank, uint8_t locality);

/* INPUT when index is no register or digest has another size than the bank's. */
MUST_USE int pcr_bank_extend(struct pcr_bank *bank, unsigned index, struct span digest,
                             struct err *err);

/* Puts in a value that somebody claims to have read. INPUT as above, or when already set. */
MUST_USE int pcr_bank_give(struct pcr_bank *bank, unsigned index, struct span value,
                           struct err *err);

/* The value of register index < PCR_COUNT, borrowed from the bank. */
struct span pcr_bank_get(const struct pcr_bank *bank, unsigned index);

bool pcr_bank_has(const struct pcr_bank *bank, unsigned index);

/* The digest that TPM2_Quote signs: H over the selected values, in the order of the selections and
 * by ascending register. hash is the algorithm of the signature, not of a bank. out holds
 * digest_size(hash). NOT_FOUND when a selected bank or register is not there. */
MUST_USE int pcr_selection_digest(const struct pcr_selection *selections, size_t selection_count,
                                  const struct pcr_bank *banks, size_t bank_count,
                                  enum digest_alg hash, uint8_t *out, struct err *err);

#endif
