/* DICE chains in all their forms, and the TCG's extensions by themselves. */
#include "lib/attest/evidence/dice_chain.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_layer(const struct dice_layer *layer)
{
    struct err err;

    if (layer->key == NULL)
        abort();
    (void)dice_layer_names(layer, layer->subject, layer->key);
    if (dice_layer_check_signature(layer, layer->key, &err) < 0 && err.kind != ERR_UNTRUSTED)
        abort();
    for (size_t i = 0; i < layer->tcb.count; i++)
        json_free(tcb_info_claims(&layer->tcb.items[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span in = span_of(data, size);
    OWNED_DICE_CHAIN chain = {0};
    struct tcb_infos infos = {0};
    struct err err;

    if (dice_chain_parse(in, &chain, &err) == 0) {
        if (chain.count == 0 || chain.count > DICE_LAYERS_MAX)
            abort();
        for (size_t i = 0; i < chain.count; i++)
            check_layer(&chain.layers[i]);
    }
    if (tcb_info_parse(in, size % 2 == 0, &infos, &err) == 0)
        for (size_t i = 0; i < infos.count; i++)
            json_free(tcb_info_claims(&infos.items[i]));
    return 0;
}
