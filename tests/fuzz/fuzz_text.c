/* Numbers, hex, base64, durations, times and printable text. What was read must come out the same
 * when it is written and read again. */
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void try_numbers(const char *text)
{
    uint64_t number, again;
    int64_t seconds, seconds_again;
    char out[TEXT_DURATION_SIZE + TEXT_TIME_SIZE];
    struct err err;

    (void)!text_parse_u64(text, 1000, &number, &err);
    if (text_parse_duration(text, &number, &err) == 0) {
        text_format_duration(number, out);
        require(text_parse_duration(out, &again, &err) == 0 && again == number);
    }
    if (text_parse_time(text, &seconds, &err) == 0 && seconds >= 0 && seconds <= 253402300799) {
        text_format_time(seconds, out);
        require(text_parse_time(out, &seconds_again, &err) == 0 && seconds_again == seconds);
    }
}

/* An encoding has one text for each sequence of bytes. */
static void try_encodings(struct span text)
{
    OWNED_BUF bytes = BUF_OF(1 * MIB);
    OWNED_BUF again = BUF_OF(1 * MIB);
    struct err err;

    if (text_decode_base64(text, &bytes, &err) == 0) {
        text_encode_base64(buf_span(&bytes), &again);
        require(span_equal(buf_span(&again), text));
    }
    buf_reset(&bytes);
    buf_reset(&again);
    if (text_decode_base64url(text, &bytes, &err) == 0) {
        text_encode_base64url(buf_span(&bytes), &again);
        require(span_equal(buf_span(&again), text));
    }
    buf_reset(&bytes);
    if (text_decode_hex(text, &bytes, &err) == 0)
        require(bytes.len * 2 == text.len);
}

static void try_printable(struct span text)
{
    OWNED_BUF shown = BUF_OF(4 * MIB);

    text_add_printable(&shown, text, 200);
    require(!shown.overflow && shown.len <= 203 && text_is_utf8(buf_span(&shown)));
    for (size_t i = 0; i < shown.len; i++)
        require(shown.data[i] >= 0x20 && shown.data[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(free_str) char *text = mem_copy(data, size);

    try_numbers(text);
    try_encodings(span_of(data, size));
    try_printable(span_of(data, size));
    if (text_is_name(text, 64))
        require(strlen(text) <= 64 && strchr(text, '/') == NULL);
    return 0;
}
