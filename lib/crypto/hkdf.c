#include "lib/crypto/hkdf.h"

#include "lib/base/buf.h"

#include <stdlib.h>

void hkdf_expand(enum digest_alg alg, struct span key, struct span info, uint8_t *out, size_t len)
{
    OWNED_BUF block = BUF_OF(DIGEST_SIZE_MAX + HKDF_INFO_MAX + 1);
    size_t size = digest_size(alg), at = 0;
    uint8_t last[DIGEST_SIZE_MAX];

    if (info.len > HKDF_INFO_MAX || len > HKDF_OUT_MAX)
        abort();
    block.secret = true;
    for (uint8_t i = 1; at < len; i++) {
        size_t part = len - at < size ? len - at : size;

        buf_reset(&block);
        buf_add(&block, last, i > 1 ? size : 0);
        buf_add_span(&block, info);
        buf_add_u8(&block, i);
        hmac_of(alg, key, buf_span(&block), last);
        memcpy(out + at, last, part);
        at += part;
    }
    mem_wipe(last, sizeof(last));
}

void hkdf_derive(const struct hkdf *in, uint8_t *out, size_t len)
{
    uint8_t key[DIGEST_SIZE_MAX];

    hmac_of(in->alg, in->salt, in->secret, key);
    hkdf_expand(in->alg, span_of(key, digest_size(in->alg)), in->info, out, len);
    mem_wipe(key, sizeof(key));
}
