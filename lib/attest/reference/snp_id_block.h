/* The SEV-SNP ID block: what the owner of a guest signs so that the firmware launches nothing else
 * under his name, and what ID_KEY_DIGEST and AUTHOR_KEY_DIGEST of a report then say.
 *
 * The block is 96 bytes: launch digest, family, image, version 1, guest SVN, guest policy. Beside
 * it goes the authentication information, 4096 bytes: the ID key, its signature over the block and,
 * if there is an author, his key and his signature over the ID key. Keys are P-384, signatures
 * ECDSA with SHA-384. QEMU takes both as base64: sev-snp-guest,id-block=...,id-auth=... Source: AMD
 * 56860, SEV-SNP firmware ABI, section 8.18 and tables 74 to 76, appendix E. */
#ifndef COCOS_ATTEST_REFERENCE_SNP_ID_BLOCK_H
#define COCOS_ATTEST_REFERENCE_SNP_ID_BLOCK_H

#include "lib/crypto/key.h"

#define SNP_ID_BLOCK_SIZE     96
#define SNP_ID_AUTH_SIZE      4096
#define SNP_KEY_SIZE          0x404
#define SNP_ID_SIZE           16
#define SNP_GUEST_POLICY_BASE 0x30000u /* SMT allowed, bit 17 that must be one, any ABI */

struct snp_id_block {
    uint8_t launch_digest[SHA384_SIZE];
    uint8_t family_id[SNP_ID_SIZE];
    uint8_t image_id[SNP_ID_SIZE];
    uint32_t guest_svn;
    uint64_t policy;
};

void snp_id_block_encode(const struct snp_id_block *block, uint8_t out[static SNP_ID_BLOCK_SIZE]);

/* Errors: INPUT (not 96 bytes, another version, a policy that no firmware takes), with the offset.
 */
MUST_USE int snp_id_block_decode(struct span in, struct snp_id_block *ret, struct err *err);

/* The digest that a report has of a key: SHA-384 over its 1028 bytes. Errors: INPUT (no P-384 key).
 */
MUST_USE int snp_key_digest(const struct key *key, uint8_t ret[static SHA384_SIZE],
                            struct err *err);

/* Signs a block with the ID key and, unless author is NULL, the ID key with the author's. Errors:
 * INPUT (no P-384 key, no private half). */
MUST_USE int snp_id_auth_make(struct span block, const struct key *id_key,
                              const struct key *author_key, uint8_t out[static SNP_ID_AUTH_SIZE],
                              struct err *err);

struct snp_id_digests {
    uint8_t id_key[SHA384_SIZE];
    bool has_author;
    uint8_t author_key[SHA384_SIZE]; /* zeros without an author, as in a report */
};

/* Checks the authentication information as the firmware does, strictly: algorithms, keys, bytes
 * that must be zero, signatures. Errors: INPUT with the offset, UNTRUSTED (a signature). */
MUST_USE int snp_id_auth_check(struct span block, struct span auth, struct snp_id_digests *ret,
                               struct err *err);

#endif
