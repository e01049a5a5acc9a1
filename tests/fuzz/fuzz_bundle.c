/* Bundles and the transcripts in them: what is read is written again, and says the same. */
#include "lib/attest/evidence/bundle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_transcript(struct span in)
{
    OWNED_BUF again = BUF_OF(TRANSCRIPT_SIZE_MAX);
    struct transcript transcript;
    struct err err;

    if (transcript_parse(in, &transcript, &err) < 0)
        return;
    if (transcript_encode(&transcript, &again, &err) < 0 || !span_equal(in, buf_span(&again)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span in = span_of(data, size);
    OWNED_BUF text = BUF_OF(2 * BUNDLE_TEXT_MAX);
    OWNED_BUNDLE bundle = {0}, again = {0};
    struct err err;

    check_transcript(in);
    if (bundle_parse(in, &bundle, &err) < 0)
        return 0;
    check_transcript(bundle_span(&bundle.transcript));
    if (bundle_write(&bundle, &text, &err) < 0 || bundle_parse(buf_span(&text), &again, &err) < 0 ||
        bundle_count(&again) != bundle_count(&bundle))
        abort();
    return 0;
}
