/* Sealed files: bytes of anybody, opened in pieces; and whatever is sealed opens again. The key is
 * always the same one, so that a corpus means something. */
#include "lib/crypto/key_seed.h"
#include "lib/crypto/seal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int add(void *to, struct span bytes, struct err *err)
{
    buf_add_span(to, bytes);
    return buf_check(to, "fuzz", err);
}

static const struct key *own_key(void)
{
    static const uint8_t scalar[32] = {[31] = 7};
    static struct key *key;
    struct err err;

    if (key == NULL && key_from_scalar(KEY_P256, SPAN_OF_ARRAY(scalar), &key, &err) < 0)
        abort();
    return key;
}

static int open_pieces(const struct seal_terms *terms, struct span in, size_t piece,
                       struct buf *out)
{
    OWNED_OF(opener) *opener = NULL;
    struct err err;

    if (opener_new(terms, add, out, &opener, &err) < 0)
        abort();
    for (size_t at = 0; at < in.len; at += piece)
        if (opener_write(opener, span_part(in, at, piece), &err) < 0)
            return -1;
    return opener_finish(opener, &err);
}

static void seal_again(const struct seal_terms *terms, struct span plain)
{
    OWNED_BUF sealed = BUF_OF(2 * MIB), opened = BUF_OF(2 * MIB);
    OWNED_OF(sealer) *sealer = NULL;
    struct err err;

    if (sealer_new(terms, add, &sealed, &sealer, &err) < 0 ||
        sealer_write(sealer, plain, &err) < 0 || sealer_finish(sealer, &err) < 0 ||
        open_pieces(terms, buf_span(&sealed), 4099, &opened) < 0 ||
        !span_equal(buf_span(&opened), plain))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct key *own = own_key();
    const struct seal_terms terms = {&own, 1, span_of_str("fuzz")};
    OWNED_BUF whole = BUF_OF(2 * MIB), pieces = BUF_OF(2 * MIB);
    int result = open_pieces(&terms, span_of(data, size), size + 1, &whole);

    if (open_pieces(&terms, span_of(data, size), 1 + size / 7, &pieces) != result ||
        !span_equal(buf_span(&whole), buf_span(&pieces)))
        abort();
    if (size % 16 == 0)
        seal_again(&terms, span_of(data, size));
    return 0;
}
