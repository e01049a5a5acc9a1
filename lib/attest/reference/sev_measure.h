/* The launch measurement of a VM of the SEV family, from its files and its shape alone.
 *
 * One pass over the firmware (sev_measure_begin), then any number of shapes of virtual processors
 * from it (sev_measure_finish): the firmware is the megabytes, a shape is a page or two.
 *
 * Orders and habits are those of QEMU, EC2 and Google's hypervisor as virtee/sev-snp-measure and
 * coconut-svsm record them and hardware confirmed. */
#ifndef COCOS_ATTEST_REFERENCE_SEV_MEASURE_H
#define COCOS_ATTEST_REFERENCE_SEV_MEASURE_H

#include "lib/attest/reference/ovmf.h"
#include "lib/attest/reference/snp_launch.h"
#include "lib/attest/reference/vmsa.h"

#define SEV_VCPUS_MAX 4096

enum sev_mode { SEV_MODE_SNP, SEV_MODE_SNP_SVSM, SEV_MODE_ES, SEV_MODE_SEV, SEV_MODE_OVMF_HASH };

extern const char *const sev_mode_names[]; /* "snp" "snp:svsm" "seves" "sev" "snp:ovmf-hash" */

struct sev_files {
    struct span ovmf;
    bool has_kernel; /* kernel, initrd and append are hashed into the firmware's table */
    struct span kernel;
    struct span initrd;
    const char *append;           /* NULL: no command line */
    const uint8_t *snp_ovmf_hash; /* 48 bytes that stand for the firmware's pages, or NULL */
    struct span svsm;             /* SEV_MODE_SNP_SVSM */
    uint64_t vars_size;           /* bytes that the variable store takes at the top, with SVSM */
};

/* What is measured before the virtual processors; plain data, may be copied. */
struct sev_measurement {
    enum sev_mode mode;
    enum vmsa_vmm vmm;
    struct ovmf ovmf;
    struct snp_launch launch;  /* SNP modes */
    uint8_t kernel_table[176]; /* SEV and SEV-ES: the padded table of kernel hashes */
    size_t kernel_table_len;
    uint32_t svsm_rip;
};

/* Measures the files. Borrowed spans must live as long as the measurement. Errors: INPUT (malformed
 * firmware, a kernel with firmware that has no section for its hashes, ...). */
MUST_USE int sev_measure_begin(enum sev_mode mode, enum vmsa_vmm vmm, const struct sev_files *files,
                               struct sev_measurement *ret, struct err *err);

struct sev_vcpus {
    uint32_t count;     /* 1 to SEV_VCPUS_MAX */
    uint32_t signature; /* of the model; looked at by QEMU only */
    uint64_t features;  /* SEV_FEATURES; SNP modes */
};

/* Adds the virtual processors; ret holds 48 bytes for the SNP modes and 32 for SEV and SEV-ES
 * (*ret_len). */
MUST_USE int sev_measure_finish(const struct sev_measurement *measurement,
                                const struct sev_vcpus *vcpus, uint8_t ret[static SHA384_SIZE],
                                size_t *ret_len, struct err *err);

/* The same for 1 to vcpus->count processors at once, in the SNP modes: each costs one page more
 * than the one before. Errors: as above, UNSUPPORTED (another mode). */
typedef void sev_visit(void *to, uint32_t count, const uint8_t digest[static SHA384_SIZE]);
MUST_USE int sev_measure_each(const struct sev_measurement *measurement,
                              const struct sev_vcpus *vcpus, sev_visit *visit, void *to,
                              struct err *err);

/* The pages of the first and of all further virtual processors, as they are measured. */
MUST_USE int sev_measure_vmsas(const struct sev_measurement *measurement,
                               const struct sev_vcpus *vcpus, uint8_t bsp[static VMSA_SIZE],
                               uint8_t ap[static VMSA_SIZE], struct err *err);

#endif
