/* The metadata of a definition, which anybody who may talk to libvirt can change. What is read must
 * be written and read back the same. */
#include "services/manager-api/vm/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_BUF text = BUF_OF(2 * VM_RECORD_MAX);
    struct vm_record record, again;
    struct err err;

    if (vm_record_decode(span_of(data, size), &record, &err) < 0)
        return 0;
    if (vm_record_encode(&record, &text, &err) < 0)
        return 0; /* XML can carry a control character as a reference, which we do not write */
    if (text.len > VM_RECORD_MAX)
        return 0; /* escaped it is longer than what was read */
    if (vm_record_decode(buf_span(&text), &again, &err) < 0 ||
        memcmp(&record, &again, sizeof(record)) != 0)
        abort();
    return 0;
}
