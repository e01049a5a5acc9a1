#include "services/agent-api/identity/identity.h"

#include "lib/base/text.h"
#include "lib/crypto/x509_make.h"

#include <stdio.h>

#define PEM_MAX    (16 * KIB)
#define YEAR_S     (365LL * 24 * 3600)
#define LEEWAY_S   (24LL * 3600) /* a guest's clock may be behind its clients' or before them */
#define LIFE_YEARS 20

void identity_seed_done(struct identity_seed *seed)
{
    mem_wipe(seed->cdi, sizeof(seed->cdi));
    for (int use = 0; use < IDENTITY_USE_COUNT; use++)
        buf_done(&seed->chain[use]);
}

void identity_write_pin(const uint8_t spki_sha256[static SHA256_SIZE],
                        char out[static IDENTITY_PIN_SIZE])
{
    OWNED_BUF base64 = BUF_OF(IDENTITY_PIN_SIZE);

    text_encode_base64(span_of(spki_sha256, SHA256_SIZE), &base64);
    snprintf(out, IDENTITY_PIN_SIZE, "sha256//%s", buf_str(&base64));
}

/* TLS servers show X.509; what certifies the key is its chain, in the evidence. */
static int certify(int64_t now, struct identity *identity, struct err *err)
{
    static const char *const names[] = {"cocos-agent", "localhost", NULL};
    const struct key *key = identity->keys[IDENTITY_TLS];
    const struct x509_subject subject = {
        .common_name = "cocos-agent",
        .dns = names,
        .not_before = now - LEEWAY_S > 0 ? now - LEEWAY_S : 0,
        .not_after = now + LIFE_YEARS * YEAR_S,
        .server = true,
    };

    if (x509_make(&subject, key, span_of(NULL, 0), key, &identity->certificate, err) < 0 ||
        key_write_private_pem(key, &identity->key, err) < 0)
        return -1;
    key_identity(key, identity->spki_sha256);
    identity_write_pin(identity->spki_sha256, identity->pin);
    return 0;
}

static int derive(const struct identity_seed *seed, struct identity *identity, struct err *err)
{
    for (int use = 0; use < IDENTITY_USE_COUNT; use++) {
        if (identity_derive_key(seed->cdi, (enum identity_use)use, &identity->keys[use], err) < 0)
            return -1;
        identity->chains[use] = BUF_OF(IDENTITY_CHAIN_MAX);
        buf_add_span(&identity->chains[use], buf_span(&seed->chain[use]));
    }
    return 0;
}

int identity_make(const struct identity_seed *seed, int64_t now, struct identity *ret,
                  struct err *err)
{
    *ret = (struct identity){.certificate = BUF_OF(PEM_MAX), .key = BUF_OF(PEM_MAX)};
    ret->key.secret = true;
    if (derive(seed, ret, err) == 0 && certify(now, ret, err) == 0)
        return 0;
    identity_done(ret);
    return -1;
}

void identity_done(struct identity *identity)
{
    for (int use = 0; use < IDENTITY_USE_COUNT; use++) {
        key_free(GIVE(identity->keys[use]));
        buf_done(&identity->chains[use]);
    }
    buf_done(&identity->certificate);
    buf_done(&identity->key);
}
