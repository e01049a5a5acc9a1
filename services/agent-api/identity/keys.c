#include "services/agent-api/identity/keys.h"

#include "lib/crypto/hkdf.h"

#include <stdio.h>

const char *const identity_use_names[] = {
    [IDENTITY_TLS] = "tls",
    [IDENTITY_RECEIPT] = "receipt",
    [IDENTITY_SEAL] = "seal",
    [IDENTITY_USE_COUNT] = NULL,
};

static const enum key_type types[IDENTITY_USE_COUNT] = {
    [IDENTITY_TLS] = KEY_P256,
    [IDENTITY_RECEIPT] = KEY_P384,
    [IDENTITY_SEAL] = KEY_P256,
};

int identity_derive_key(const uint8_t cdi[static DICE_CDI_SIZE], enum identity_use use,
                        struct key **ret, struct err *err)
{
    char info[64];
    const struct hkdf hkdf = {
        .alg = DIGEST_SHA512,
        .secret = span_of(cdi, DICE_CDI_SIZE),
        .info = span_of(
            info, (size_t)snprintf(info, sizeof(info), "cocos/key/1/%s", identity_use_names[use])),
    };
    uint8_t seed[DICE_CDI_SIZE];
    int result;

    hkdf_derive(&hkdf, seed, sizeof(seed));
    result = dice_derive_key(seed, types[use], ret, err);
    mem_wipe(seed, sizeof(seed));
    return result;
}
