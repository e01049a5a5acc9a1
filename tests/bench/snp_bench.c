/* The verifier of SNP reports against the signatures that it has to check, by OpenSSL alone. On
 * genuine evidence, whose authorities have RSA keys of 4096 bits, when the vectors are there;
 * otherwise on our own, with 2048 bits, where everything that is no signature weighs more. */
#include "lib/attest/attest.h"
#include "lib/base/file.h"
#include "lib/crypto/openssl.h"
#include "lib/crypto/x509.h"
#include "tests/bench/measure.h"
#include "tests/fakes/fake_snp.h"

#include <openssl/ecdsa.h>

#define GENUINE_NOW 1790000000 /* the certificates and AMD's list of August 2026 are valid */

static const char policy_text[] =
    "{\"version\": 1, \"waive\": [\"freshness\", \"measurement\", \"min_tcb\"], \"snp\": {}}";

struct subject {
    const char *name;
    struct fake_snp world; /* of our own evidence */
    struct buf files[3];   /* of genuine evidence: report, certificates, list */
    struct span chain[1], crls[1];
    struct attest_input with_chain, endorsed;
    struct policy *policy;
    struct attest_endorsement *endorsement;

    /* The same for OpenSSL: VEK, ASK, ARK. */
    X509 *certs[3];
    EVP_PKEY *keys[3];
    X509_CRL *crl;
    uint8_t signature[128];
    size_t signature_len;
};

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "snp_bench: %s\n", what);
    exit(1);
}

/* --- ours ----------------------------------------------------------------------------------------
 */

static void validate(const struct attest_input *in)
{
    OWNED_VERDICT verdict = {.count = 0};
    struct err err;

    require(attest_validate(in, &verdict, &err) == 0 && verdict_accepted(&verdict), "not accepted");
}

static void ours_with_chain(void *ctx)
{
    validate(&((struct subject *)ctx)->with_chain);
}

static void ours_endorsed(void *ctx)
{
    validate(&((struct subject *)ctx)->endorsed);
}

/* --- bare ----------------------------------------------------------------------------------------
 */

static void bare_report(void *ctx)
{
    const struct subject *s = ctx;
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    require(EVP_DigestVerifyInit_ex(md, NULL, "SHA384", NULL, NULL, s->keys[0], NULL) == 1 &&
                EVP_DigestVerify(md, s->signature, s->signature_len, s->endorsed.evidence.data,
                                 SNP_REPORT_SIGNED_SIZE) == 1,
            "the report's signature");
    EVP_MD_CTX_free(md);
}

static void bare_with_chain(void *ctx)
{
    struct subject *s = ctx;

    bare_report(s);
    require(
        X509_verify(s->certs[0], s->keys[1]) == 1 && X509_verify(s->certs[1], s->keys[2]) == 1 &&
            X509_verify(s->certs[2], s->keys[2]) == 1 && X509_CRL_verify(s->crl, s->keys[2]) == 1,
        "the chain's signatures");
}

/* --- what is measured ----------------------------------------------------------------------------
 */

static BIGNUM *scalar_at(struct span report, size_t offset)
{
    return BN_lebin2bn(report.data + offset, SNP_SCALAR_SIZE, NULL);
}

/* R and S of the report as OpenSSL wants them. */
static void take_signature(struct subject *s, struct span report)
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    uint8_t *at = s->signature;
    int len;

    ECDSA_SIG_set0(signature, scalar_at(report, 0x2a0), scalar_at(report, 0x2e8));
    len = i2d_ECDSA_SIG(signature, &at);
    require(len > 0 && (size_t)len <= sizeof(s->signature), "a signature");
    s->signature_len = (size_t)len;
    ECDSA_SIG_free(signature);
}

static void take_certificates(struct subject *s)
{
    const struct attest_input *in = &s->with_chain;
    struct x509_list list = {0};
    const uint8_t *at = in->crls.items[0].data;
    struct err err;

    require(in->vek.len == 0 || x509_list_parse(in->vek, 8, &list, &err) == 0, "a certificate");
    for (size_t i = 0; i < in->chain.count; i++)
        require(x509_list_parse(in->chain.items[i], 8, &list, &err) == 0, "a chain");
    require(list.count == 3, "VEK, ASK and ARK, in this order");
    for (size_t i = 0; i < list.count; i++) {
        const uint8_t *der = x509_der(list.items[i]).data;

        s->certs[i] = d2i_X509(NULL, &der, (long)x509_der(list.items[i]).len);
        s->keys[i] = X509_get_pubkey(s->certs[i]);
    }
    s->crl = d2i_X509_CRL(NULL, &at, (long)in->crls.items[0].len);
    x509_list_done(&list);
}

static void prepare(struct subject *s)
{
    struct err err;

    require(policy_load(span_of_str(policy_text), &s->policy, &err) == 0, err.text);
    s->with_chain.policy = s->policy;
    require(attest_endorse(&s->with_chain, &s->endorsement, &err) == 0, err.text);
    s->endorsed = (struct attest_input){.format = ATTEST_SNP,
                                        .evidence = s->with_chain.evidence,
                                        .endorsement = s->endorsement,
                                        .policy = s->policy,
                                        .now = s->with_chain.now};
    take_signature(s, s->with_chain.evidence);
    take_certificates(s);
}

static bool load_genuine(struct subject *s, const char *vectors)
{
    static const char *const names[] = {"snp/yaxi-routex-genoa-v5/report.bin",
                                        "snp/yaxi-routex-genoa-v5/vcek-chain-genoa-v5.pem",
                                        "snp/amd-crls/Genoa.crl"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWNED(free_str) char *path = mem_printf("%s/%s", vectors, names[i]);
        struct err err;

        s->files[i] = BUF_OF(1 * MIB);
        if (file_read(path, &s->files[i], &err) < 0)
            return false;
    }
    s->name = "genuine";
    s->chain[0] = buf_span(&s->files[1]);
    s->crls[0] = buf_span(&s->files[2]);
    s->with_chain = (struct attest_input){.format = ATTEST_SNP,
                                          .evidence = buf_span(&s->files[0]),
                                          .chain = {s->chain, 1},
                                          .crls = {s->crls, 1},
                                          .now = GENUINE_NOW};
    return true;
}

static void load_own(struct subject *s)
{
    s->name = "own PKI";
    fake_snp_start(&s->world, SNP_GENOA, false);
    fake_snp_make(&s->world);
    fake_snp_input(&s->world, &s->with_chain);
}

static void measure_subject(struct subject *s)
{
    OWNED(free_str) char *endorsed = mem_printf("SNP report, chain checked before (%s)", s->name);
    OWNED(free_str) char *chain = mem_printf("SNP report, chain and list (%s)", s->name);

    prepare(s);
    measure_print(endorsed, measure(ours_endorsed, bare_report, s), 1.3);
    measure_print(chain, measure(ours_with_chain, bare_with_chain, s), 1.3);
}

static void subject_done(struct subject *s)
{
    attest_endorsement_free(s->endorsement);
    policy_free(s->policy);
    for (size_t i = 0; i < COUNT_OF(s->certs); i++) {
        EVP_PKEY_free(s->keys[i]);
        X509_free(s->certs[i]);
    }
    X509_CRL_free(s->crl);
    for (size_t i = 0; i < COUNT_OF(s->files); i++)
        buf_done(&s->files[i]);
    fake_snp_done(&s->world);
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
    fake_snp_forget_keys();
    return 0;
}
