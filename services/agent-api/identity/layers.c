#include "services/agent-api/identity/layers.h"

#include "lib/attest/dice_use.h"
#include "lib/attest/evidence/dice_chain.h"
#include "lib/cbor/write.h"

#include <stdlib.h>

#define LAYER_KEY    KEY_ED25519
#define CONFIG_MAX   256
#define LAYERS_COUNT 3

struct layers {
    struct key *root;      /* public */
    struct dice_cdis cdis; /* of layer 1 */
    struct buf certs[2];   /* of layers 0 and 1 */
};

/* The certificates of a chain, from layer 0 on. */
struct path {
    const struct key *root;
    struct span certs[LAYERS_COUNT + 1];
    size_t count;
};

/* Takes the private half away. */
static int keep_public(const struct key *pair, struct key **ret, struct err *err)
{
    OWNED_BUF spki = BUF_OF(1 * KIB);

    key_write_spki(pair, &spki);
    return key_load_public_der(buf_span(&spki), ret, err);
}

/* The next layer: its secrets into next, its certificate, by the key of the present one, into cert.
 */
static int step(const struct dice_cdis *present, const struct dice_input *input,
                struct dice_cdis *next, struct buf *cert, struct err *err)
{
    OWNED_KEY *issuer = NULL;
    OWNED_KEY *subject = NULL;
    struct dice_certificate certificate = {
        .input = input, .issues = true, .profile = LAYERS_PROFILE};

    if (dice_derive_key(present->attest, LAYER_KEY, &issuer, err) < 0 ||
        dice_derive_cdis(present, input, next, err) < 0 ||
        dice_derive_key(next->attest, LAYER_KEY, &subject, err) < 0)
        return -1;
    certificate.issuer = issuer;
    certificate.subject = subject;
    return dice_layer_write(&certificate, cert, err);
}

static int fill(struct layers *layers, const struct dice_cdis *uds, const struct dice_input *boot,
                const struct dice_input *agent, struct err *err)
{
    OWNED_DICE_CDIS booted = {{0}, {0}};
    OWNED_KEY *root = NULL;

    if (dice_derive_key(uds->attest, LAYER_KEY, &root, err) < 0 ||
        keep_public(root, &layers->root, err) < 0 ||
        step(uds, boot, &booted, &layers->certs[0], err) < 0)
        return -1;
    return step(&booted, agent, &layers->cdis, &layers->certs[1], err);
}

int layers_make(const uint8_t uds[static DICE_CDI_SIZE], const struct dice_input *boot,
                const struct dice_input *agent, struct layers **ret, struct err *err)
{
    OWNED_OF(layers) *layers = mem_new(struct layers);
    OWNED_DICE_CDIS first;

    /* The platform has one secret: both chains of secrets begin with it. */
    memcpy(first.attest, uds, DICE_CDI_SIZE);
    memcpy(first.seal, uds, DICE_CDI_SIZE);
    layers->certs[0] = layers->certs[1] = BUF_OF(DICE_CERT_MAX);
    if (fill(layers, &first, boot, agent, err) < 0)
        return err_wrap(err, "DICE layers");
    *ret = GIVE(layers);
    return 0;
}

void layers_free(struct layers *layers)
{
    if (layers == NULL)
        return;
    key_free(layers->root);
    dice_cdis_done(&layers->cdis);
    buf_done(&layers->certs[0]);
    buf_done(&layers->certs[1]);
    free(layers);
}

const struct key *layers_root(const struct layers *layers)
{
    return layers->root;
}

/* --- a process that serves ------------------------------------------------------------------- */

/* See enum dice_layer_member. The number tells processes without a manifest apart. */
static void describe(const struct layers_work *work, struct buf *out)
{
    cbor_add_map(out, 3);
    cbor_add_uint(out, DICE_LAYER_WHAT);
    cbor_add_text(out, work->has_manifest ? DICE_LAYER_COMPUTATION : "waiting");
    cbor_add_uint(out, DICE_LAYER_OF);
    if (work->has_manifest)
        cbor_add_bytes(out, SPAN_OF_ARRAY(work->manifest));
    else
        cbor_add_uint(out, work->number);
    cbor_add_uint(out, DICE_LAYER_RUN);
    cbor_add_bytes(out, SPAN_OF_ARRAY(work->run));
}

/* What a certificate says of its key: the server's is known by the transcript. */
static const char *const profiles[IDENTITY_USE_COUNT] = {
    [IDENTITY_RECEIPT] = DICE_USE_RECEIPT,
    [IDENTITY_SEAL] = DICE_USE_SEAL,
};

/* The chain that ends in the key of a use, which issuer certifies. */
static int certify(const struct path *path, const struct key *issuer, const struct key *subject,
                   const char *profile, struct buf *out, struct err *err)
{
    const struct dice_certificate certificate = {
        .issuer = issuer, .subject = subject, .profile = profile};
    OWNED_BUF leaf = BUF_OF(DICE_CERT_MAX);
    struct path whole = *path;

    if (dice_layer_write(&certificate, &leaf, err) < 0)
        return -1;
    whole.certs[whole.count++] = buf_span(&leaf);
    return dice_chain_write(&(struct dice_chain_parts){.root = whole.root,
                                                       .certificates = whole.certs,
                                                       .count = whole.count},
                            out, err);
}

static int certify_all(const struct path *path, const struct key *issuer,
                       struct identity_seed *seed, uint8_t spki_sha256[static SHA256_SIZE],
                       struct err *err)
{
    for (int use = 0; use < IDENTITY_USE_COUNT; use++) {
        OWNED_KEY *key = NULL;

        if (identity_derive_key(seed->cdi, (enum identity_use)use, &key, err) < 0 ||
            certify(path, issuer, key, profiles[use], &seed->chain[use], err) < 0)
            return -1;
        if (use == IDENTITY_TLS)
            key_identity(key, spki_sha256);
    }
    return 0;
}

int layers_begin(const struct layers *layers, const struct layers_work *work,
                 struct identity_seed *ret, uint8_t spki_sha256[static SHA256_SIZE],
                 struct err *err)
{
    OWNED_BUF config = BUF_OF(CONFIG_MAX), cert = BUF_OF(DICE_CERT_MAX);
    struct dice_input input = {.mode = DICE_NORMAL};
    struct path path = {
        .root = layers->root,
        .certs = {buf_span(&layers->certs[0]), buf_span(&layers->certs[1])},
        .count = 2,
    };
    OWNED_DICE_CDIS next = {{0}, {0}};
    OWNED_KEY *issuer = NULL;

    describe(work, &config);
    memcpy(input.code, work->code, sizeof(input.code));
    input.config = buf_span(&config);
    if (step(&layers->cdis, &input, &next, &cert, err) < 0 ||
        dice_derive_key(work->has_manifest ? next.attest : layers->cdis.attest, LAYER_KEY, &issuer,
                        err) < 0)
        return err_wrap(err, "DICE layer");
    if (work->has_manifest)
        path.certs[path.count++] = buf_span(&cert);
    memcpy(ret->cdi, next.attest, sizeof(ret->cdi));
    if (certify_all(&path, issuer, ret, spki_sha256, err) < 0)
        return err_wrap(err, "DICE layer");
    return 0;
}
