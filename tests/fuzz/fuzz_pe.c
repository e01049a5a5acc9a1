/* PE images, with and without a patched Linux setup header. */
#include "lib/attest/reference/linux_boot.h"
#include "lib/attest/reference/pe.h"
#include "lib/attest/reference/uki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t digest[SHA256_SIZE], head[LINUX_HEAD_SIZE];
    struct pe_image image = {span_of(data, size), span_of(NULL, 0)};
    struct err err;

    (void)!pe_authenticode(&image, DIGEST_SHA256, digest, &err);
    if (linux_boot_patch_head(image.file, 512 * MIB, size, head, &err) == 0) {
        image.head = SPAN_OF_ARRAY(head);
        (void)!pe_authenticode(&image, DIGEST_SHA256, digest, &err);
    }
    (void)!uki_measure(image.file, DIGEST_SHA256, digest, &err);
    return 0;
}
