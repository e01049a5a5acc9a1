#include "lib/attest/endorsement/dcap_collateral.h"

#include "lib/attest/attest.h"
#include "lib/base/text.h"
#include "lib/json/member_text.h"

#define TAG_SEQUENCE 0x30

void dcap_collateral_free(struct dcap_collateral *collateral)
{
    if (collateral == NULL)
        return;
    for (size_t i = 0; i < collateral->crl_count; i++)
        x509_crl_free(collateral->crls[i]);
    for (size_t i = 0; i < collateral->document_count; i++)
        dcap_document_done(&collateral->documents[i]);
    for (size_t i = 0; i < collateral->bundle_count; i++)
        json_free(collateral->bundles[i]);
    x509_list_done(&collateral->certs);
    x509_list_done(&collateral->roots);
    free(collateral);
}

/* --- pieces ---------------------------------------------------------------------------------- */

/* The chains of several documents are often the same text. */
static int take_certs(struct dcap_collateral *to, struct span text, struct err *err)
{
    for (size_t i = 0; i < to->text_count; i++)
        if (span_equal(to->texts[i], text))
            return 0;
    if (to->text_count == DCAP_CERTS_MAX)
        return err_set(err, ERR_INPUT, "more than %d certificates", DCAP_CERTS_MAX);
    to->texts[to->text_count++] = text;
    return x509_list_parse_others(text, to->known, DCAP_CERTS_MAX, &to->certs, err);
}

static int take_crl(struct dcap_collateral *to, struct span bytes, struct err *err)
{
    if (to->crl_count == DCAP_CRLS_MAX)
        return err_set(err, ERR_INPUT, "more than %d revocation lists", DCAP_CRLS_MAX);
    if (x509_crl_parse(bytes, &to->crls[to->crl_count], err) < 0)
        return -1;
    to->crl_count++;
    return 0;
}

static int take_document(struct dcap_collateral *to, enum dcap_document_kind kind, struct span text,
                         const char *signature, struct err *err)
{
    if (to->document_count == DCAP_DOCUMENTS_MAX)
        return err_set(err, ERR_INPUT, "more than %d documents", DCAP_DOCUMENTS_MAX);
    if (dcap_document_read(kind, text, signature, &to->documents[to->document_count], err) < 0)
        return -1;
    to->document_count++;
    return 0;
}

/* Lists as Intel's service gives them when it does not give DER: hex. */
static int take_hex_crl(struct dcap_collateral *to, struct span hex, struct err *err)
{
    OWNED_BUF der = BUF_OF(X509_CRL_SIZE_MAX);

    while (hex.len > 0 && hex.data[hex.len - 1] <= ' ')
        hex.len--;
    if (text_decode_hex(hex, &der, err) < 0 || buf_check(&der, "it", err) < 0)
        return -1;
    return take_crl(to, buf_span(&der), err);
}

/* --- the JSON of dcap-qvl: texts that hold everything -------------------------------------------
 */

/* pck_crl_issuer_chain is left out: the list must be by the issuer of the quote's own PCK. */
static const struct member {
    const char *key;
    const char *signature_key; /* of a document */
    enum { MEMBER_CERTS, MEMBER_CRL, MEMBER_TCB_INFO, MEMBER_QE_IDENTITY } what;
} members[] = {
    {"tcb_info", "tcb_info_signature", MEMBER_TCB_INFO},
    {"qe_identity", "qe_identity_signature", MEMBER_QE_IDENTITY},
    {"tcb_info_issuer_chain", NULL, MEMBER_CERTS},
    {"qe_identity_issuer_chain", NULL, MEMBER_CERTS},
    {"root_ca_crl", NULL, MEMBER_CRL},
    {"pck_crl", NULL, MEMBER_CRL},
};

static int take_member(struct dcap_collateral *to, const struct member *member,
                       const struct json *bundle, struct err *err)
{
    const struct json *value = json_get(bundle, member->key);
    struct span text = span_of_str(json_str(value));

    if (json_kind_of(value) == JSON_KIND_NULL)
        return 0;
    if (json_kind_of(value) != JSON_KIND_STRING)
        return err_set(err, ERR_INPUT, "is no text");
    switch (member->what) {
    case MEMBER_CERTS: return take_certs(to, text, err);
    case MEMBER_CRL: return take_hex_crl(to, text, err);
    case MEMBER_TCB_INFO:
    case MEMBER_QE_IDENTITY: break;
    }
    return take_document(to, member->what == MEMBER_TCB_INFO ? DCAP_TCB_INFO : DCAP_QE_IDENTITY,
                         text, json_get_str(bundle, member->signature_key), err);
}

static int take_bundle(struct dcap_collateral *to, const struct json *bundle, bool *ret_known,
                       struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        if (json_get(bundle, members[i].key) == NULL)
            continue;
        *ret_known = true;
        if (take_member(to, &members[i], bundle, err) < 0)
            return err_wrap(err, "%s", members[i].key);
    }
    return 0;
}

/* --- the JSON of Intel's service: one document and its signature --------------------------------
 */

static const struct {
    const char *key;
    enum dcap_document_kind kind;
} bodies[] = {{"tcbInfo", DCAP_TCB_INFO}, {"enclaveIdentity", DCAP_QE_IDENTITY}};

static int take_body(struct dcap_collateral *to, const struct json *body, struct span text,
                     bool *ret_known, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct span document;

        if (json_get(body, bodies[i].key) == NULL)
            continue;
        *ret_known = true;
        if (!json_find_text(text, bodies[i].key, &document))
            return err_set(err, ERR_INPUT, "%s is written with escapes", bodies[i].key);
        if (take_document(to, bodies[i].kind, document, json_get_str(body, "signature"), err) < 0)
            return -1;
    }
    return 0;
}

static int take_json(struct dcap_collateral *to, struct span text, struct err *err)
{
    OWNED_JSON *json = NULL;
    bool known = false;
    int result;

    if (json_parse(text, &json, err) < 0)
        return -1;
    result = take_bundle(to, json, &known, err);
    if (result == 0)
        result = take_body(to, json, text, &known, err);
    to->bundles[to->bundle_count++] = GIVE(json);
    if (result == 0 && !known)
        return err_set(err, ERR_INPUT,
                       "it is JSON, and has neither tcb_info nor tcbInfo nor"
                       " enclaveIdentity");
    return result;
}

/* --- recognising ----------------------------------------------------------------------------- */

static bool begins(struct span text, const char *with)
{
    return span_equal(span_part(text, 0, strlen(with)), span_of_str(with));
}

static int take_item(struct dcap_collateral *to, struct span item, struct err *err)
{
    while (item.len > 0 && strchr(" \t\r\n", item.data[0]) != NULL && item.data[0] != '\0')
        item = span_part(item, 1, item.len);
    if (begins(item, "{"))
        return take_json(to, item, err);
    if (begins(item, "-----BEGIN X509 CRL"))
        return take_crl(to, item, err);
    if (begins(item, "3082") || begins(item, "3081"))
        return take_hex_crl(to, item, err);
    if (item.len > 0 && item.data[0] == TAG_SEQUENCE && take_crl(to, item, err) == 0)
        return 0;
    return take_certs(to, item, err);
}

typedef int (*take_fn)(struct dcap_collateral *to, struct span item, struct err *err);

static bool take_all(struct dcap_collateral *to, const struct attest_spans *items, const char *name,
                     take_fn take, struct verdict *verdict)
{
    bool good = true;

    for (size_t i = 0; i < items->count; i++) {
        struct finding *finding;
        struct err err;

        to->any = true;
        if (i == DCAP_ITEMS_MAX)
            err_set(&err, ERR_INPUT, "more than %d pieces", DCAP_ITEMS_MAX);
        else if (items->items[i].len > DCAP_ITEM_MAX)
            err_set(&err, ERR_INPUT, "it has more than %llu bytes", DCAP_ITEM_MAX);
        else if (take(to, items->items[i], &err) == 0)
            continue;
        finding = verdict_add(verdict, FINDING_DCAP_COLLATERAL_FORM);
        finding_subject(finding, "%s %zu", name, i + 1);
        finding_got(finding, "%s", err.text);
        good = false;
        if (i == DCAP_ITEMS_MAX)
            break;
    }
    return good;
}

static int take_root(struct dcap_collateral *to, struct span item, struct err *err)
{
    return x509_list_parse(item, DCAP_CERTS_MAX, &to->roots, err);
}

struct dcap_collateral *dcap_collateral_load(const struct attest_input *in, struct span known,
                                             struct verdict *verdict, bool *ret_good)
{
    struct dcap_collateral *to = mem_new(struct dcap_collateral);
    bool any, good;

    to->known = known;
    good = take_all(to, &in->collateral, "collateral", take_item, verdict);
    good = take_all(to, &in->crls, "crl", take_crl, verdict) && good;
    any = to->any;
    good = take_all(to, &in->chain, "chain", take_certs, verdict) && good;
    good = take_all(to, &in->trust_roots, "trust root", take_root, verdict) && good;
    to->any = any; /* certificates alone are no collateral */
    *ret_good = good;
    return to;
}
