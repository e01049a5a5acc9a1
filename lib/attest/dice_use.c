#include "lib/attest/dice_use.h"

#include "lib/attest/evidence/dice_chain.h"
#include "lib/attest/evidence/transcript.h"
#include "lib/cbor/cbor.h"

static const struct bundle_item *find_item(const struct bundle *bundle)
{
    for (size_t i = 0; i < bundle_count(bundle); i++)
        if (bundle_at(bundle, i)->type == BUNDLE_DICE)
            return bundle_at(bundle, i);
    return NULL;
}

/* Who certified the last key of a chain; NULL when the chain does not say. */
static const struct key *last_issuer(const struct dice_chain *chain)
{
    return chain->count > 1 ? chain->layers[chain->count - 2].key : chain->root;
}

static int check_last(const struct dice_chain *chain, const struct key *layer, const char *use,
                      struct err *err)
{
    const struct dice_layer *last = &chain->layers[chain->count - 1];
    const struct key *issuer = last_issuer(chain);

    if (issuer == NULL || layer == NULL || !key_equal(issuer, layer))
        return err_set(err, ERR_UNTRUSTED,
                       "another layer certified the key than certified the server's");
    if (!span_equal(last->profile, span_of_str(use)))
        return err_set(err, ERR_UNTRUSTED, "the key is not for '%s'", use);
    if (!dice_layer_names(last, last->issuer, issuer))
        return err_set(err, ERR_UNTRUSTED, "its certificate names another issuer");
    return dice_layer_check_signature(last, issuer, err);
}

/* --- whose layer it is ----------------------------------------------------------------------- */

static int read_server(const struct bundle *bundle, struct dice_chain *ret, struct err *err)
{
    const struct bundle_item *item = find_item(bundle);

    if (item == NULL)
        return err_set(err, ERR_UNTRUSTED, "the evidence has no DICE chain");
    return dice_chain_parse(bundle_span(&item->data), ret, err);
}

/* What the layer that certified the last key was configured for; an item of kind CBOR_NONE where
 * it does not say. */
static struct cbor issuer_config(const struct dice_chain *chain)
{
    struct cbor config = {.kind = CBOR_NONE};
    struct err unused;

    if (chain->count < 2 ||
        cbor_parse(chain->layers[chain->count - 2].value[DICE_CONFIG_DESCRIPTOR], CBOR_STRICT,
                   &config, &unused) < 0)
        return (struct cbor){.kind = CBOR_NONE};
    return config;
}

static int check_computation(const struct bundle *bundle, const struct dice_chain *servers,
                             struct err *err)
{
    struct cbor config = issuer_config(servers);
    struct transcript transcript;
    struct span manifest;

    if (transcript_parse(bundle_span(&bundle->transcript), &transcript, err) < 0)
        return -1;
    manifest = transcript_get(&transcript, TRANSCRIPT_MANIFEST);
    if (!cbor_text_is(cbor_find_int(config, DICE_LAYER_WHAT), DICE_LAYER_COMPUTATION))
        return err_set(err, ERR_UNTRUSTED,
                       "the server's key is no computation's, by its DICE chain");
    if (manifest.len != SHA256_SIZE ||
        !span_equal(cbor_bytes(cbor_find_int(config, DICE_LAYER_OF)), manifest))
        return err_set(err, ERR_UNTRUSTED,
                       "the server's key is, by its DICE chain, that of a computation with another "
                       "manifest than the machine shows");
    return 0;
}

int dice_use_check_computation(const struct bundle *bundle, struct err *err)
{
    OWNED_DICE_CHAIN servers = {0};

    if (read_server(bundle, &servers, err) < 0 || check_computation(bundle, &servers, err) < 0) {
        err->kind = ERR_UNTRUSTED;
        return -1;
    }
    return 0;
}

/* --- the key --------------------------------------------------------------------------------- */

static int take_key(const struct dice_chain *chain, struct key **ret, struct err *err)
{
    OWNED_BUF spki = BUF_OF(2 * KIB);

    key_write_spki(chain->layers[chain->count - 1].key, &spki);
    return key_load_public_der(buf_span(&spki), ret, err);
}

int dice_use_find(const struct bundle *bundle, struct span chain, const char *use, struct key **ret,
                  struct err *err)
{
    OWNED_DICE_CHAIN servers = {0}, own = {0};

    if (read_server(bundle, &servers, err) < 0 || check_computation(bundle, &servers, err) < 0 ||
        dice_chain_parse(chain, &own, err) < 0) {
        err->kind = ERR_UNTRUSTED;
        return -1;
    }
    if (check_last(&own, last_issuer(&servers), use, err) < 0)
        return -1;
    return take_key(&own, ret, err);
}
