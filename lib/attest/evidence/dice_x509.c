/* DICE certificates in X.509: dice_layer.h. */
#include "lib/attest/evidence/dice_parts.h"
#include "lib/crypto/der.h"

#define OID_OPEN_DICE "1.3.6.1.4.1.11129.2.1.24"

enum { TAG_MODE = 6, TAG_PROFILE = 7 };

static const char *const known_extensions[] = {OID_OPEN_DICE, OID_TCB_INFO, OID_MULTI_TCB_INFO,
                                               "2.5.29.37" /* extended key usage */, NULL};

/* [n] EXPLICIT of one element with the tag; empty, and nothing moved, when there is none. */
static struct span take_explicit(struct der *d, unsigned n, unsigned tag)
{
    struct der inner;
    struct span content;

    if (!der_next_is(d, DER_CONTEXT(n)))
        return span_of(NULL, 0);
    inner = der_of(der_take(d, DER_CONTEXT(n)));
    content = der_take(&inner, tag);
    if (!der_end(&inner))
        der_fail(d);
    return content;
}

/* The specification has the mode as an INTEGER, its code writes an ENUMERATED. */
static bool take_mode(struct der *d, uint8_t *ret)
{
    struct der inner;
    struct span content;
    unsigned tag;

    if (!der_next_is(d, DER_CONTEXT(TAG_MODE)))
        return false;
    inner = der_of(der_take(d, DER_CONTEXT(TAG_MODE)));
    content = der_any(&inner, &tag);
    if (!der_end(&inner) || (tag != DER_ENUMERATED && tag != DER_INTEGER) || content.len != 1) {
        der_fail(d);
        return false;
    }
    *ret = content.data[0];
    return true;
}

static int read_input(struct span content, struct dice_layer *layer, struct err *err)
{
    struct der outer = der_of(content);
    struct der d = der_of(der_take(&outer, DER_SEQUENCE));
    bool has_mode;

    for (int i = 0; i < DICE_VALUE_COUNT; i++)
        layer->value[i] = take_explicit(&d, (unsigned)i, DER_OCTET_STRING);
    has_mode = take_mode(&d, &layer->mode);
    layer->profile = take_explicit(&d, TAG_PROFILE, DER_UTF8_STRING);
    if (!der_end(&d) || !der_end(&outer))
        return err_set(err, ERR_INPUT, "dice: malformed OpenDiceInput at byte %zu", d.at);
    layer->measured = true;
    return dice_check_measured(layer, has_mode, err);
}

static int read_extensions(struct dice_layer *layer, struct err *err)
{
    struct span content;

    if (x509_extension(layer->cert, OID_OPEN_DICE, &content) && read_input(content, layer, err) < 0)
        return -1;
    if (x509_extension(layer->cert, OID_TCB_INFO, &content) &&
        tcb_info_parse(content, false, &layer->tcb, err) < 0)
        return -1;
    if (x509_extension(layer->cert, OID_MULTI_TCB_INFO, &content) &&
        tcb_info_parse(content, true, &layer->tcb, err) < 0)
        return -1;
    if (x509_check_critical(layer->cert, known_extensions, err) < 0) {
        err->kind = ERR_INPUT;
        return -1;
    }
    return 0;
}

int dice_layer_parse_x509(struct span in, struct dice_layer *ret, struct err *err)
{
    OWNED_DICE_LAYER layer = {0};
    struct err none;

    if (in.len > DICE_CERT_MAX)
        return err_set(err, ERR_INPUT, "dice: a certificate of %zu bytes, at most %llu", in.len,
                       DICE_CERT_MAX);
    if (x509_parse(in, &layer.cert, err) < 0 || x509_key(layer.cert, &layer.key, err) < 0 ||
        read_extensions(&layer, err) < 0)
        return err_wrap(err, "dice");
    layer.issuer = x509_issuer(layer.cert);
    layer.subject = x509_subject(layer.cert);
    layer.issues = x509_check_ca(layer.cert, &none) == 0;
    layer.has_not_before = layer.has_not_after = true;
    layer.not_before = x509_not_before(layer.cert);
    layer.not_after = x509_not_after(layer.cert);
    *ret = layer;
    layer = (struct dice_layer){0};
    return 0;
}
