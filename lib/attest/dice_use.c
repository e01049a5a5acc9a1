#include "lib/attest/dice_use.h"

#include "lib/attest/evidence/dice_chain.h"

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

static int take_key(const struct dice_chain *chain, struct key **ret, struct err *err)
{
    OWNED_BUF spki = BUF_OF(2 * KIB);

    key_write_spki(chain->layers[chain->count - 1].key, &spki);
    return key_load_public_der(buf_span(&spki), ret, err);
}

int dice_use_find(const struct bundle *bundle, struct span chain, const char *use, struct key **ret,
                  struct err *err)
{
    const struct bundle_item *item = find_item(bundle);
    OWNED_DICE_CHAIN servers = {0}, own = {0};

    if (item == NULL)
        return err_set(err, ERR_UNTRUSTED, "the evidence has no DICE chain");
    if (dice_chain_parse(bundle_span(&item->data), &servers, err) < 0 ||
        dice_chain_parse(chain, &own, err) < 0) {
        err->kind = ERR_UNTRUSTED;
        return -1;
    }
    if (check_last(&own, last_issuer(&servers), use, err) < 0)
        return -1;
    return take_key(&own, ret, err);
}
