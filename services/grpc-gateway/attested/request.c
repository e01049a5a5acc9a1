#include "services/grpc-gateway/attested/request.h"

#define CLIENT_CERTIFICATE_REQUEST 17 /* RFC 9261, section 7.2 */

int attested_frame_measure(struct span come, bool *ret_is_frame, size_t *ret, struct err *err)
{
    struct reader r = reader_of(come);
    uint8_t type = read_u8(&r);
    uint32_t length = read_be32(&r);

    *ret = 0;
    *ret_is_frame = come.len > 0 && type != 'P'; /* HTTP/2 begins with "PRI" */
    if (!*ret_is_frame)
        return 0;
    if (type != ATTESTED_REQUEST)
        return err_set(err, ERR_INPUT, "a frame of type %u, not an authenticator request", type);
    if (r.short_read)
        return 0;
    if (length > ATTESTED_REQUEST_MAX)
        return err_set(err, ERR_INPUT, "an authenticator request of %u bytes, at most %d", length,
                       ATTESTED_REQUEST_MAX);
    *ret = ATTESTED_FRAME_HEAD + (size_t)length;
    return 0;
}

/* --- extensions ------------------------------------------------------------------------------ */

struct offer {
    bool signatures, evidence, p256;
};

static int read_signatures(struct span data, struct offer *offer, struct err *err)
{
    struct reader r = reader_of(data);
    uint16_t length = read_be16(&r);

    if (r.short_read || length == 0 || length % 2 != 0 || length != data.len - 2)
        return err_set(err, ERR_INPUT, "signature_algorithms is no list");
    while (!reader_at_end(&r))
        offer->p256 = read_be16(&r) == ATTESTED_SCHEME_P256 || offer->p256;
    offer->signatures = true;
    return 0;
}

static int read_extension(struct reader *r, struct offer *offer, struct err *err)
{
    uint16_t type = read_be16(r), length = 0;
    struct span data;

    length = read_be16(r);
    data = read_span(r, length);
    if (r->short_read)
        return err_set(err, ERR_INPUT, "extensions end within one");
    if ((type == ATTESTED_EXT_SIGNATURES && offer->signatures) ||
        (type == ATTESTED_EXT_EVIDENCE && offer->evidence))
        return err_set(err, ERR_INPUT, "extension 0x%04x is there twice", type);
    if (type == ATTESTED_EXT_SIGNATURES)
        return read_signatures(data, offer, err);
    if (type == ATTESTED_EXT_EVIDENCE && data.len > 0)
        return err_set(err, ERR_INPUT, "extension 0x%04x is not empty", type);
    offer->evidence = offer->evidence || type == ATTESTED_EXT_EVIDENCE;
    return 0;
}

static int read_extensions(struct span data, struct err *err)
{
    struct reader r = reader_of(data);
    struct offer offer = {false, false, false};

    while (!reader_at_end(&r))
        if (read_extension(&r, &offer, err) < 0)
            return -1;
    if (!offer.evidence)
        return err_set(err, ERR_INPUT, "it does not ask for evidence (extension 0x%04x)",
                       ATTESTED_EXT_EVIDENCE);
    if (!offer.p256)
        return err_set(err, ERR_INPUT, "it takes no signature by ecdsa_secp256r1_sha256");
    return 0;
}

/* --- the message ----------------------------------------------------------------------------- */

static int parse(struct span frame, struct attested_request *ret, struct err *err)
{
    struct span message = span_part(frame, ATTESTED_FRAME_HEAD, frame.len), extensions;
    struct reader r = reader_of(message);
    uint8_t type = read_u8(&r), context_len;
    uint32_t length = read_be24(&r);
    uint16_t extensions_len;

    context_len = read_u8(&r);
    ret->context = read_span(&r, context_len);
    extensions_len = read_be16(&r);
    extensions = read_span(&r, extensions_len);
    ret->message = message;
    if (r.short_read || !reader_at_end(&r) || length != message.len - 4)
        return err_set(err, ERR_INPUT, "its lengths do not fit");
    if (type != CLIENT_CERTIFICATE_REQUEST)
        return err_set(err, ERR_INPUT, "a message of type %u, not %d", type,
                       CLIENT_CERTIFICATE_REQUEST);
    return read_extensions(extensions, err);
}

int attested_request_parse(struct span frame, struct attested_request *ret, struct err *err)
{
    *ret = (struct attested_request){.context = {0}};
    return parse(frame, ret, err) < 0 ? err_wrap(err, "authenticator request") : 0;
}
