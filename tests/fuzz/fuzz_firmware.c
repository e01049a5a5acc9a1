/* Firmware files: the volumes in them, and what is computed from those. */
#include "lib/attest/reference/boot_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_BOOT_REFERENCE reference = {0};
    struct boot_prediction prediction = {0};
    const struct vm_shape shape = {512 * MIB, 1};
    struct err err;

    if (boot_reference_begin(span_of(data, size), "", &reference, &err) < 0)
        return 0;
    pcr_bank_init(&prediction.pcrs, DIGEST_SHA256);
    (void)!boot_reference_add_firmware(&reference, &shape, NULL, &prediction, &err);
    return 0;
}
