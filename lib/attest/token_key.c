#include "lib/attest/token_key.h"

typedef int load(struct span bytes, struct key **ret, struct err *err);

int token_key_load_jws(struct span bytes, struct key **ret, enum jws_alg *ret_alg, struct err *err)
{
    static load *const forms[] = {key_load_public_pem, key_load_public_der, key_load_certificate};

    if (bytes.len > 0 && bytes.data[0] == '{')
        return jwk_parse(bytes, ret, ret_alg, err);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (forms[i](bytes, ret, err) < 0)
            continue;
        *ret_alg = jws_alg_of(*ret);
        return 0;
    }
    return err_set(err, ERR_INPUT,
                   "this is neither a public key nor a certificate that we can "
                   "use, PEM or DER, nor a JWK");
}

int token_key_load(struct span bytes, struct key **ret, struct err *err)
{
    enum jws_alg unused;

    return token_key_load_jws(bytes, ret, &unused, err);
}
