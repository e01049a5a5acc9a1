/* The SGX extension of a PCK certificate. What is taken has one encoding: no part can be cut off,
 * and nothing can follow. */
#include "lib/attest/endorsement/pck_cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pck_cert pck = {0}, cut = {0};
    struct err err;

    if (pck_cert_read_extension(span_of(data, size), &pck, &err) < 0) {
        require(err.kind == ERR_INPUT);
        return 0;
    }
    require(pck.platform < PCK_PLATFORM_COUNT);
    require(pck_cert_read_extension(span_of(data, size - 1), &cut, &err) < 0);
    return 0;
}
