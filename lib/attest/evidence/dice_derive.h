/* What a DICE layer computes for the next one: secrets, key pair and identifier.
 *
 * Each layer gets two secrets (CDIs) from the one before it, which depend on all that is about to
 * run: change a bit of it, and everything after it has other keys. The layer makes the next
 * layer's secrets and certificate, wipes its own, and only then starts it. The first pair stands
 * for the unique device secret (UDS).
 *
 * Open Profile for DICE 2.5, with HKDF-SHA512. The agent derives, the verifier needs the
 * identifiers only; both are pure. */
#ifndef COCOS_ATTEST_EVIDENCE_DICE_DERIVE_H
#define COCOS_ATTEST_EVIDENCE_DICE_DERIVE_H

#include "lib/crypto/key.h"

#define DICE_CDI_SIZE  32
#define DICE_HASH_SIZE 64
#define DICE_ID_SIZE   20
#define DICE_ID_TEXT   (2 * DICE_ID_SIZE + 1)

enum dice_mode { DICE_NOT_CONFIGURED, DICE_NORMAL, DICE_DEBUG, DICE_RECOVERY, DICE_MODE_COUNT };

extern const char *const dice_mode_names[DICE_MODE_COUNT + 1]; /* NULL-terminated */

/* Secrets: wiped when they go out of scope. */
struct dice_cdis {
    uint8_t attest[DICE_CDI_SIZE]; /* depends on everything; the key pair comes from it */
    uint8_t seal[DICE_CDI_SIZE];   /* survives an update of code and configuration */
};
void dice_cdis_done(struct dice_cdis *cdis);
#define OWNED_DICE_CDIS __attribute__((cleanup(dice_cdis_done))) struct dice_cdis

/* What is about to run. */
struct dice_input {
    uint8_t code[DICE_HASH_SIZE];
    bool config_is_inline; /* config is 64 bytes that stand for themselves ... */
    struct span config;    /* ... or a descriptor, of which the SHA-512 counts */
    uint8_t authority[DICE_HASH_SIZE];
    enum dice_mode mode;
    uint8_t hidden[DICE_HASH_SIZE];
};

/* Derives the secrets of the next layer. Errors: INPUT (an inline config of another length). */
MUST_USE int dice_derive_cdis(const struct dice_cdis *current, const struct dice_input *input,
                              struct dice_cdis *next, struct err *err);

/* The key pair of a layer, by its CDI_Attest: Ed25519, P-256 or P-384. Errors: INPUT, INTERNAL. */
MUST_USE int dice_derive_key(const uint8_t cdi_attest[static DICE_CDI_SIZE], enum key_type type,
                             struct key **ret, struct err *err);

/* The identifier of a key, and as it is written in certificates (hex). Errors: INPUT for RSA,
 * which the profile does not have. */
MUST_USE int dice_derive_id(const struct key *key, uint8_t out[static DICE_ID_SIZE],
                            struct err *err);
MUST_USE int dice_id_text(const struct key *key, char out[static DICE_ID_TEXT], struct err *err);

/* What a platform must sign to vouch for the key of the UDS: the SHA-512 of a label of its own and
 * the key (SPKI), each after its length. It holds for as long as the key does, so it has no nonce.
 */
void dice_root_report_data(const struct key *uds, uint8_t out[static SHA512_SIZE]);

#endif
