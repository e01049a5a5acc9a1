/* Keys and certificates, PEM and DER. What does not look like PEM is tried as DER under every label
 * too, so that mutations reach the parsers behind the base64. A key that is taken has one identity,
 * however it is written. */
#include "lib/base/text.h"
#include "lib/crypto/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int load_fn(struct span text, struct key **ret, struct err *err);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void try_load(load_fn *load, struct span input)
{
    OWNED_KEY *key = NULL, *again = NULL;
    OWNED_BUF spki = BUF_OF(64 * KIB);
    OWNED_BUF pem = BUF_OF(64 * KIB);
    struct err err;

    if (load(input, &key, &err) < 0) {
        require(err.kind == ERR_INPUT);
        return;
    }
    key_write_spki(key, &spki);
    require(key_load_public_der(buf_span(&spki), &again, &err) == 0);
    require(key_equal(key, again));
    if (key_is_private(key))
        require(key_write_private_pem(key, &pem, &err) == 0);
}

static void try_label(const char *label, struct span der)
{
    OWNED_BUF pem = BUF_OF(256 * KIB);

    buf_printf(&pem, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < der.len; at += 48) {
        text_encode_base64(span_part(der, at, 48), &pem);
        buf_add_str(&pem, "\n");
    }
    buf_printf(&pem, "-----END %s-----\n", label);
    try_load(key_load_private_pem, buf_span(&pem));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);

    try_load(key_load_public_pem, input);
    try_load(key_load_private_pem, input);
    try_load(key_load_certificate, input);
    if (size > 0 && data[0] == '-')
        return 0;
    try_load(key_load_public_der, input);
    try_label("PRIVATE KEY", input);
    try_label("EC PRIVATE KEY", input);
    try_label("RSA PRIVATE KEY", input);
    return 0;
}
