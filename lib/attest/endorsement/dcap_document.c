#include "lib/attest/endorsement/dcap_document.h"

#include "lib/base/text.h"
#include "lib/crypto/verify.h"

static const struct {
    const char *name;
    int64_t version;
} kinds[] = {
    [DCAP_TCB_INFO] = {"TCB info", 3},
    [DCAP_QE_IDENTITY] = {"QE identity", 2},
};

const char *dcap_document_name(enum dcap_document_kind kind)
{
    return kinds[kind].name;
}

void dcap_document_done(struct dcap_document *document)
{
    json_free(document->json);
    *document = (struct dcap_document){0};
}

static int read_time(const struct json *json, const char *key, int64_t *ret, struct err *err)
{
    const char *text = json_get_str(json, key);

    if (text == NULL)
        return err_set(err, ERR_INPUT, "has no %s", key);
    if (text_parse_time(text, ret, err) < 0)
        return err_wrap(err, "%s", key);
    return 0;
}

static int read_members(struct dcap_document *document, struct err *err)
{
    const struct json *json = document->json;
    const struct json *evaluation = json_get(json, "tcbEvaluationDataNumber");
    int64_t version = json_get_int(json, "version");

    document->id = json_get_str(json, "id");
    if (document->id == NULL)
        return err_set(err, ERR_INPUT, "has no id");
    if (version != kinds[document->kind].version)
        return err_set(err, ERR_INPUT, "has version %lld, expected %lld", (long long)version,
                       (long long)kinds[document->kind].version);
    if (json_kind_of(evaluation) != JSON_KIND_INTEGER || json_int(evaluation) < 0 ||
        json_int(evaluation) > INT32_MAX)
        return err_set(err, ERR_INPUT, "has no tcbEvaluationDataNumber");
    document->evaluation = (uint32_t)json_int(evaluation);
    if (read_time(json, "issueDate", &document->issued, err) < 0 ||
        read_time(json, "nextUpdate", &document->expires, err) < 0)
        return -1;
    return 0;
}

static int read_all(struct dcap_document *document, const char *signature, struct err *err)
{
    if (document->text.len > DCAP_DOCUMENT_MAX)
        return err_set(err, ERR_INPUT, "has %zu bytes, at most %llu", document->text.len,
                       DCAP_DOCUMENT_MAX);
    if (signature == NULL)
        return err_set(err, ERR_INPUT, "has no signature");
    if (text_parse_hex(signature, document->signature, sizeof(document->signature), err) < 0)
        return err_wrap(err, "signature");
    if (json_parse(document->text, &document->json, err) < 0)
        return -1;
    return read_members(document, err);
}

int dcap_document_read(enum dcap_document_kind kind, struct span text, const char *signature,
                       struct dcap_document *ret, struct err *err)
{
    *ret = (struct dcap_document){.kind = kind, .text = text};
    if (read_all(ret, signature, err) == 0)
        return 0;
    dcap_document_done(ret);
    return err_wrap(err, "%s", dcap_document_name(kind));
}

int dcap_document_check_signature(const struct dcap_document *document, const struct key *key,
                                  struct err *err)
{
    if (verify_signature(key, VERIFY_ECDSA, DIGEST_SHA256, document->text,
                         SPAN_OF_ARRAY(document->signature), err) < 0)
        return err_wrap(err, "%s", dcap_document_name(document->kind));
    return 0;
}

int dcap_document_check_time(const struct dcap_document *document, int64_t now, struct err *err)
{
    char at[TEXT_TIME_SIZE], limit[TEXT_TIME_SIZE];
    bool early = now < document->issued;

    if (!early && now <= document->expires)
        return 0;
    text_format_time(now, at);
    text_format_time(early ? document->issued : document->expires, limit);
    return err_set(err, ERR_UNTRUSTED, "%s %s %s, the time is %s",
                   dcap_document_name(document->kind),
                   early ? "is not valid before" : "should have been replaced at", limit, at);
}

int dcap_document_hex(const struct json *object, const char *key, uint8_t *to, size_t len,
                      struct err *err)
{
    const char *text = json_get_str(object, key);

    if (text == NULL)
        return err_set(err, ERR_INPUT, "%s is missing, or no text", key);
    if (text_parse_hex(text, to, len, err) < 0)
        return err_wrap(err, "%s", key);
    return 0;
}
