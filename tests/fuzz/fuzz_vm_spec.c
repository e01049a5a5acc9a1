/* The body of POST /v1/vms. What is accepted must be encoded and accepted again. */
#include "lib/api/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_VM_SPEC spec = VM_SPEC_DEFAULTS;
    OWNED_VM_SPEC again = VM_SPEC_DEFAULTS;
    OWNED_JSON *json = NULL;
    struct err err;

    if (json_decode_text(span_of(data, size), &vm_spec_table, &spec, &err) < 0)
        return 0;
    json = json_encode(&vm_spec_table, &spec);
    if (json_decode(json, &vm_spec_table, &again, &err) < 0 || again.cpus != spec.cpus ||
        again.ttl != spec.ttl)
        abort();
    return 0;
}
