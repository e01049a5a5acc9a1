/* Profiles: lines of `key = value`, from a file that anybody may have edited. */
#include "cli/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_OF(profile) *profile = NULL;
    struct err err;

    if (profile_parse(span_of(data, size), &profile, &err) == 0)
        (void)profile_get(profile, "manager-url");
    return 0;
}
