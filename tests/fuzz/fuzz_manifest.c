/* Manifests as anybody may send them. What is accepted must say the same about itself twice. */
#include "lib/computation/asset.h"
#include "lib/computation/role.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nobody[SHA256_SIZE];
    OWNED_MANIFEST *manifest = NULL;
    OWNED_MANIFEST *again = NULL;
    OWNED_OF(asset_list) *assets = NULL;
    struct err err;

    if (manifest_parse(span_of(data, size), &manifest, &err) < 0)
        return 0;
    if (manifest_decode(manifest->document, &again, &err) < 0 ||
        strcmp(manifest->sha256, again->sha256) != 0)
        abort();
    assets = asset_list_new(manifest);
    if (asset_list_complete(assets, ASSET_ALGORITHM))
        abort();
    for (size_t i = 0; i < manifest->datasets.count; i++)
        if (!manifest_is_filename(manifest_dataset(manifest, i)->filename))
            abort();
    if (role_of(manifest, nobody, "a") != 0)
        abort();
    return 0;
}
