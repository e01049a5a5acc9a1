/* What a client of the older attested TLS says before HTTP/2, in whatever pieces it comes: measured
 * the same way from every beginning of it, and read within its bounds. */
#include "services/grpc-gateway/attested/request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_beginnings(struct span whole, size_t length)
{
    bool is_frame;
    size_t at_most;
    struct err err;

    for (size_t len = 1; len < whole.len && len < 64; len++)
        if (attested_frame_measure(span_part(whole, 0, len), &is_frame, &at_most, &err) < 0 ||
            !is_frame || (at_most != 0 && at_most != length))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span come = span_of(data, size);
    struct attested_request request;
    struct err err;
    bool is_frame;
    size_t length;

    if (attested_frame_measure(come, &is_frame, &length, &err) < 0)
        return 0;
    if (!is_frame || length == 0)
        return 0;
    if (length < ATTESTED_FRAME_HEAD || length > ATTESTED_FRAME_HEAD + ATTESTED_REQUEST_MAX)
        abort();
    check_beginnings(come, length);
    if (size < length || attested_request_parse(span_part(come, 0, length), &request, &err) < 0)
        return 0;
    if (request.context.len > 255 || request.message.len != length - ATTESTED_FRAME_HEAD ||
        request.context.data < data || request.context.data + request.context.len > data + length)
        abort();
    return 0;
}
