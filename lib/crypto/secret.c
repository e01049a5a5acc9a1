#include "lib/crypto/secret.h"

#include "lib/crypto/openssl.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

struct secret secret_new(size_t len)
{
    return (struct secret){.data = mem_zeroed(len, 1), .len = len};
}

void secret_done(struct secret *secret)
{
    if (secret->data != NULL)
        mem_wipe(secret->data, secret->len);
    free(secret->data);
    *secret = (struct secret){0};
}

bool secret_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

void random_bytes(void *out, size_t len)
{
    uint8_t *at = out;

    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        at += got;
        len -= (size_t)got;
    }
}

void random_uuid(char out[static UUID_TEXT_SIZE])
{
    uint8_t b[16];

    random_bytes(b, sizeof(b));
    b[6] = (b[6] & 0x0f) | 0x40; /* RFC 9562, section 5.4: version 4 */
    b[8] = (b[8] & 0x3f) | 0x80; /* and the variant */
    snprintf(out, UUID_TEXT_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}
