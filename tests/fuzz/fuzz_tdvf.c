/* TDX metadata of firmware files, and event logs of TDs as templates. The first byte chooses. */
#include "lib/attest/reference/rtmr_boot.h"
#include "lib/attest/reference/tdvf.h"
#include "tests/unit/attest/reference/kernel_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void measure(struct span file)
{
    uint8_t mrtd[SHA384_SIZE];
    struct ovmf ovmf;
    struct err err;

    if (ovmf_parse(file, &ovmf, &err) < 0)
        return;
    (void)!tdvf_measure(&ovmf, TDVF_PAGE_BY_PAGE, mrtd, &err);
    (void)!tdvf_measure(&ovmf, TDVF_TWO_PASSES, mrtd, &err);
}

static void predict(struct span log)
{
    static const uint8_t initrd_sha256[SHA256_SIZE];
    uint8_t kernel[MADE_KERNEL_SIZE];
    struct pcr_boot_input boot = {
        .kernel = SPAN_OF_ARRAY(kernel), .initrd_sha256 = initrd_sha256, .cmdline = "quiet"};
    const struct rtmr_boot_input input = {.boot = &boot};
    struct tcg_log template;
    struct rtmr_boot ret;
    struct err err;

    make_kernel(kernel);
    if (ccel_parse(log, &template, &err) == 0)
        (void)!rtmr_boot_predict(&template, &input, &ret, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 'f')
        measure(span_of(data + 1, size - 1));
    else
        predict(span_of(data + 1, size - 1));
    return 0;
}
