/* Firmware images: their tables, and the SEV measurement that follows them. */
#include "lib/attest/reference/sev_measure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sev_files files = {.ovmf = span_of(data, size), .svsm = span_of(data, size)};
    struct sev_vcpus vcpus = {2, 0, 1};
    struct sev_measurement measurement;
    uint8_t digest[SHA384_SIZE];
    struct err err;
    size_t len;

    for (int mode = SEV_MODE_SNP; mode <= SEV_MODE_OVMF_HASH; mode++) {
        files.has_kernel = (size & 1) != 0;
        if (sev_measure_begin((enum sev_mode)mode, VMSA_QEMU, &files, &measurement, &err) == 0)
            (void)!sev_measure_finish(&measurement, &vcpus, digest, &len, &err);
    }
    return 0;
}
