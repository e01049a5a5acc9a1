/* Paths from request lines: what matches must survive the way back. */
#include "lib/http/pattern.h"

#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match(const char *pattern, const char *path)
{
    OWNED_BUF filled = BUF_OF(64 * KIB);
    const char *values[PATTERN_PARAMS_MAX];
    struct pattern_match first, second;

    if (!pattern_matches(pattern, path, &first))
        return;
    for (size_t i = 0; i < first.count; i++) {
        const char *value = values[i] = first.params[i].value;

        if (*value == '\0' || strchr(value, '/') != NULL || strcmp(value, "..") == 0 ||
            !text_is_utf8(span_of_str(value)))
            abort();
    }
    pattern_fill(pattern, values, &filled);
    if (!pattern_matches(pattern, buf_str(&filled), &second) || second.count != first.count)
        abort();
    for (size_t i = 0; i < first.count; i++)
        if (strcmp(first.params[i].value, second.params[i].value) != 0)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(free_str) char *path = mem_copy(data, size);
    OWNED_BUF plain = BUF_OF(64 * KIB), again = BUF_OF(256 * KIB), back = BUF_OF(64 * KIB);
    struct err err;

    match("/v1/vms/{id}", path);
    match("/{a}/{b}/{c}/{d}", path);
    match("/v1/datasets/{filename}/x", path);

    if (percent_decode(span_of(data, size), &plain, &err) < 0)
        return 0;
    percent_encode(buf_span(&plain), &again);
    if (!again.overflow && (percent_decode(buf_span(&again), &back, &err) < 0 ||
                            !span_equal(buf_span(&plain), buf_span(&back))))
        abort();
    return 0;
}
