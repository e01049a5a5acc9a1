#include "lib/attest/evidence/dice_chain.h"

#include "lib/cbor/cose_key.h"
#include "lib/crypto/der.h"

#include <stdlib.h>

enum { KEY_CHAIN = 1, KEY_TYPE = 2, KEY_EVIDENCE = 3 };

void dice_chain_done(struct dice_chain *chain)
{
    key_free(chain->root);
    for (size_t i = 0; i < chain->count; i++)
        dice_layer_done(&chain->layers[i]);
    free(chain->layers);
    *chain = (struct dice_chain){0};
}

typedef int parse_layer(struct span in, struct dice_layer *ret, struct err *err);

static int append(struct dice_chain *chain, parse_layer *parse, struct span in, struct err *err)
{
    if (chain->count == DICE_LAYERS_MAX)
        return err_set(err, ERR_INPUT, "dice: more than %d certificates", DICE_LAYERS_MAX);
    if (chain->layers == NULL)
        chain->layers = mem_zeroed(DICE_LAYERS_MAX, sizeof(struct dice_layer));
    if (parse(in, &chain->layers[chain->count], err) < 0)
        return err_wrap(err, "certificate %zu", chain->count);
    chain->count++;
    return 0;
}

/* --- X.509 ----------------------------------------------------------------------------------- */

static int take_pem(struct span in, struct dice_chain *chain, struct err *err)
{
    OWNED_X509_LIST list = {0};

    if (x509_list_parse(in, DICE_LAYERS_MAX, &list, err) < 0)
        return err_wrap(err, "dice");
    for (size_t i = 0; i < list.count; i++)
        if (append(chain, dice_layer_parse_x509, x509_der(list.items[i]), err) < 0)
            return -1;
    return 0;
}

static int take_der(struct span in, struct dice_chain *chain, struct err *err)
{
    struct der d = der_of(in);

    while (der_more(&d)) {
        size_t at = d.at;
        struct span certificate = der_whole(&d, DER_SEQUENCE);

        if (d.bad)
            return err_set(err, ERR_INPUT, "dice: no certificate in DER at byte %zu", at);
        if (append(chain, dice_layer_parse_x509, certificate, err) < 0)
            return err_wrap(err, "at byte %zu", at);
    }
    return 0;
}

/* --- CBOR ------------------------------------------------------------------------------------ */

static int take_array(struct cbor array, struct dice_chain *chain, struct err *err)
{
    struct cbor_cursor cursor = cbor_begin(array);
    struct cbor item = cbor_at(array, 0);

    if (array.kind != CBOR_ARRAY)
        return err_set(err, ERR_INPUT, "dice: the chain is no array");
    if (item.kind == CBOR_BYTES) /* the protected header of a certificate alone */
        return append(chain, dice_layer_parse_cbor, array.raw, err);
    if (item.kind == CBOR_MAP) {
        (void)cbor_next(&cursor, &item);
        if (cose_key_read(item, &chain->root, err) < 0)
            return err_wrap(err, "dice: the first key");
    }
    while (cbor_next(&cursor, &item))
        if (append(chain, dice_layer_parse_cbor, item.raw, err) < 0)
            return -1;
    return 0;
}

static int take_rooted(struct cbor map, struct dice_chain *chain, struct err *err)
{
    struct cbor type = cbor_find_int(map, KEY_TYPE);
    struct cbor evidence = cbor_find_int(map, KEY_EVIDENCE);

    if (map.number != 3 || type.kind != CBOR_TEXT || evidence.kind != CBOR_BYTES)
        return err_set(err, ERR_INPUT, "dice: a rooted chain is {1: chain, 2: type, 3: evidence}");
    for (int i = 0; i < BUNDLE_TYPE_COUNT && !chain->has_endorsement; i++) {
        chain->has_endorsement = i != BUNDLE_DICE && cbor_text_is(type, bundle_type_names[i]);
        chain->endorsement_type = (enum bundle_type)i;
    }
    if (!chain->has_endorsement)
        return err_set(err, ERR_INPUT, "dice: the root's evidence is of no known type");
    chain->endorsement = cbor_bytes(evidence);
    if (take_array(cbor_find_int(map, KEY_CHAIN), chain, err) < 0)
        return -1;
    if (chain->root == NULL)
        return err_set(err, ERR_INPUT, "dice: there is evidence for a root that is not there");
    return 0;
}

static int take_cbor(struct span in, struct dice_chain *chain, struct err *err)
{
    struct cbor doc;

    if (cbor_parse(in, CBOR_STRICT, &doc, err) < 0)
        return err_wrap(err, "dice");
    return doc.kind == CBOR_MAP ? take_rooted(doc, chain, err) : take_array(doc, chain, err);
}

int dice_chain_parse(struct span in, struct dice_chain *ret, struct err *err)
{
    OWNED_DICE_CHAIN chain = {0};
    uint8_t first = in.len > 0 ? in.data[0] : 0;
    int result;

    if (first == '-')
        result = take_pem(in, &chain, err);
    else if (first == DER_SEQUENCE)
        result = take_der(in, &chain, err);
    else
        result = take_cbor(in, &chain, err);
    if (result < 0)
        return -1;
    if (chain.count == 0)
        return err_set(err, ERR_INPUT, "dice: there is no certificate");
    *ret = chain;
    chain = (struct dice_chain){0};
    return 0;
}

/* --- writing --------------------------------------------------------------------------------- */

static int write_chain(const struct dice_chain_parts *parts, struct buf *out, struct err *err)
{
    cbor_add_array(out, parts->count + 1);
    if (cose_key_write(parts->root, out, err) < 0)
        return -1;
    for (size_t i = 0; i < parts->count; i++)
        buf_add_span(out, parts->certificates[i]);
    return buf_check(out, "the chain", err);
}

int dice_chain_endorse(struct span chain, enum bundle_type type, struct span evidence,
                       struct buf *out, struct err *err)
{
    cbor_add_map(out, 3);
    cbor_add_uint(out, KEY_CHAIN);
    buf_add_span(out, chain);
    cbor_add_uint(out, KEY_TYPE);
    cbor_add_text(out, bundle_type_names[type]);
    cbor_add_uint(out, KEY_EVIDENCE);
    cbor_add_bytes(out, evidence);
    return buf_check(out, "the chain", err);
}

int dice_chain_write(const struct dice_chain_parts *parts, struct buf *out, struct err *err)
{
    OWNED_BUF chain = BUF_OF((DICE_LAYERS_MAX + 1) * DICE_CERT_MAX);

    if (parts->evidence.len == 0)
        return write_chain(parts, out, err);
    if (write_chain(parts, &chain, err) < 0)
        return -1;
    return dice_chain_endorse(buf_span(&chain), parts->type, parts->evidence, out, err);
}
