/* Signature-Input, Signature and Content-Digest, one a line: whatever is read must be in the one
 * profile, and nobody's signature must verify. */
#include "lib/http/signature.h"

#define NOW 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct key *stranger(void)
{
    static struct key *key;
    struct err err;

    if (key == NULL && key_generate(KEY_ED25519, 0, &key, &err) < 0)
        abort();
    return key;
}

static void try_signature(const char *input, const char *signature, bool has_body)
{
    const struct signature_message message = {.method = "PUT",
                                              .path = "/v1/x",
                                              .content_digest = has_body ? "sha-256=:AA==:" : NULL,
                                              .computation = "a",
                                              .channel = "b"};
    OWNED_BUF bytes = BUF_OF(SIGNATURE_HEADER_MAX);
    const struct signature_fields fields = {input, signature, has_body};
    struct signature_params params;
    struct err err;

    if (signature_parse(&fields, NOW, &params, &bytes, &err) < 0)
        return;
    if (params.expires - params.created > SIGNATURE_LIFETIME_MAX_S || params.nonce[0] == '\0' ||
        strlen(params.key_id) != 64 || strstr(input, "\"@path\"") == NULL)
        abort();
    if (signature_verify(&message, input, buf_span(&bytes), stranger(), &err) == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(free_str) char *text = mem_copy(data, size);
    char *signature = strchr(text, '\n');
    char *digest = signature != NULL ? strchr(signature + 1, '\n') : NULL;
    uint8_t sha256[SHA256_SIZE];
    struct err err;

    if (signature != NULL)
        *signature++ = '\0';
    if (digest != NULL)
        *digest++ = '\0';
    try_signature(text, signature, true);
    try_signature(text, signature, false);

    if (digest != NULL && content_digest_read(digest, sha256, &err) == 0) {
        OWNED_BUF again = BUF_OF(128);

        content_digest_write(sha256, &again);
        if (strstr(digest, buf_str(&again)) == NULL)
            abort();
    }
    return 0;
}
