#include "lib/attest/reference/corim.h"

#include "lib/base/text.h"

static const struct corim_period forever = {INT64_MIN, INT64_MAX};

/* --- the envelope --- */

static struct corim_period read_period(struct cbor validity)
{
    struct corim_period period = forever;

    (void)cbor_int(cbor_untag(cbor_find_int(validity, 0), CORIM_TAG_TIME), &period.from);
    (void)cbor_int(cbor_untag(cbor_find_int(validity, 1), CORIM_TAG_TIME), &period.until);
    return period;
}

static int read_meta(struct corim *corim, struct err *err)
{
    struct cbor header = cbor_find_int(corim->message.protected_map, CORIM_HEADER_META);
    struct cbor claims = cbor_find_int(corim->message.protected_map, CORIM_HEADER_CWT);
    struct cbor meta;

    if (header.kind == CBOR_NONE && claims.kind == CBOR_MAP)
        return 0;
    if (header.kind != CBOR_BYTES)
        return err_set(err, ERR_INPUT, "its protected header does not say who signed (label %d)",
                       CORIM_HEADER_META);
    if (cbor_parse(cbor_bytes(header), CBOR_STRICT, &meta, err) < 0 ||
        cbor_check(meta, &corim_meta_rule, NULL, err) < 0)
        return err_wrap(err, "corim-meta");
    corim->signer = cbor_text(cbor_find_int(cbor_find_int(meta, 0), 0));
    corim->signature_validity = read_period(cbor_find_int(meta, 1));
    return 0;
}

static int read_signed(struct span in, struct corim *corim, struct span *ret_payload,
                       struct err *err)
{
    struct cbor type;

    if (cose_sign1_parse(in, &corim->message, err) < 0)
        return -1;
    type = cbor_find_int(corim->message.protected_map, COSE_CONTENT_TYPE);
    if (!cbor_text_is(type, CORIM_CONTENT_TYPE))
        return err_set(err, ERR_INPUT, "its content type is not %s", CORIM_CONTENT_TYPE);
    if (corim->message.detached)
        return err_set(err, ERR_INPUT, "it is signed and its content is elsewhere");
    corim->is_signed = true;
    *ret_payload = corim->message.payload;
    return read_meta(corim, err);
}

static int read_unsigned(struct span in, struct corim *corim, struct err *err)
{
    struct cbor doc;

    if (cbor_parse(in, CBOR_STRICT, &doc, err) < 0 ||
        cbor_check(doc, &corim_rule, &corim->extensions, err) < 0)
        return -1;
    corim->map = cbor_untag(doc, CORIM_TAG_CORIM);
    corim->id = cbor_find_int(corim->map, CORIM_ID);
    corim->profile = cbor_find_int(corim->map, CORIM_PROFILE);
    corim->validity = read_period(cbor_find_int(corim->map, CORIM_VALIDITY));
    return 0;
}

int corim_parse(struct span in, struct corim *ret, struct err *err)
{
    struct corim corim = {.validity = forever, .signature_validity = forever};
    struct cbor doc;
    struct span content = in;

    if (cbor_parse(in, CBOR_STRICT, &doc, err) < 0)
        return err_wrap(err, "corim");
    if (doc.kind != CBOR_TAG || (doc.number != CORIM_TAG_CORIM && doc.number != COSE_TAG_SIGN1))
        return err_set(err, ERR_INPUT, "corim: byte 0: expected tag 501, or 18 of a signed one");
    if (doc.number == COSE_TAG_SIGN1 && read_signed(in, &corim, &content, err) < 0)
        return err_wrap(err, "corim");
    if (read_unsigned(content, &corim, err) < 0)
        return corim.is_signed ? err_wrap(err, "corim: the content at byte %zu",
                                          (size_t)(content.data - in.data))
                               : err_wrap(err, "corim");
    *ret = corim;
    return 0;
}

/* --- who says it, and when --- */

int corim_verify(const struct corim *corim, const struct key *key, struct err *err)
{
    if (!corim->is_signed)
        return err_set(err, ERR_UNTRUSTED, "corim: it is not signed");
    if (cose_sign1_verify(&corim->message, key, NULL, err) < 0)
        return err_wrap(err, "corim");
    return 0;
}

static int check_period(struct corim_period period, const char *what, int64_t now, struct err *err)
{
    char text[TEXT_TIME_SIZE];

    if (now < period.from) {
        text_format_time(period.from, text);
        return err_set(err, ERR_UNTRUSTED, "corim: %s is not valid before %s", what, text);
    }
    if (now > period.until) {
        text_format_time(period.until, text);
        return err_set(err, ERR_UNTRUSTED, "corim: %s was valid until %s", what, text);
    }
    return 0;
}

int corim_check_time(const struct corim *corim, int64_t now, struct err *err)
{
    if (check_period(corim->validity, "it", now, err) < 0)
        return -1;
    return check_period(corim->signature_validity, "its signature", now, err);
}

bool corim_profile_is(const struct corim *corim, const char *uri)
{
    return cbor_text_is(cbor_untag(corim->profile, CORIM_TAG_URI), uri);
}

/* --- reference triples --- */

struct visitor {
    int (*visit)(void *to, const struct corim_reference *reference, struct err *err);
    void *to;
    const uint8_t *start; /* of the bytes that offsets count from */
};

static int visit_triple(const struct visitor *visitor, struct cbor triple, struct err *err)
{
    struct cbor_cursor cursor = cbor_begin(cbor_at(triple, 1));
    struct corim_reference reference = {.environment = cbor_at(triple, 0)};
    struct cbor measurement;

    while (cbor_next(&cursor, &measurement)) {
        reference.key = cbor_find_int(measurement, MEASUREMENT_KEY);
        reference.values = cbor_find_int(measurement, MEASUREMENT_VALUES);
        reference.restricted = cbor_find_int(measurement, MEASUREMENT_AUTHORITY).kind != CBOR_NONE;
        reference.offset = (size_t)(measurement.raw.data - visitor->start);
        if (visitor->visit(visitor->to, &reference, err) < 0)
            return -1;
    }
    return 0;
}

static int visit_comid(const struct visitor *visitor, struct cbor comid, struct err *err)
{
    struct cbor triples = cbor_find_int(comid, COMID_TRIPLES);
    struct cbor_cursor cursor = cbor_begin(cbor_find_int(triples, TRIPLES_REFERENCE));
    struct cbor triple;

    while (cbor_next(&cursor, &triple))
        if (visit_triple(visitor, triple, err) < 0)
            return -1;
    return 0;
}

int corim_each_reference(const struct corim *corim,
                         int (*visit)(void *to, const struct corim_reference *reference,
                                      struct err *err),
                         void *to, struct err *err)
{
    struct visitor visitor = {visit, to, corim->map.raw.data};
    struct cbor_cursor cursor = cbor_begin(cbor_find_int(corim->map, CORIM_TAGS));
    struct cbor tag, comid;

    while (cbor_next(&cursor, &tag)) {
        if (tag.number != CORIM_TAG_COMID)
            continue;
        if (cbor_parse(cbor_bytes(cbor_untag(tag, CORIM_TAG_COMID)), CBOR_STRICT, &comid, err) < 0)
            return err_wrap(err, "corim"); /* was checked; nothing is taken for granted */
        if (visit_comid(&visitor, comid, err) < 0)
            return -1;
    }
    return 0;
}
