/* A line of out/events.ndjson, as a hostile guest may write it. */
#include "lib/base/text.h"
#include "services/manager-api/link/share_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_SHARE_EVENT event = {0};
    struct err err;

    if (share_event_decode(span_of(data, size), &event, &err) < 0)
        return 0;
    /* The type becomes part of a line of the event stream. */
    if (event.id == 0 || !text_is_name(event.type, sizeof(event.type)))
        abort();
    return 0;
}
