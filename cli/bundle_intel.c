/* Intel's provisioning certification service: for the platform of a quote its TCB info, the
 * identity of its quoting enclave, and the revocation lists, as the one JSON that --collateral
 * takes. */
#include "cli/bundle.h"

#include "cli/cached.h"
#include "lib/base/text.h"
#include "lib/http/pattern.h"
#include "lib/json/member_text.h"

#include <strings.h>

#define SERVICE      "Intel's PCS"
#define PCS_URL      "https://api.trustedservices.intel.com"
#define PCS_CRL_URL  "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
#define DOCUMENT_MAX (1 * MIB)
#define CRL_MAX      (1 * MIB)
#define BUNDLE_MAX   (8 * MIB)

static const struct tee {
    const char *name, *claims, *path;
} tees[] = {{"TDX", "tdx", "tdx"}, {"SGX", "sgx", "sgx"}};

struct intel {
    const char *fmspc; /* hex */
    bool processor;    /* whose PCKs the authority for processors, not for platforms, certifies */
    const char *path;  /* of the service: "tdx" or "sgx" */
};

static const char *base_of(const struct bundle *bundle)
{
    return bundle->options->pcs_url != NULL ? bundle->options->pcs_url : PCS_URL;
}

/* --- what is served ------------------------------------------------------------------------------
 */

/* A document that is signed as it is written, its signature, and the chain from the header. */
struct signed_document {
    const char *member;                   /* "tcbInfo" */
    const char *header[2];                /* NULL-terminated */
    const char *text, *signature, *chain; /* what they are called in the bundle */
};

static const struct signed_document tcb_info = {
    "tcbInfo",
    {"TCB-Info-Issuer-Chain", NULL},
    "tcb_info",
    "tcb_info_signature",
    "tcb_info_issuer_chain",
};
static const struct signed_document qe_identity = {
    "enclaveIdentity",
    {"SGX-Enclave-Identity-Issuer-Chain", NULL},
    "qe_identity",
    "qe_identity_signature",
    "qe_identity_issuer_chain",
};

static void set_text(struct json *json, const char *key, struct span text)
{
    OWNED(free_str) char *copy = mem_copy(text.data, text.len);

    json_set_str(json, key, copy);
}

static int fetch_signed(struct bundle *bundle, const struct signed_document *what, const char *url,
                        struct json *to, struct err *err)
{
    const struct document document = {SERVICE, url, what->header};
    OWNED_BUF body = BUF_OF(DOCUMENT_MAX), chain = BUF_OF(DOCUMENT_MAX);
    OWNED_FETCH_REPLY reply = {0};
    OWNED_JSON *json = NULL;
    struct span text;

    if (bundle_download(bundle, &document, &reply, &body, err) < 0)
        return -1;
    if (json_parse(buf_span(&body), &json, err) < 0)
        return err_wrap(err, "%s", url);
    if (!json_find_text(buf_span(&body), what->member, &text) ||
        json_get_str(json, "signature") == NULL)
        return err_set(err, ERR_INPUT, "%s: no %s with its signature", url, what->member);
    if (reply.fields[0] == NULL)
        return err_set(err, ERR_INPUT, "%s: the answer has no %s", url, what->header[0]);
    if (percent_decode(span_of_str(reply.fields[0]), &chain, err) < 0)
        return err_wrap(err, "%s: %s", url, what->header[0]);
    set_text(to, what->text, text);
    json_set_str(to, what->signature, json_get_str(json, "signature"));
    set_text(to, what->chain, buf_span(&chain));
    return 0;
}

static int fetch_list(struct bundle *bundle, const char *key, const char *url, struct json *to,
                      struct err *err)
{
    const struct document document = {SERVICE, url, NULL};
    OWNED_FETCH_REPLY reply = {0};
    OWNED_BUF der = BUF_OF(CRL_MAX);

    if (bundle_download(bundle, &document, &reply, &der, err) < 0)
        return -1;
    json_set_hex(to, key, buf_span(&der));
    return 0;
}

static int fetch_collateral(struct bundle *bundle, const struct piece *piece, struct buf *out,
                            struct err *err)
{
    const struct intel *intel = piece->ctx;
    const char *base = base_of(bundle), *root_url = bundle->options->pcs_crl_url;
    OWNED(free_str)
    char *tcb_url =
        mem_printf("%s/%s/certification/v4/tcb?fmspc=%s", base, intel->path, intel->fmspc);
    OWNED(free_str)
    char *qe_url = mem_printf("%s/%s/certification/v4/qe/identity", base, intel->path);
    OWNED(free_str)
    char *crl_url = mem_printf("%s/sgx/certification/v4/pckcrl?ca=%s&encoding=der", base,
                               intel->processor ? "processor" : "platform");
    OWNED_JSON *json = json_new_object();

    if (root_url == NULL)
        root_url = PCS_CRL_URL;
    if (fetch_signed(bundle, &tcb_info, tcb_url, json, err) < 0 ||
        fetch_signed(bundle, &qe_identity, qe_url, json, err) < 0 ||
        fetch_list(bundle, "pck_crl", crl_url, json, err) < 0 ||
        fetch_list(bundle, "root_ca_crl", root_url, json, err) < 0)
        return -1;
    json_write_pretty(json, out);
    return buf_check(out, "the collateral", err);
}

/* --- whether it holds ----------------------------------------------------------------------------
 */

static void end_at(const struct json *json, const char *key, int64_t *until)
{
    OWNED_JSON *document = NULL;
    const char *text;
    int64_t next;
    struct err unused;

    if (json_parse(span_of_str(json_get_str(json, key)), &document, &unused) < 0)
        return;
    text = json_get_str(document, "nextUpdate");
    if (text != NULL && text_parse_time(text, &next, &unused) == 0 && next < *until)
        *until = next;
}

/* With the quote: signatures, lists and dates, and that it is about this platform. */
static int check_collateral(const struct bundle *bundle, const struct piece *piece,
                            struct span bytes, int64_t *ret_until, struct err *err)
{
    struct attest_input in = {.collateral = {&bytes, 1}};
    OWNED_JSON *json = NULL;

    (void)piece;
    if (json_parse(bytes, &json, err) < 0)
        return -1;
    *ret_until = INT64_MAX;
    end_at(json, "tcb_info", ret_until);
    end_at(json, "qe_identity", ret_until);
    return bundle_check_evidence(bundle, &in, err);
}

int bundle_fetch_intel(struct bundle *bundle, const char *product, struct err *err)
{
    OWNED(free_str) char *name = NULL;
    OWNED_BUF collateral = BUF_OF(BUNDLE_MAX);
    const struct tee *tee = NULL;
    const struct json *platform;
    struct intel intel;
    struct piece piece = {.what = "TCB info, QE identity and revocation lists of the platform",
                          .max = BUNDLE_MAX,
                          .ages = true,
                          .fetch = fetch_collateral,
                          .check = check_collateral,
                          .service = SERVICE,
                          .url = base_of(bundle),
                          .ctx = &intel};

    for (size_t i = 0; i < COUNT_OF(tees); i++)
        if (strcasecmp(tees[i].name, product) == 0)
            tee = &tees[i];
    if (tee == NULL)
        return err_set(err, ERR_UNSUPPORTED, "'%.40s' is no product of Intel", product);
    if (bundle->claims == NULL)
        return err_set(err, ERR_USAGE,
                       "%s is served for one platform: a quote of it is needed (--report)",
                       tee->name);
    platform = json_get(json_get(bundle->claims, tee->claims), "platform");
    intel = (struct intel){.fmspc = json_get_str(platform, "fmspc"),
                           .processor = cached_is_processor(platform),
                           .path = tee->path};
    if (intel.fmspc == NULL)
        return err_set(err, ERR_INPUT, "the evidence holds no %s quote with a PCK certificate",
                       tee->name);
    name = cached_collateral_name(tee->name, platform);
    piece.name = name;
    return bundle_obtain(bundle, &piece, &collateral, err);
}
