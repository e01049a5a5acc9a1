/* HPKE (RFC 9180) in its base mode: bytes for whoever holds a P-256 key, from anybody.
 *
 * DHKEM(P-256, HKDF-SHA256) and HKDF-SHA256, with the AEADs of enum hpke_aead. A context seals or
 * opens messages in one order; the nonce of each counts up. OpenSSL 3.0 has no HPKE of its own, so
 * this is RFC 9180 on its primitives.
 *
 * It says nothing about who sealed: what must be known of the bytes, a pin or a signature says. */
#ifndef COCOS_CRYPTO_HPKE_H
#define COCOS_CRYPTO_HPKE_H

#include "lib/crypto/key.h"

enum hpke_aead { HPKE_AES_128_GCM, HPKE_AES_256_GCM, HPKE_AEAD_COUNT };

#define HPKE_ENC_SIZE 65 /* an uncompressed point */
#define HPKE_TAG_SIZE 16
#define HPKE_INFO_MAX 160

struct hpke; /* wiped when freed; one thread at a time */

/* A context for recipient, a key on P-256, and the point that goes with what it seals. Errors:
 * INPUT (another key, info too long), INTERNAL. */
MUST_USE int hpke_seal_begin(enum hpke_aead aead, const struct key *recipient, struct span info,
                             uint8_t enc[static HPKE_ENC_SIZE], struct hpke **ret, struct err *err);

/* The same with the sender's ephemeral pair given: for published examples. A pair that was used
 * before gives the same keys again. */
MUST_USE int hpke_seal_begin_with(enum hpke_aead aead, const struct key *recipient,
                                  struct span info, const struct key *ephemeral, struct hpke **ret,
                                  struct err *err);

/* The recipient's end; own is its pair. Errors: INPUT (no pair on P-256, no such point). */
MUST_USE int hpke_open_begin(enum hpke_aead aead, const struct key *own, struct span enc,
                             struct span info, struct hpke **ret, struct err *err);

void hpke_free(struct hpke *hpke);
DEFINE_OWNED(hpke)
#define OWNED_HPKE OWNED_OF(hpke)

/* Seals the next message: plain.len + HPKE_TAG_SIZE bytes, appended. Errors: TOO_LARGE. */
MUST_USE int hpke_seal(struct hpke *hpke, struct span aad, struct span plain, struct buf *out,
                       struct err *err);

/* Opens the next message, appended; nothing is when it does not hold. Errors: UNTRUSTED,
 * TOO_LARGE. */
MUST_USE int hpke_open(struct hpke *hpke, struct span aad, struct span sealed, struct buf *out,
                       struct err *err);

/* A secret that both ends know, for a purpose (RFC 9180, 5.3); len at most HKDF_OUT_MAX. */
void hpke_export(const struct hpke *hpke, struct span purpose, uint8_t *out, size_t len);

#endif
