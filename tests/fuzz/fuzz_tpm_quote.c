/* The structures of a TPM: statements, signatures and public keys, each from the same bytes. */
#include "lib/attest/evidence/tpm_quote.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_public(struct span in)
{
    uint8_t name[TPM_NAME_SIZE_MAX];
    struct tpm_public key;
    OWNED_KEY *usable = NULL;
    struct err err;
    size_t len;

    if (tpm_public_parse(in, &key, &err) < 0)
        return;
    if (tpm_public_name(&key, name, &len, &err) == 0 && len > sizeof(name))
        abort();
    if (tpm_public_key(&key, &usable, &err) < 0)
        return;
    if (tpm_public_check_attester(&key, &err) == 0 && (key.attributes & TPM_ATTRIBUTE_SIGN) == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span in = span_of(data, size);
    struct tpm_signature signature;
    struct tpm_quote quote;
    struct pcr_bank bank;
    struct err err;

    check_public(in);
    if (tpm_signature_parse(in, &signature, &err) == 0 && signature.rsa.len > size)
        abort();
    if (tpm_quote_parse(in, &quote, &err) == 0) {
        pcr_bank_init(&bank, DIGEST_SHA256);
        bank.set = 0xffffff;
        signature = tpm_signature_bare(quote.extra_data);
        (void)!tpm_quote_check_registers(&quote, &signature, &bank, 1, &err);
    }
    return 0;
}
