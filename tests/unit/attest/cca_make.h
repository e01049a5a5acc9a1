/* Tokens of Arm's CCA with keys of our own, for tests. */
#ifndef COCOS_TESTS_ATTEST_CCA_MAKE_H
#define COCOS_TESTS_ATTEST_CCA_MAKE_H

#include "tests/unit/unit.h"

#include "lib/attest/evidence/cca.h"
#include "lib/cbor/cose_key.h"

/* What a test may change before the token is written. */
struct cca_maker {
    struct key *platform, *realm; /* who signs */
    uint8_t challenge[CCA_CHALLENGE_SIZE];
    size_t challenge_len;
    const char *hash; /* of the realm's key */
    bool cose_key;    /* the realm's key is written as a COSE_Key */
    bool wrong_bound; /* the platform was asked for another realm */
    int platform_label, realm_label;
};

static inline void cca_make(struct cca_maker *m)
{
    struct err err;

    *m = (struct cca_maker){.challenge_len = CCA_CHALLENGE_SIZE,
                            .hash = "sha-256",
                            .platform_label = 44234,
                            .realm_label = 44241};
    memset(m->challenge, 0xc4, sizeof(m->challenge));
    assert_ok(key_generate(KEY_P384, 0, &m->platform, &err));
    assert_ok(key_generate(KEY_P384, 0, &m->realm, &err));
}

static inline void cca_maker_done(struct cca_maker *m)
{
    key_free(m->platform);
    key_free(m->realm);
}
#define OWNED_CCA_MAKER __attribute__((cleanup(cca_maker_done))) struct cca_maker

static inline void cca_write_key(const struct cca_maker *m, struct buf *out)
{
    OWNED_BUF spki = BUF_OF(4 * KIB);
    struct err err;

    if (m->cose_key) {
        assert_ok(cose_key_write(m->realm, out, &err));
        return;
    }
    key_write_spki(m->realm, &spki); /* ends in the point */
    buf_add(out, spki.data + spki.len - 97, 97);
}

static inline void cca_sign(struct cbor_map *claims, const struct key *key, struct buf *out)
{
    OWNED_BUF payload = BUF_OF(16 * KIB);
    struct cose_content content = {0};
    struct err err;

    assert_ok(cbor_map_write(claims, &payload, &err));
    content.payload = buf_span(&payload);
    assert_ok(cose_sign1_sign(key, &content, out, &err));
}

static inline void cca_write_platform(const struct cca_maker *m, struct span key, struct buf *out)
{
    OWNED_CBOR_MAP claims = CBOR_MAP_OF(16 * KIB);
    uint8_t hash[SHA512_SIZE];
    bool long_hash = strcmp(m->hash, "sha-512") == 0;

    digest_of(long_hash ? DIGEST_SHA512 : DIGEST_SHA256, key, hash);
    hash[0] ^= m->wrong_bound ? 1 : 0;
    cbor_map_key_int(&claims, EAT_NONCE);
    cbor_add_bytes(&claims.items, span_of(hash, long_hash ? SHA512_SIZE : SHA256_SIZE));
    cbor_map_key_int(&claims, 2395);
    cbor_add_int(&claims.items, 0x3003); /* secured */
    cca_sign(&claims, m->platform, out);
}

static inline void cca_write_realm(const struct cca_maker *m, struct span key, struct buf *out)
{
    OWNED_CBOR_MAP claims = CBOR_MAP_OF(16 * KIB);

    cbor_map_key_int(&claims, EAT_NONCE);
    cbor_add_bytes(&claims.items, span_of(m->challenge, m->challenge_len));
    cbor_map_key_int(&claims, 44237);
    cbor_add_bytes(&claims.items, key);
    cbor_map_key_int(&claims, 44240);
    cbor_add_text(&claims.items, m->hash);
    cca_sign(&claims, m->realm, out);
}

static inline void cca_write(const struct cca_maker *m, struct buf *out)
{
    OWNED_BUF key = BUF_OF(1 * KIB), platform = BUF_OF(16 * KIB), realm = BUF_OF(16 * KIB);
    OWNED_CBOR_MAP tokens = CBOR_MAP_OF(64 * KIB);
    struct err err;

    cca_write_key(m, &key);
    cca_write_platform(m, buf_span(&key), &platform);
    cca_write_realm(m, buf_span(&key), &realm);
    cbor_map_key_int(&tokens, m->platform_label);
    cbor_add_bytes(&tokens.items, buf_span(&platform));
    cbor_map_key_int(&tokens, m->realm_label);
    cbor_add_bytes(&tokens.items, buf_span(&realm));
    buf_reset(out);
    cbor_add_tag(out, 399);
    assert_ok(cbor_map_write(&tokens, out, &err));
}

#endif
