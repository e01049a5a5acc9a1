/* CBOR: what parses is walked whole, and each item of it parses by itself. */
#include "lib/cbor/cbor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(struct cbor item)
{
    struct cbor_cursor cursor = cbor_begin(item);
    struct cbor inner, again;
    size_t count = 1, direct = 0;
    struct err err;

    if (cbor_parse(item.raw, CBOR_STRICT, &again, &err) < 0 || again.kind != item.kind ||
        again.number != item.number)
        abort();
    if (item.kind == CBOR_TAG)
        return count + walk(cbor_untag(item, item.number));
    while (cbor_next(&cursor, &inner)) {
        count += walk(inner);
        direct++;
    }
    if ((item.kind == CBOR_ARRAY && direct != item.number) ||
        (item.kind == CBOR_MAP && direct != 2 * item.number))
        abort();
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cbor strict, deterministic;
    struct err err;
    bool is_strict, is_deterministic;

    if (size > 4096) /* the walk above parses every level again */
        return 0;
    is_strict = cbor_parse(span_of(data, size), CBOR_STRICT, &strict, &err) == 0;
    is_deterministic =
        cbor_parse(span_of(data, size), CBOR_DETERMINISTIC, &deterministic, &err) == 0;
    if (is_deterministic && !is_strict)
        abort();
    if (!is_strict)
        return 0;
    if (strict.raw.len != size || walk(strict) > size)
        abort();
    (void)cbor_find_int(strict, 1);
    (void)cbor_find_text(strict, "a");
    return 0;
}
