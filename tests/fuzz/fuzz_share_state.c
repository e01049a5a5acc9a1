/* out/state.json, as a hostile guest may write it. */
#include "services/manager-api/link/share_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct share_state state;
    struct err err;

    if (size > SHARE_STATE_MAX)
        return 0;
    if (share_state_decode(span_of(data, size), &state, &err) == 0 &&
        (state.state >= STATE_COUNT || strlen(state.pin) != 52))
        abort();
    return 0;
}
