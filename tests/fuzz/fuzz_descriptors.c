/* The names by which clients ask for descriptors: whatever is found is one of ours. */
#include "services/grpc-gateway/grpc/descriptors.h"

#include "lib/base/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool found, struct span file)
{
    if (found && (file.data < descriptor_set ||
                  file.data + file.len > descriptor_set + descriptor_set_len || file.len == 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *name = mem_copy(data, size);
    struct span file = span_of(NULL, 0);
    bool found;

    found = descriptors_find_symbol(name, &file);
    check(found, file);
    found = descriptors_find_file(name, &file);
    check(found, file);
    free(name);
    return 0;
}
