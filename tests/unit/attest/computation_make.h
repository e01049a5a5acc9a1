/* The process of a computation, as DICE sees it: a device, whose key evidence of the platform
 * carries; the layer of the computation; the server's key. Tests leave one of it away, or let it be
 * another's. */
#ifndef COCOS_TESTS_ATTEST_COMPUTATION_MAKE_H
#define COCOS_TESTS_ATTEST_COMPUTATION_MAKE_H

#include "tests/unit/unit.h"

#include "lib/attest/dice_use.h"
#include "lib/attest/evidence/dice_chain.h"
#include "lib/cbor/write.h"

struct computation {
    struct key *root;  /* of the device; certified the layer's key */
    struct key *layer; /* certified the server's key, and others */
    struct key *server;
    const char *what; /* the layer is for; NULL: its certificate is left out */
    uint8_t of[SHA256_SIZE];

    enum bundle_type type; /* of the evidence for the root */
    struct buf evidence;   /* empty: there is none */
};

static inline struct key *computation_key(void)
{
    struct key *key;
    struct err err;

    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    return key;
}

static inline void computation_make(struct computation *c, struct span manifest_sha256)
{
    *c = (struct computation){.root = computation_key(),
                              .layer = computation_key(),
                              .server = computation_key(),
                              .what = DICE_LAYER_COMPUTATION,
                              .evidence = BUF_OF(256 * KIB)};
    memcpy(c->of, manifest_sha256.data, SHA256_SIZE);
}

static inline void computation_done(struct computation *c)
{
    key_free(c->root);
    key_free(c->layer);
    key_free(c->server);
    buf_done(&c->evidence);
}

static inline void computation_certify_layer(const struct computation *c, struct buf *out)
{
    OWNED_BUF config = BUF_OF(256);
    struct dice_input input = {.mode = DICE_NORMAL};
    const struct dice_certificate certificate = {
        .issuer = c->root, .subject = c->layer, .input = &input, .issues = true};
    struct err err;

    cbor_add_map(&config, 2);
    cbor_add_uint(&config, DICE_LAYER_WHAT);
    cbor_add_text(&config, c->what);
    cbor_add_uint(&config, DICE_LAYER_OF);
    cbor_add_bytes(&config, SPAN_OF_ARRAY(c->of));
    input.config = buf_span(&config);
    assert_ok(dice_layer_write(&certificate, out, &err));
}

/* The chain that ends with this certificate. Without the layer's own it begins with the layer. */
static inline void computation_chain(const struct computation *c,
                                     const struct dice_certificate *last, struct buf *out)
{
    OWNED_BUF layer = BUF_OF(4 * KIB), leaf = BUF_OF(4 * KIB);
    struct span certificates[2];
    struct dice_chain_parts parts = {c->layer, certificates, 0, c->type, buf_span(&c->evidence)};
    struct err err;

    if (c->what != NULL) {
        computation_certify_layer(c, &layer);
        certificates[parts.count++] = buf_span(&layer);
        parts.root = c->root;
    }
    assert_ok(dice_layer_write(last, &leaf, &err));
    certificates[parts.count++] = buf_span(&leaf);
    assert_ok(dice_chain_write(&parts, out, &err));
}

/* The one that leads to the server's key. */
static inline void computation_server_chain(const struct computation *c, struct buf *out)
{
    const struct dice_certificate last = {.issuer = c->layer, .subject = c->server};

    computation_chain(c, &last, out);
}

#endif
