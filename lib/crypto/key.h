/* Key pairs and public keys: RSA of 2048 to 8192 bits, P-256, P-384, Ed25519. An identity in this
 * system IS a public key; its name is the SHA-256 of its SubjectPublicKeyInfo. */
#ifndef COCOS_CRYPTO_KEY_H
#define COCOS_CRYPTO_KEY_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/crypto/digest.h"

enum key_type { KEY_RSA, KEY_P256, KEY_P384, KEY_ED25519, KEY_TYPE_COUNT };

extern const char *const key_type_names[]; /* "rsa" "p256" "p384" "ed25519", NULL-terminated */

struct key; /* opaque; immutable once made, so any thread may use it */

void key_free(struct key *key);
DEFINE_OWNED(key)
#define OWNED_KEY OWNED_OF(key)

/* A fresh pair; RSA gets bits (0: 3072). */
MUST_USE int key_generate(enum key_type type, unsigned bits, struct key **ret, struct err *err);

/* A public key: PEM "PUBLIC KEY" (nothing before or after but white space), or SPKI in DER. Refuses
 * other types, short RSA keys and points that are not on the curve (INPUT). */
MUST_USE int key_load_public_pem(struct span pem, struct key **ret, struct err *err);
MUST_USE int key_load_public_der(struct span spki, struct key **ret, struct err *err);

/* A private key: PEM "PRIVATE KEY" (PKCS#8, and PKCS#1 bytes under that name as some older tools
 * write them), "EC PRIVATE KEY", "RSA PRIVATE KEY"; unencrypted. */
MUST_USE int key_load_private_pem(struct span pem, struct key **ret, struct err *err);

/* The key of a certificate given as DER or PEM. */
MUST_USE int key_load_certificate(struct span certificate, struct key **ret, struct err *err);

enum key_type key_type_of(const struct key *key);
bool key_is_private(const struct key *key);

/* Public part as DER SPKI or PEM, private part as PKCS#8 PEM (out should be a secret buffer);
 * appended. */
void key_write_spki(const struct key *key, struct buf *out);
void key_write_public_pem(const struct key *key, struct buf *out);
MUST_USE int key_write_private_pem(const struct key *key, struct buf *out, struct err *err);

/* SHA-256 of the SPKI: the identity. */
void key_identity(const struct key *key, uint8_t out[static SHA256_SIZE]);
/* The identity as hex, 64 digits. */
#define KEY_IDENTITY_TEXT_SIZE (2 * SHA256_SIZE + 1)
void key_identity_text(const struct key *key, char out[static KEY_IDENTITY_TEXT_SIZE]);

bool key_equal(const struct key *a, const struct key *b);

#endif
