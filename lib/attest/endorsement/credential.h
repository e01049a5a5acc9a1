/* The credential challenge (TPM2_MakeCredential), made outside of any TPM: a secret that only a TPM
 * can read which holds both the endorsement key and a key of the given name. Who answers with the
 * secret has shown that they live side by side; what that is worth depends on who vouches for the
 * endorsement key (ak_binding.h).
 *
 * Pure: the random bytes come in as an argument. TPM 2.0 Library, part 1, 24 (credential
 * protection) and 11.4.10 (KDFa). */
#ifndef COCOS_ATTEST_CREDENTIAL_H
#define COCOS_ATTEST_CREDENTIAL_H

#include "lib/attest/evidence/tpm_public.h"
#include "lib/base/buf.h"

#define CREDENTIAL_SIZE 32

/* Fresh for each challenge, and told to nobody. */
struct credential_random {
    uint8_t secret[CREDENTIAL_SIZE]; /* what the answer must be */
    uint8_t seed[CREDENTIAL_SIZE];
};

struct credential_challenge {
    struct buf blob;      /* the bytes of TPM2B_ID_OBJECT */
    struct buf encrypted; /* the bytes of TPM2B_ENCRYPTED_SECRET */
};

void credential_challenge_done(struct credential_challenge *challenge);
#define OWNED_CREDENTIAL_CHALLENGE                                                                 \
    __attribute__((cleanup(credential_challenge_done))) struct credential_challenge

/* Makes a challenge. ek must be a restricted decryption key of the usual kind (RSA, SHA-256).
 * Errors: UNTRUSTED (it is another kind of key), INPUT. */
MUST_USE int credential_make(const struct tpm_public *ek, struct span ak_name,
                             const struct credential_random *random,
                             struct credential_challenge *ret, struct err *err);

#endif
