#include "lib/attest/token_key.h"

typedef int load(struct span bytes, struct key **ret, struct err *err);

int token_key_load(struct span bytes, struct key **ret, struct err *err)
{
    static load *const forms[] = {key_load_public_pem, key_load_public_der, key_load_certificate};

    for (size_t i = 0; i < COUNT_OF(forms); i++)
        if (forms[i](bytes, ret, err) == 0)
            return 0;
    return err_set(err, ERR_INPUT,
                   "this is neither a public key nor a certificate that we can "
                   "use, PEM or DER");
}
