#include "lib/attest/evidence/dcap_quote.h"

#include "lib/base/reader.h"

#include <inttypes.h>

#define OFFSET_KEY_TYPE 2
#define OFFSET_TEE      4
#define OFFSET_VENDOR   12
#define OFFSET_BODY     48

#define KEY_ECDSA_P256 2
#define TEE_SGX        0x00
#define TEE_TDX        0x81

#define VERSION_BODY_TYPE 5 /* from here on the body says what it is */
#define VERSION_QE_DATA   4 /* from here on what the QE says is wrapped once more */

#define CERTIFICATION_PCK_CHAIN 5
#define CERTIFICATION_QE_REPORT 6

static const uint8_t intel[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                  0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

static const struct form {
    unsigned version;
    enum dcap_tee tee;
    uint32_t tee_type; /* as it is written */
    uint32_t body_size;
} forms[] = {
    {3, DCAP_SGX, TEE_SGX, SGX_REPORT_SIZE},
    {4, DCAP_TDX, TEE_TDX, TD_REPORT_SIZE},
    {5, DCAP_TDX, TEE_TDX, 0},
};

/* The kinds of body of version 5. */
static const struct {
    uint16_t type;
    uint32_t size;
} bodies[] = {
    {2, TD_REPORT_SIZE},
    {3, TD_REPORT_15_SIZE},
};

static const struct form *find_form(unsigned version)
{
    for (size_t i = 0; i < COUNT_OF(forms); i++)
        if (forms[i].version == version)
            return &forms[i];
    return NULL;
}

bool dcap_quote_detect(struct span in, enum dcap_tee tee)
{
    struct reader r = reader_of(in);
    uint16_t version = read_le16(&r), key_type = read_le16(&r);
    uint32_t tee_type = read_le32(&r);

    return !r.short_read && version >= 3 && version <= 5 && key_type >= 1 && key_type <= 3 &&
           tee_type == (tee == DCAP_SGX ? TEE_SGX : TEE_TDX) && (tee == DCAP_TDX || version == 3);
}

static int ends_early(const struct reader *r, size_t base, const char *where, struct err *err)
{
    return err_set(err, ERR_INPUT, "ends at byte %zu, in the %s", base + r->in.len, where);
}

/* 48 bytes. */
static int read_header(struct reader *r, struct dcap_quote *quote, const struct form **ret,
                       struct err *err)
{
    uint16_t key_type;
    uint32_t tee_type;
    struct span vendor;

    quote->version = read_le16(r);
    key_type = read_le16(r);
    tee_type = read_le32(r);
    quote->qe_svn = read_le16(r);
    quote->pce_svn = read_le16(r);
    vendor = read_span(r, sizeof(intel));
    read_bytes(r, quote->user_data, sizeof(quote->user_data));
    if (r->short_read)
        return ends_early(r, 0, "header", err);
    *ret = find_form(quote->version);
    if (*ret == NULL)
        return err_set(err, ERR_INPUT, "byte 0: version %u, expected 3 (SGX), 4 or 5 (TDX)",
                       quote->version);
    if (key_type != KEY_ECDSA_P256)
        return err_set(err, ERR_INPUT, "byte %d: key type %u, expected %d (ECDSA P-256)",
                       OFFSET_KEY_TYPE, key_type, KEY_ECDSA_P256);
    if (tee_type != (*ret)->tee_type)
        return err_set(err, ERR_INPUT,
                       "byte %d: TEE 0x%" PRIx32 ", expected 0x%" PRIx32 " in version %u",
                       OFFSET_TEE, tee_type, (*ret)->tee_type, quote->version);
    if (!span_equal(vendor, SPAN_OF_ARRAY(intel)))
        return err_set(err, ERR_INPUT, "byte %d: the quoting enclave is not of Intel",
                       OFFSET_VENDOR);
    quote->tee = (*ret)->tee;
    return 0;
}

/* The size that the body must have. */
static int read_body_size(struct reader *r, const struct form *form, uint32_t *ret, struct err *err)
{
    uint16_t type;
    uint32_t size;

    *ret = form->body_size;
    if (form->version < VERSION_BODY_TYPE)
        return 0;
    type = read_le16(r);
    size = read_le32(r);
    if (r->short_read)
        return ends_early(r, 0, "type of the body", err);
    for (size_t i = 0; i < COUNT_OF(bodies); i++)
        if (bodies[i].type == type)
            *ret = bodies[i].size;
    if (*ret == 0)
        return err_set(err, ERR_INPUT,
                       "byte %d: body of type %u, expected 2 (TD 1.0) or 3 (TD 1.5)", OFFSET_BODY,
                       type);
    if (size != *ret)
        return err_set(err, ERR_INPUT, "byte %d: body of %" PRIu32 " bytes, expected %" PRIu32,
                       OFFSET_BODY + 2, size, *ret);
    return 0;
}

/* {type, size, data}: the data must be of the type and reach to the end. */
static int read_certification(struct reader *r, size_t base, unsigned wanted, struct span *ret,
                              struct err *err)
{
    size_t at = base + r->at;
    uint16_t type = read_le16(r);
    uint32_t size = read_le32(r);

    if (r->short_read)
        return ends_early(r, base, "certification data", err);
    if (type != wanted)
        return err_set(err, ERR_INPUT, "byte %zu: certification data of type %u, expected %u", at,
                       type, wanted);
    if (size != reader_rest(r).len)
        return err_set(err, ERR_INPUT,
                       "byte %zu: certification data of %" PRIu32 " bytes, there are %zu", at + 2,
                       size, reader_rest(r).len);
    *ret = read_span(r, size);
    return 0;
}

/* What the quoting enclave says about itself, and who vouches for it. base: offset of r's input. */
static int read_qe(struct reader *r, size_t base, struct dcap_quote *quote, struct err *err)
{
    uint16_t auth_len;

    quote->qe_report = read_span(r, SGX_REPORT_SIZE);
    quote->qe_report_signature = read_span(r, DCAP_SIGNATURE_SIZE);
    auth_len = read_le16(r);
    quote->qe_auth = read_span(r, auth_len);
    if (r->short_read)
        return ends_early(r, base, "report of the quoting enclave", err);
    return read_certification(r, base, CERTIFICATION_PCK_CHAIN, &quote->certificates, err);
}

static int read_signature(struct span data, size_t base, struct dcap_quote *quote, struct err *err)
{
    struct reader r = reader_of(data);
    struct span inner;

    quote->signature = read_span(&r, DCAP_SIGNATURE_SIZE);
    quote->attestation_key = read_span(&r, DCAP_KEY_SIZE);
    if (r.short_read)
        return ends_early(&r, base, "signature", err);
    if (quote->version < VERSION_QE_DATA)
        return read_qe(&r, base, quote, err);
    if (read_certification(&r, base, CERTIFICATION_QE_REPORT, &inner, err) < 0)
        return -1;
    base += r.at - inner.len;
    r = reader_of(inner);
    return read_qe(&r, base, quote, err);
}

int dcap_quote_parse(struct span in, struct dcap_quote *ret, struct err *err)
{
    struct reader r = reader_of(in);
    const struct form *form;
    uint32_t body_size, signature_size;
    struct span data;

    *ret = (struct dcap_quote){0};
    if (read_header(&r, ret, &form, err) < 0 || read_body_size(&r, form, &body_size, err) < 0)
        return -1;
    ret->body = read_span(&r, body_size);
    if (r.short_read)
        return ends_early(&r, 0, "body", err);
    ret->signed_part = span_part(in, 0, r.at);

    signature_size = read_le32(&r);
    if (r.short_read)
        return ends_early(&r, 0, "length of the signature data", err);
    if (signature_size > reader_rest(&r).len)
        return err_set(err, ERR_INPUT,
                       "byte %zu: signature data of %" PRIu32 " bytes, there are %zu", r.at - 4,
                       signature_size, reader_rest(&r).len);
    data = read_span(&r, signature_size);
    ret->end = r.at;
    return read_signature(data, r.at - signature_size, ret, err);
}
