#include "lib/attest/evidence/dice_layer.h"

#include "lib/base/text.h"
#include "lib/attest/evidence/dice_parts.h"

#define SCHEMES (X509_ED25519 | X509_ECDSA_P256_SHA256 | X509_ECDSA_P384_SHA384)

const char *const dice_value_names[] = {
    [DICE_CODE_HASH] = "code_hash",           [DICE_CODE_DESCRIPTOR] = "code_descriptor",
    [DICE_CONFIG_HASH] = "config_hash",       [DICE_CONFIG_DESCRIPTOR] = "config_descriptor",
    [DICE_AUTHORITY_HASH] = "authority_hash", [DICE_AUTHORITY_DESCRIPTOR] = "authority_descriptor",
};

void dice_layer_done(struct dice_layer *layer)
{
    x509_free(layer->cert);
    key_free(layer->key);
    *layer = (struct dice_layer){0};
}

/* The profile takes a hash by its length; which family made it is not said. */
static bool is_hash_of(struct span hash, struct span bytes)
{
    static const enum digest_alg algs[] = {DIGEST_SHA512,   DIGEST_SHA384,   DIGEST_SHA256,
                                           DIGEST_SHA3_512, DIGEST_SHA3_384, DIGEST_SHA3_256};

    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        uint8_t digest[DIGEST_SIZE_MAX];

        if (digest_size(algs[i]) != hash.len)
            continue;
        digest_of(algs[i], bytes, digest);
        if (span_equal(hash, span_of(digest, hash.len)))
            return true;
    }
    return false;
}

int dice_check_measured(const struct dice_layer *layer, bool has_mode, struct err *err)
{
    static const enum dice_value required[] = {DICE_CODE_HASH, DICE_CONFIG_DESCRIPTOR,
                                               DICE_AUTHORITY_HASH};

    for (size_t i = 0; i < COUNT_OF(required); i++)
        if (layer->value[required[i]].len == 0)
            return err_set(err, ERR_INPUT, "dice: the certificate has no %s",
                           dice_value_names[required[i]]);
    if (!has_mode)
        return err_set(err, ERR_INPUT, "dice: the certificate has no mode");
    if (layer->value[DICE_CONFIG_HASH].len > 0 &&
        !is_hash_of(layer->value[DICE_CONFIG_HASH], layer->value[DICE_CONFIG_DESCRIPTOR]))
        return err_set(err, ERR_INPUT,
                       "dice: the configuration's hash is not that of its descriptor");
    if (layer->profile.len > DICE_PROFILE_MAX)
        return err_set(err, ERR_INPUT, "dice: a profile's name of %zu bytes, at most %d",
                       layer->profile.len, DICE_PROFILE_MAX);
    return 0;
}

int dice_layer_check_signature(const struct dice_layer *layer, const struct key *issuer,
                               struct err *err)
{
    if (layer->cert != NULL)
        return x509_check_signature_by(layer->cert, issuer, SCHEMES, err);
    return cose_sign1_verify(&layer->message, issuer, NULL, err);
}

/* A name of one attribute, serialNumber, in a PrintableString of 40 digits. */
static struct span write_name(const char *id, uint8_t out[static DICE_NAME_SIZE])
{
    static const uint8_t head[] = {0x30, 0x33, 0x31, 0x31, 0x30, 0x2f, 0x06,
                                   0x03, 0x55, 0x04, 0x05, 0x13, 0x28};

    memcpy(out, head, sizeof(head));
    memcpy(out + sizeof(head), id, DICE_ID_TEXT - 1);
    return span_of(out, sizeof(head) + DICE_ID_TEXT - 1);
}

bool dice_layer_names(const struct dice_layer *layer, struct span name, const struct key *key)
{
    uint8_t der[DICE_NAME_SIZE];
    char id[DICE_ID_TEXT];
    struct err unused;

    if (dice_id_text(key, id, &unused) < 0)
        return false;
    return span_equal(name, layer->cert != NULL ? write_name(id, der) : span_of_str(id));
}
