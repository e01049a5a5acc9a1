/* The verifier of TDX quotes with collateral against the signatures that it has to check, by
 * OpenSSL alone: quote, quoting enclave, three certificates, the collateral's signer, two lists and
 * two documents, all on P-256. On genuine evidence when the vectors are there, and on our own. */
#include "lib/attest/attest.h"
#include "lib/attest/endorsement/dcap_collateral.h"
#include "lib/attest/evidence/dcap_quote.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/crypto/key_parts.h"
#include "lib/crypto/openssl.h"
#include "tests/bench/measure.h"
#include "tests/fakes/fake_tdx.h"

#include <openssl/ecdsa.h>

#define GENUINE_NOW 1750400000 /* the collateral of June 2025 is valid */

static const char policy_text[] =
    "{\"version\": 1, \"waive\": [\"freshness\", \"measurement\"], \"tdx\": {}}";

/* A message, and a signature over it in DER. */
struct check {
    EVP_PKEY *key;
    struct span message;
    uint8_t signature[80];
    size_t len;
};

struct subject {
    const char *name;
    struct fake_tdx world; /* of our own evidence */
    struct buf files[2];   /* of genuine evidence: quote, collateral */
    struct span collateral[1];
    struct attest_input in;
    struct policy *policy;

    /* The same for OpenSSL. */
    struct dcap_collateral *pieces;
    X509 *certs[4]; /* PCK, its authority, root; the signer */
    EVP_PKEY *keys[4];
    X509_CRL *lists[2];
    struct check checks[4]; /* quote, quoting enclave, TCB info, QE identity */
    struct key *attestation;
};

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "tdx_bench: %s\n", what);
    exit(1);
}

static void ours(void *ctx)
{
    OWNED_VERDICT verdict = {.count = 0};
    const struct subject *s = ctx;
    struct err err;

    require(attest_validate(&s->in, &verdict, &err) == 0 && verdict_accepted(&verdict),
            "not accepted");
}

static void bare(void *ctx)
{
    const struct subject *s = ctx;

    for (size_t i = 0; i < COUNT_OF(s->checks); i++) {
        const struct check *check = &s->checks[i];
        EVP_MD_CTX *md = EVP_MD_CTX_new();

        require(EVP_DigestVerifyInit_ex(md, NULL, "SHA256", NULL, NULL, check->key, NULL) == 1 &&
                    EVP_DigestVerify(md, check->signature, check->len, check->message.data,
                                     check->message.len) == 1,
                "a signature");
        EVP_MD_CTX_free(md);
    }
    require(
        X509_verify(s->certs[0], s->keys[1]) == 1 && X509_verify(s->certs[1], s->keys[2]) == 1 &&
            X509_verify(s->certs[2], s->keys[2]) == 1 && X509_verify(s->certs[3], s->keys[2]) == 1,
        "a certificate");
    require(X509_CRL_verify(s->lists[0], s->keys[2]) == 1 &&
                X509_CRL_verify(s->lists[1], s->keys[1]) == 1,
            "a list");
}

/* --- what is measured ----------------------------------------------------------------------------
 */

static void take_check(struct check *check, EVP_PKEY *key, struct span message,
                       const uint8_t halves[static 64])
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    uint8_t *at = check->signature;
    int len;

    ECDSA_SIG_set0(signature, BN_bin2bn(halves, 32, NULL), BN_bin2bn(halves + 32, 32, NULL));
    len = i2d_ECDSA_SIG(signature, &at);
    require(len > 0, "a signature in DER");
    *check = (struct check){.key = key, .message = message, .len = (size_t)len};
    at = check->signature;
    i2d_ECDSA_SIG(signature, &at);
    ECDSA_SIG_free(signature);
}

static void take_cert(struct subject *s, size_t i, const struct x509 *cert)
{
    const uint8_t *der = x509_der(cert).data;

    s->certs[i] = d2i_X509(NULL, &der, (long)x509_der(cert).len);
    s->keys[i] = X509_get_pubkey(s->certs[i]);
}

/* The list of a member of the bundle, in hex. */
static X509_CRL *take_list(const struct json *bundle, const char *key)
{
    OWNED_BUF der = BUF_OF(1 * MIB);
    const uint8_t *at;
    struct err err;

    require(text_decode_hex(span_of_str(json_get_str(bundle, key)), &der, &err) == 0, key);
    at = der.data;
    return d2i_X509_CRL(NULL, &at, (long)der.len);
}

static void take_pieces(struct subject *s)
{
    OWNED_VERDICT verdict = {.count = 0};
    struct x509_list chain = {0};
    struct dcap_quote quote;
    bool good;
    struct err err;

    verdict_init(&verdict, NULL);
    s->pieces = dcap_collateral_load(&s->in, span_of(NULL, 0), &verdict, &good);
    require(good && s->pieces->document_count == 2, "the collateral");
    require(dcap_quote_parse(s->in.evidence, &quote, &err) == 0, err.text);
    require(x509_list_parse(quote.certificates, 3, &chain, &err) == 0, err.text);
    for (size_t i = 0; i < 3; i++)
        take_cert(s, i, chain.items[i]);
    take_cert(s, 3, s->pieces->certs.items[0]);
    x509_list_done(&chain);

    require(key_from_point(KEY_P256, span_part(quote.attestation_key, 0, 32),
                           span_part(quote.attestation_key, 32, 32), &s->attestation, &err) == 0,
            err.text);
    take_check(&s->checks[0], key_handle(s->attestation), quote.signed_part, quote.signature.data);
    take_check(&s->checks[1], s->keys[0], quote.qe_report, quote.qe_report_signature.data);
    for (size_t i = 0; i < 2; i++)
        take_check(&s->checks[2 + i], s->keys[3], s->pieces->documents[i].text,
                   s->pieces->documents[i].signature);
}

static void measure_subject(struct subject *s)
{
    OWNED(free_str) char *what = mem_printf("TDX quote with collateral (%s)", s->name);
    OWNED_JSON *bundle = NULL;
    struct err err;

    require(policy_load(span_of_str(policy_text), &s->policy, &err) == 0, err.text);
    s->in.policy = s->policy;
    require(json_parse(s->in.collateral.items[0], &bundle, &err) == 0, err.text);
    s->lists[0] = take_list(bundle, "root_ca_crl");
    s->lists[1] = take_list(bundle, "pck_crl");
    take_pieces(s);
    measure_print(what, measure(ours, bare, s), 1.3);
}

static bool load_genuine(struct subject *s, const char *vectors)
{
    static const char *const names[] = {"tdx/dcap-qvl-tdx/tdx_quote",
                                        "tdx/dcap-qvl-tdx/tdx_quote_collateral.json"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWNED(free_str) char *path = mem_printf("%s/%s", vectors, names[i]);
        struct err err;

        s->files[i] = BUF_OF(1 * MIB);
        if (file_read(path, &s->files[i], &err) < 0)
            return false;
    }
    s->name = "genuine";
    s->collateral[0] = buf_span(&s->files[1]);
    s->in = (struct attest_input){.format = ATTEST_TDX,
                                  .evidence = buf_span(&s->files[0]),
                                  .collateral = {s->collateral, 1},
                                  .now = GENUINE_NOW};
    return true;
}

static void load_own(struct subject *s)
{
    s->name = "own PKI";
    fake_tdx_start(&s->world, FAKE_TD4);
    fake_tdx_make(&s->world);
    fake_tdx_input(&s->world, &s->in);
}

static void subject_done(struct subject *s)
{
    for (size_t i = 0; i < COUNT_OF(s->certs); i++) {
        EVP_PKEY_free(s->keys[i]);
        X509_free(s->certs[i]);
    }
    for (size_t i = 0; i < COUNT_OF(s->lists); i++)
        X509_CRL_free(s->lists[i]);
    for (size_t i = 0; i < COUNT_OF(s->files); i++)
        buf_done(&s->files[i]);
    key_free(s->attestation);
    dcap_collateral_free(s->pieces);
    policy_free(s->policy);
    fake_tdx_done(&s->world);
}

int main(void)
{
    const char *vectors = getenv("VECTORS");
    struct subject genuine = {.name = NULL}, own = {.name = NULL};

    if (load_genuine(&genuine, vectors != NULL ? vectors : "../shared/vectors"))
        measure_subject(&genuine);
    else
        fprintf(stderr, "SKIP: no genuine evidence at '%s'\n",
                vectors != NULL ? vectors : "../shared/vectors");
    load_own(&own);
    measure_subject(&own);
    subject_done(&genuine);
    subject_done(&own);
    fake_tdx_forget_keys();
    return 0;
}
