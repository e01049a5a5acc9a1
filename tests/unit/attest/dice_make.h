/* A device of our own with three layers, for tests of DICE chains: each derived from the one before
 * it, as the agent does, and certified in CBOR. */
#ifndef COCOS_TESTS_ATTEST_DICE_MAKE_H
#define COCOS_TESTS_ATTEST_DICE_MAKE_H

#include "tests/unit/unit.h"

#include "lib/attest/evidence/dice_chain.h"

#define DEVICE_LAYERS 3

struct device {
    enum key_type type;
    struct dice_cdis cdis[DEVICE_LAYERS + 1]; /* of the UDS first */
    struct key *keys[DEVICE_LAYERS + 1];
    struct dice_input inputs[DEVICE_LAYERS];
    struct buf certs[DEVICE_LAYERS];
    struct buf chain;
};

static inline void device_done(struct device *d)
{
    for (size_t i = 0; i <= DEVICE_LAYERS; i++)
        key_free(d->keys[i]);
    for (size_t i = 0; i < DEVICE_LAYERS; i++)
        buf_done(&d->certs[i]);
    buf_done(&d->chain);
}
#define OWNED_DEVICE __attribute__((cleanup(device_done))) struct device

static inline void device_certify(struct device *d, size_t layer, const struct key *issuer)
{
    const struct dice_certificate certificate = {.issuer = issuer,
                                                 .subject = d->keys[layer + 1],
                                                 .input = &d->inputs[layer],
                                                 .issues = layer + 1 < DEVICE_LAYERS,
                                                 .profile = "cocos.test"};
    struct err err;

    buf_reset(&d->certs[layer]);
    assert_ok(dice_layer_write(&certificate, &d->certs[layer], &err));
}

/* Derives and certifies every layer from the inputs as they are. */
static inline void device_boot(struct device *d)
{
    struct err err;

    for (size_t i = 0; i <= DEVICE_LAYERS; i++) {
        if (i > 0)
            assert_ok(dice_derive_cdis(&d->cdis[i - 1], &d->inputs[i - 1], &d->cdis[i], &err));
        key_free(d->keys[i]);
        assert_ok(dice_derive_key(d->cdis[i].attest, d->type, &d->keys[i], &err));
    }
    for (size_t i = 0; i < DEVICE_LAYERS; i++)
        device_certify(d, i, d->keys[i]);
}

static inline void device_make(struct device *d, enum key_type type)
{
    static const char *const configs[] = {"cmdline", "agent", "manifest"};

    *d = (struct device){.type = type, .chain = BUF_OF(64 * KIB)};
    memset(d->cdis[0].attest, 0x11, DICE_CDI_SIZE);
    memset(d->cdis[0].seal, 0x22, DICE_CDI_SIZE);
    for (size_t i = 0; i < DEVICE_LAYERS; i++) {
        d->certs[i] = BUF_OF(DICE_CERT_MAX);
        d->inputs[i] = (struct dice_input){.config = span_of_str(configs[i]), .mode = DICE_NORMAL};
        memset(d->inputs[i].code, (int)i + 1, DICE_HASH_SIZE);
        memset(d->inputs[i].authority, 0x77, DICE_HASH_SIZE);
    }
    device_boot(d);
}

/* The chain of the certificates as they are, with evidence for its root where it is not empty. */
static inline struct span device_chain(struct device *d, enum bundle_type type,
                                       struct span evidence)
{
    struct span certs[DEVICE_LAYERS];
    const struct dice_chain_parts parts = {d->keys[0], certs, DEVICE_LAYERS, type, evidence};
    struct err err;

    for (size_t i = 0; i < DEVICE_LAYERS; i++)
        certs[i] = buf_span(&d->certs[i]);
    buf_reset(&d->chain);
    assert_ok(dice_chain_write(&parts, &d->chain, &err));
    return buf_span(&d->chain);
}

static inline const struct key *device_leaf(const struct device *d)
{
    return d->keys[DEVICE_LAYERS];
}

#endif
