/* Receipts, rendered and signed: what is read is written again, and read again. */
#include "lib/attest/receipt.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_BUF text = BUF_OF(2 * RECEIPT_TEXT_MAX);
    OWNED_RECEIPT receipt = {0}, again = {0};
    struct err err;

    if (receipt_parse(span_of(data, size), &receipt, &err) < 0)
        return 0;
    if (receipt_write(&receipt, &text, &err) < 0)
        abort();
    if (text.len <= RECEIPT_TEXT_MAX && receipt_parse(buf_span(&text), &again, &err) < 0)
        abort();
    if (receipt_verify(&receipt, NULL, &err) < 0 && err.kind != ERR_UNTRUSTED)
        abort();
    return 0;
}
