#include "lib/attest/evidence/tpm_public.h"

#include "lib/crypto/key_parts.h"

#define CURVE_P256       3
#define CURVE_P384       4
#define DEFAULT_EXPONENT 65537

struct attribute_row {
    uint32_t bit;
    const char *name;
};

static const struct attribute_row attribute_rows[] = {
#define ROW(name, bit, text) {1u << (bit), text},
    TPM_ATTRIBUTES(ROW)
#undef ROW
};

static struct span read_sized(struct reader *r)
{
    uint16_t len = read_be16(r);

    return read_span(r, len);
}

/* TPMT_SYM_DEF_OBJECT: of no interest, and to be stepped over. */
static void skip_symmetric(struct reader *r)
{
    if (read_be16(r) != TPM_ALG_NULL)
        read_skip(r, 4); /* key bits, mode */
}

static void read_scheme(struct reader *r, struct tpm_public *key)
{
    key->scheme = read_be16(r);
    if (key->scheme == TPM_ALG_NULL || key->scheme == TPM_ALG_RSAES)
        return;
    key->scheme_hash = read_be16(r);
    if (key->scheme == TPM_ALG_ECDAA)
        read_skip(r, 2); /* count */
}

static void read_rsa(struct reader *r, struct tpm_public *key)
{
    key->key_bits = read_be16(r);
    key->exponent = read_be32(r);
    if (key->exponent == 0)
        key->exponent = DEFAULT_EXPONENT;
    key->modulus = read_sized(r);
}

static void read_ecc(struct reader *r, struct tpm_public *key)
{
    key->curve = read_be16(r);
    if (read_be16(r) != TPM_ALG_NULL)
        read_skip(r, 2); /* the hash of a key derivation scheme */
    key->x = read_sized(r);
    key->y = read_sized(r);
}

int tpm_public_parse(struct span in, struct tpm_public *ret, struct err *err)
{
    struct reader r = reader_of(in);
    struct tpm_public key = {.raw = in};

    if (in.len > TPM_PUBLIC_SIZE_MAX)
        return err_set(err, ERR_INPUT, "tpm key: over %d bytes", TPM_PUBLIC_SIZE_MAX);
    key.type = read_be16(&r);
    key.name_alg = read_be16(&r);
    key.attributes = read_be32(&r);
    key.auth_policy = read_sized(&r);
    skip_symmetric(&r);
    read_scheme(&r, &key);
    if (!r.short_read && key.type != TPM_ALG_RSA && key.type != TPM_ALG_ECC)
        return err_set(err, ERR_INPUT, "tpm key: type 0x%04x is neither rsa nor ecc", key.type);
    if (key.type == TPM_ALG_RSA)
        read_rsa(&r, &key);
    else
        read_ecc(&r, &key);
    if (r.short_read)
        return err_set(err, ERR_INPUT, "tpm key: ends inside the field at byte %zu", r.at);
    if (!reader_at_end(&r))
        return err_set(err, ERR_INPUT, "tpm key: %zu bytes after its end at byte %zu",
                       reader_rest(&r).len, r.at);
    *ret = key;
    return 0;
}

int tpm_public_name(const struct tpm_public *key, uint8_t *out, size_t *ret_len, struct err *err)
{
    enum digest_alg alg;

    if (!pcr_alg_of_tpm(key->name_alg, &alg))
        return err_set(err, ERR_INPUT, "tpm key: name algorithm 0x%04x is not known",
                       key->name_alg);
    out[0] = (uint8_t)(key->name_alg >> 8);
    out[1] = (uint8_t)key->name_alg;
    digest_of(alg, key->raw, out + 2);
    *ret_len = 2 + digest_size(alg);
    return 0;
}

int tpm_public_check_attester(const struct tpm_public *key, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(attribute_rows); i++) {
        bool wanted = attribute_rows[i].bit != TPM_ATTRIBUTE_DECRYPT;
        bool set = (key->attributes & attribute_rows[i].bit) != 0;

        if (set != wanted)
            return err_set(err, ERR_UNTRUSTED, "tpm key: attribute %s is %s",
                           attribute_rows[i].name, set ? "set" : "not set");
    }
    return 0;
}

int tpm_public_key(const struct tpm_public *key, struct key **ret, struct err *err)
{
    uint8_t exponent[4] = {(uint8_t)(key->exponent >> 24), (uint8_t)(key->exponent >> 16),
                           (uint8_t)(key->exponent >> 8), (uint8_t)key->exponent};

    if (key->type == TPM_ALG_RSA)
        return key_from_rsa(key->modulus, SPAN_OF_ARRAY(exponent), ret, err);
    if (key->curve != CURVE_P256 && key->curve != CURVE_P384)
        return err_set(err, ERR_INPUT, "tpm key: curve 0x%04x is not p256 or p384", key->curve);
    return key_from_point(key->curve == CURVE_P256 ? KEY_P256 : KEY_P384, key->x, key->y, ret, err);
}
