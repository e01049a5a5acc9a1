#include "lib/attest/evidence/azure.h"

#include "lib/base/text.h"
#include "lib/json/json.h"

#include <string.h>

#define HCL_MAX      (64 * KIB)
#define QUOTE_MAX    (4 * KIB)
#define TD_QUOTE_MAX (64 * KIB)

void azure_evidence_done(struct azure_evidence *evidence)
{
    buf_done(&evidence->hcl);
    buf_done(&evidence->td_quote);
    buf_done(&evidence->vcek);
    buf_done(&evidence->statement);
    buf_done(&evidence->signature);
}

static bool names(struct span text, const char *member)
{
    return memmem(text.data, text.len, member, strlen(member)) != NULL;
}

bool azure_evidence_detect(struct span text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.data[0]) != NULL && text.data[0] != '\0')
        text = span_part(text, 1, text.len);
    return text.len > 0 && text.len <= AZURE_TEXT_MAX && text.data[0] == '{' &&
           names(text, "\"pcrs\"") && names(text, "\"message\"") &&
           (names(text, "\"hcl_report\"") || names(text, "\"report\""));
}

/* --- bytes, as they are written -------------------------------------------------------------- */

static int add_list(const struct json *list, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *item = json_at(list, i);
        int64_t value = json_int(item);

        if (json_kind_of(item) != JSON_KIND_INTEGER || value < 0 || value > 255)
            return err_set(err, ERR_INPUT, "item %zu is no byte", i);
        buf_add_u8(out, (uint8_t)value);
    }
    return 0;
}

/* base64url with padding, as the attesters' library writes it. */
static int add_base64url(struct span text, struct buf *out, struct err *err)
{
    while (text.len > 0 && text.data[text.len - 1] == '=')
        text.len--;
    return text_decode_base64url(text, out, err);
}

enum text_form { FORM_HEX, FORM_BASE64URL };

static int add_bytes(const struct json *value, enum text_form form, struct buf *out,
                     struct err *err)
{
    struct span text = span_of_str(json_str(value));
    int rc;

    if (json_kind_of(value) == JSON_KIND_ARRAY)
        rc = add_list(value, out, err);
    else if (json_kind_of(value) == JSON_KIND_STRING)
        rc = form == FORM_HEX ? text_decode_hex(text, out, err) : add_base64url(text, out, err);
    else
        return err_set(err, ERR_INPUT, "is missing, or of another type");
    return rc < 0 ? -1 : buf_check(out, "the value", err);
}

/* --- members --------------------------------------------------------------------------------- */

static const struct json *get_either(const struct json *object, const char *now, const char *before)
{
    const struct json *value = json_get(object, now);

    return value != NULL ? value : json_get(object, before);
}

static int read_registers(const struct json *values, struct pcr_bank *ret, struct err *err)
{
    *ret = (struct pcr_bank){.alg = DIGEST_SHA256};
    for (size_t i = 0; i < json_count(values); i++) {
        OWNED_BUF value = BUF_OF(DIGEST_SIZE_MAX);

        if (add_bytes(json_at(values, i), FORM_HEX, &value, err) < 0 ||
            pcr_bank_give(ret, i < PCR_COUNT ? (unsigned)i : PCR_COUNT, buf_span(&value), err) < 0)
            return err_wrap(err, "register %zu", i);
    }
    return 0;
}

static int read_quote(const struct json *quote, struct azure_evidence *evidence, struct err *err)
{
    if (add_bytes(json_get(quote, "message"), FORM_HEX, &evidence->statement, err) < 0)
        return err_wrap(err, "message");
    if (add_bytes(json_get(quote, "signature"), FORM_HEX, &evidence->signature, err) < 0)
        return err_wrap(err, "signature");
    return read_registers(json_get(quote, "pcrs"), &evidence->bank, err);
}

/* PEM before version 1, DER since. */
static int read_vcek(const struct json *vcek, struct buf *out, struct err *err)
{
    const char *text = json_str(vcek);

    if (vcek == NULL || json_kind_of(vcek) == JSON_KIND_NULL)
        return 0;
    if (text == NULL || !text_starts_with(text, "-----"))
        return add_bytes(vcek, FORM_BASE64URL, out, err);
    buf_add_str(out, text);
    return buf_check(out, "the value", err);
}

static int read_members(const struct json *root, struct azure_evidence *evidence, struct err *err)
{
    const struct json *td_quote = json_get(root, "td_quote");

    if (read_quote(get_either(root, "tpm_quote", "quote"), evidence, err) < 0)
        return err_wrap(err, "tpm_quote");
    if (add_bytes(get_either(root, "hcl_report", "report"), FORM_BASE64URL, &evidence->hcl, err) <
        0)
        return err_wrap(err, "hcl_report");
    if (td_quote != NULL && add_bytes(td_quote, FORM_BASE64URL, &evidence->td_quote, err) < 0)
        return err_wrap(err, "td_quote");
    if (read_vcek(json_get(root, "vcek"), &evidence->vcek, err) < 0)
        return err_wrap(err, "vcek");
    return 0;
}

int azure_evidence_parse(struct span text, struct azure_evidence *ret, struct err *err)
{
    struct azure_evidence evidence = {.hcl = BUF_OF(HCL_MAX),
                                      .td_quote = BUF_OF(TD_QUOTE_MAX),
                                      .vcek = BUF_OF(HCL_MAX),
                                      .statement = BUF_OF(QUOTE_MAX),
                                      .signature = BUF_OF(QUOTE_MAX)};
    OWNED_JSON *root = NULL;

    if (text.len > AZURE_TEXT_MAX)
        return err_set(err, ERR_INPUT, "azure evidence: over %llu bytes", AZURE_TEXT_MAX);
    if (json_parse(text, &root, err) < 0 || read_members(root, &evidence, err) < 0) {
        azure_evidence_done(&evidence);
        return err_wrap(err, "azure evidence");
    }
    *ret = evidence;
    return 0;
}
