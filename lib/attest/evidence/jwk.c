#include "lib/attest/evidence/jwk.h"

#include "lib/base/text.h"
#include "lib/crypto/key_parts.h"

#define TEXT_MAX   (64 * KIB)
#define NUMBER_MAX (4 * KIB)

static int take_number(const struct json *jwk, const char *member, struct buf *out, struct err *err)
{
    const char *text = json_get_str(jwk, member);

    if (text == NULL)
        return err_set(err, ERR_INPUT, "jwk: it has no '%s'", member);
    if (text_decode_base64url(span_of_str(text), out, err) < 0)
        return err_wrap(err, "jwk: '%s'", member);
    return buf_check(out, "the number", err);
}

static int take_key(const struct json *jwk, struct key **ret, struct err *err)
{
    static const struct {
        const char *kty, *crv;
        enum key_type type;
    } curves[] = {
        {"EC", "P-256", KEY_P256}, {"EC", "P-384", KEY_P384}, {"OKP", "Ed25519", KEY_ED25519}};
    OWNED_BUF a = BUF_OF(NUMBER_MAX), b = BUF_OF(NUMBER_MAX);
    const char *kty = json_get_str(jwk, "kty"), *crv = json_get_str(jwk, "crv");

    if (kty != NULL && strcmp(kty, "RSA") == 0) {
        if (take_number(jwk, "n", &a, err) < 0 || take_number(jwk, "e", &b, err) < 0)
            return -1;
        return key_from_rsa(buf_span(&a), buf_span(&b), ret, err);
    }
    for (size_t i = 0; kty != NULL && crv != NULL && i < COUNT_OF(curves); i++) {
        if (strcmp(kty, curves[i].kty) != 0 || strcmp(crv, curves[i].crv) != 0)
            continue;
        if (take_number(jwk, "x", &a, err) < 0)
            return -1;
        if (curves[i].type == KEY_ED25519)
            return key_from_ed25519(buf_span(&a), ret, err);
        if (take_number(jwk, "y", &b, err) < 0)
            return -1;
        return key_from_point(curves[i].type, buf_span(&a), buf_span(&b), ret, err);
    }
    return err_set(err, ERR_INPUT, "jwk: a key of a kind that is not used here");
}

static int take_alg(const struct json *jwk, const struct key *key, enum jws_alg *ret,
                    struct err *err)
{
    const char *alg = json_get_str(jwk, "alg");

    *ret = jws_alg_of(key);
    if (json_get(jwk, "alg") == NULL)
        return 0;
    for (int i = 0; alg != NULL && i < JWS_ALG_COUNT; i++) {
        if (strcmp(alg, jws_alg_names[i]) != 0 || !jws_alg_fits((enum jws_alg)i, key))
            continue;
        *ret = (enum jws_alg)i;
        return 0;
    }
    return err_set(err, ERR_INPUT, "jwk: its algorithm is not one for its key");
}

int jwk_parse(struct span text, struct key **ret, enum jws_alg *ret_alg, struct err *err)
{
    OWNED_JSON *jwk = NULL;
    OWNED_KEY *key = NULL;

    if (text.len > TEXT_MAX)
        return err_set(err, ERR_INPUT, "jwk: %zu bytes, at most %llu", text.len, TEXT_MAX);
    if (json_parse(text, &jwk, err) < 0)
        return err_wrap(err, "jwk");
    if (json_get(jwk, "d") != NULL || json_get(jwk, "k") != NULL)
        return err_set(err, ERR_INPUT, "jwk: it holds a secret; give the public key alone");
    if (take_key(jwk, &key, err) < 0 || take_alg(jwk, key, ret_alg, err) < 0)
        return -1;
    *ret = GIVE(key);
    return 0;
}
