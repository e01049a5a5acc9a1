#include "services/agent-api/identity/identity.h"

#include "lib/base/text.h"
#include "lib/crypto/key.h"
#include "lib/crypto/x509_make.h"

#include <stdio.h>

#define PEM_MAX    (16 * KIB)
#define YEAR_S     (365LL * 24 * 3600)
#define LEEWAY_S   (24LL * 3600) /* a guest's clock may be behind its clients' or before them */
#define LIFE_YEARS 20

int identity_make(int64_t now, struct identity *ret, struct err *err)
{
    static const char *const names[] = {"cocos-agent", "localhost", NULL};
    const struct x509_subject subject = {
        .common_name = "cocos-agent",
        .dns = names,
        .not_before = now - LEEWAY_S > 0 ? now - LEEWAY_S : 0,
        .not_after = now + LIFE_YEARS * YEAR_S,
        .server = true,
    };
    OWNED_BUF base64 = BUF_OF(IDENTITY_PIN_SIZE);
    OWNED_KEY *key = NULL;

    *ret = (struct identity){.certificate = BUF_OF(PEM_MAX), .key = BUF_OF(PEM_MAX)};
    ret->key.secret = true;
    if (key_generate(KEY_P256, 0, &key, err) < 0)
        return -1;
    if (x509_make(&subject, key, span_of(NULL, 0), key, &ret->certificate, err) < 0 ||
        key_write_private_pem(key, &ret->key, err) < 0) {
        identity_done(ret);
        return -1;
    }
    key_identity(key, ret->spki_sha256);
    text_encode_base64(SPAN_OF_ARRAY(ret->spki_sha256), &base64);
    snprintf(ret->pin, sizeof(ret->pin), "sha256//%s", buf_str(&base64));
    return 0;
}

void identity_done(struct identity *identity)
{
    buf_done(&identity->certificate);
    buf_done(&identity->key);
}
