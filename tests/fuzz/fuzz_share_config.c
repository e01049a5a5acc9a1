/* config.json as a hostile host may write it. */
#include "services/agent-api/link/share.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct share_config config;
    struct err err;

    if (share_parse_config(span_of(data, size), &config, &err) < 0)
        return 0;
    if (config.vm_id == NULL || config.boot_nonce.len != 32 ||
        (config.owner_key != NULL) != (config.owner != NULL))
        abort();
    share_config_done(&config);
    return 0;
}
