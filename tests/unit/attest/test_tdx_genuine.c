/* Quotes of real machines: each as PROVENANCE.md says, and none of them with a byte changed. */
#include "tests/unit/attest/judged.h"

#include "tests/unit/attest/vectors.h"

#include "lib/attest/endorsement/dcap_chain.h"
#include "lib/attest/endorsement/intel_root.h"
#include "lib/attest/evidence/dcap_quote.h"
#include "lib/crypto/key_parts.h"
#include "lib/crypto/verify.h"
#include "tests/fakes/fake_pki.h"

/* Everything that may be absent may be absent; what there is must hold. */
#define LAX                                                                                        \
    "{\"version\":1,\"waive\":[\"freshness\",\"measurement\",\"collateral\",\"crl\",\"pei\"],"     \
    "\"tdx\":{},\"sgx\":{},\"vtpm\":{}}"
#define HARDENED                                                                                   \
    "{\"version\":1,\"waive\":[\"freshness\",\"measurement\"],"                                    \
    "\"sgx\":{\"tcb_status\":\"ConfigurationAndSWHardeningNeeded\"}}"
#define STRICT "{\"version\":1,\"waive\":[\"freshness\",\"measurement\"],\"tdx\":{},\"sgx\":{}}"

#define GOOGLE   "tdx/go-tdx-guest-v4/tdx_prod_quote_SPR_E4.dat"
#define QVL_TDX  "tdx/dcap-qvl-tdx/tdx_quote"
#define QVL_SGX  "tdx/dcap-qvl-sgx/sgx_quote"
#define TRUSTEE  "tdx/trustee-quotes/"
#define AZURE    "azure/trustee-az-tdx-vtpm/"
#define JSON(of) of "_collateral.json"

enum form { BYTES, HEX, JSON_QUOTE };

static const struct sample {
    const char *quote;
    enum form form;
    const char *collateral; /* NULL: none */
    const char *time, *policy;
    const char *refusal; /* id of a finding; NULL when it is to be accepted */
    bool forged;         /* crypto fails, not policy */
} samples[] = {
    {QVL_TDX, BYTES, JSON(QVL_TDX), "2025-06-20T00:00:00Z", STRICT, NULL},
    {QVL_TDX, BYTES, JSON(QVL_TDX), "2025-06-19T10:32:27Z", STRICT, NULL},
    {QVL_TDX, BYTES, JSON(QVL_TDX), "2025-06-19T10:16:03Z", STRICT, "dcap.collateral.time", true},
    {QVL_TDX, BYTES, JSON(QVL_TDX), "2025-07-20T00:00:00Z", STRICT, "dcap.collateral.time", true},
    {QVL_TDX, BYTES, NULL, "2025-06-20T00:00:00Z", STRICT, "dcap.tcb_info.absent"},
    {QVL_TDX, BYTES, NULL, "2025-06-20T00:00:00Z", LAX, NULL},
    {QVL_TDX, BYTES, JSON(QVL_SGX), "2025-06-20T00:00:00Z", STRICT, "dcap.tcb_info.other", true},
    {QVL_SGX, BYTES, JSON(QVL_SGX), "2025-06-20T00:00:00Z", HARDENED, NULL},
    {QVL_SGX, BYTES, JSON(QVL_SGX), "2025-06-20T00:00:00Z", STRICT, "sgx.tcb.status"},
    {QVL_SGX, BYTES, JSON(QVL_TDX), "2025-06-20T00:00:00Z", HARDENED, "dcap.tcb_info.other", true},
    /* The 39 bytes after it: genuine, and not accepted as it stands; see docs/attestation.md. */
    {GOOGLE, BYTES, NULL, "2023-07-01T00:00:00Z", LAX, "dcap.quote.trailing"},
    {GOOGLE, BYTES, NULL, "2053-07-01T00:00:00Z", LAX, "dcap.chain.time", true},
    {TRUSTEE "tdx_quote_4.dat", BYTES, NULL, "2025-06-20T00:00:00Z", LAX, "tdx.debug"},
    {TRUSTEE "tdx_quote_5.dat", BYTES, NULL, "2025-06-20T00:00:00Z", LAX, "tdx.migration"},
    {TRUSTEE "tdx_quote_6.dat", BYTES, NULL, "2025-06-20T00:00:00Z", LAX, NULL},
    {AZURE "td-quote.bin", BYTES, NULL, "2025-06-20T00:00:00Z", LAX, NULL},
    {"tdx/dcap-qvl-tappd/quote-from-tappd.hex", HEX, NULL, "2025-06-20T00:00:00Z", LAX, NULL},
    {"tdx/dcap-qvl-tappd/tdx-quote.hex", HEX, NULL, "2025-06-20T00:00:00Z", LAX, NULL},
    {"tdx/dstack-tdx/quote-report.json", JSON_QUOTE, NULL, "2026-06-20T00:00:00Z", LAX, NULL},
    {"tdx/dstack-tdx/tdx-lite-getquote.json", JSON_QUOTE, NULL, "2026-06-20T00:00:00Z", LAX, NULL},
};

static void read_hex(struct span text, struct buf *out)
{
    struct err err;

    while (text.len > 0 && text.data[text.len - 1] <= ' ')
        text.len--;
    if (span_equal(span_part(text, 0, 2), span_of_str("0x")))
        text = span_part(text, 2, text.len);
    assert_ok(text_decode_hex(text, out, &err));
}

static void read_sample(const struct sample *sample, struct buf *out)
{
    struct span file = vectors_read(sample->quote);
    OWNED_JSON *json = NULL;
    struct err err;

    switch (sample->form) {
    case BYTES: buf_add_span(out, file); break;
    case HEX: read_hex(file, out); break;
    case JSON_QUOTE:
        assert_ok(json_parse(file, &json, &err));
        read_hex(span_of_str(json_get_str(json, "quote")), out);
        break;
    }
}

static void check_sample(const struct sample *sample)
{
    OWNED_BUF quote = BUF_OF(64 * KIB), shown = BUF_OF(1 * MIB);
    OWNED_VERDICT verdict = {0};
    OWNED_POLICY *policy = NULL;
    struct attest_input in = {.now = vectors_time(sample->time)};
    struct span collateral;
    struct err err;

    read_sample(sample, &quote);
    assert_ok(policy_load(span_of_str(sample->policy), &policy, &err));
    in.evidence = buf_span(&quote);
    in.policy = policy;
    if (sample->collateral != NULL) {
        collateral = vectors_read(sample->collateral);
        in.collateral = (struct attest_spans){&collateral, 1};
    }
    assert_ok(attest_validate(&in, &verdict, &err));
    attest_explain(&verdict, &shown);
    if (verdict_accepted(&verdict) != (sample->refusal == NULL) ||
        verdict_crypto(&verdict) != (sample->forged ? OUTCOME_FAIL : OUTCOME_PASS) ||
        (sample->refusal != NULL && !has_finding(&verdict, sample->refusal)))
        fail_msg("%s at %s: expected %s, got\n%s", sample->quote, sample->time,
                 sample->refusal ? sample->refusal : "acceptance", buf_str(&shown));
    vectors_done();
}

static void every_sample_goes_as_its_provenance_says(void **state)
{
    (void)state;
    (void)need_vectors();
    for (size_t i = 0; i < COUNT_OF(samples); i++)
        check_sample(&samples[i]);
}

/* What others found in the same evidence. */
static void the_claims_are_those_that_others_read(void **state)
{
    static const struct {
        const char *quote, *collateral, *kind, *status;
        size_t advisories;
    } cases[] = {
        {QVL_TDX, JSON(QVL_TDX), "tdx", "UpToDate", 0},
        {QVL_SGX, JSON(QVL_SGX), "sgx", "ConfigurationAndSWHardeningNeeded", 2},
    };

    (void)state;
    (void)need_vectors();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct span collateral = vectors_read(cases[i].collateral);
        struct attest_input in = {.evidence = vectors_read(cases[i].quote),
                                  .collateral = {&collateral, 1},
                                  .now = vectors_time("2025-06-20T00:00:00Z")};
        OWNED_VERDICT verdict = {0};
        const struct json *tcb;
        struct err err;

        assert_ok(attest_validate(&in, &verdict, &err));
        tcb = json_get(json_get(verdict.claims, cases[i].kind), "tcb");
        assert_string_equal(json_get_str(tcb, "status"), cases[i].status);
        assert_int_equal(json_count(json_get(tcb, "advisories")), cases[i].advisories);
        vectors_done();
    }
}

/* Collateral of the day, but for the chain of its signer, as it lies beside the sample. */
/* What others parsed of the same quote. */
static void the_fields_are_where_others_find_them(void **state)
{
    static const char *const names[][2] = {
        {"mr_config_id", "mrconfigid"},
        {"mr_owner", "mrowner"},
        {"mr_seam", "mrseam"},
        {"mr_owner_config", "mrownerconfig"},
        {"mr_td", "mrtd"},
        {"report_data", "report_data"},
        {"mrsigner_seam", "mrsignerseam"},
        {"rtmr_0", "rtmr0"},
        {"rtmr_1", "rtmr1"},
        {"rtmr_2", "rtmr2"},
        {"rtmr_3", "rtmr3"},
        {"tcb_svn", "tee_tcb_svn"},
    };
    struct attest_input in = {.now = 0};
    OWNED_BUF ours = BUF_OF(64), theirs = BUF_OF(64);
    OWNED_VERDICT verdict = {0};
    OWNED_JSON *expected = NULL;
    const struct json *body, *tdx;
    struct err err;

    (void)state;
    (void)need_vectors();
    expected = vector_read_json(TRUSTEE "parse_tdx_claims_expected.json");
    body = json_get(json_get(expected, "quote"), "body");
    in.evidence = vectors_read(TRUSTEE "tdx_quote_4.dat");
    assert_ok(attest_validate(&in, &verdict, &err));
    tdx = json_get(verdict.claims, "tdx");
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(json_get_str(tdx, names[i][1]), json_get_str(body, names[i][0]));
    assert_string_equal(json_get_str(json_get(tdx, "td_attributes"), "raw"), "0x10000001");
    assert_string_equal(json_get_str(tdx, "xfam"), "0x642e7");
    vector_hex(json_get_str(json_get(tdx, "platform"), "instance_id"), &ours);
    vector_hex(json_get_str(expected, "platform_instance_id"), &theirs);
    assert_int_equal(ours.len, theirs.len);
    for (size_t i = 0; i < ours.len; i++) /* which others read from its other end */
        assert_int_equal(ours.data[i], theirs.data[theirs.len - 1 - i]);
    vectors_done();
}

static void the_root_that_is_pinned_is_intels(void **state)
{
    static const struct {
        const char *name;
        bool pinned;
    } roots[] = {
        {"tdx/dcap-qvl-tdx/TrustedRootCA.der", true},
        {"tdx/go-tdx-guest-v4/trusted_root.pem", true},
        {"tdx/intel-qvl-sample-sgx/trustedRootCaCert.pem", false}, /* of a test PKI */
    };

    (void)state;
    (void)need_vectors();
    for (size_t i = 0; i < COUNT_OF(roots); i++) {
        OWNED_X509 *root = NULL;
        struct err err;

        assert_ok(x509_parse(vectors_read(roots[i].name), &root, &err));
        assert_int_equal(intel_root_is_pinned(root), roots[i].pinned);
    }
    vectors_done();
}

/* Intel's own sample holds no chain, and documents of an older version. */
static void what_is_older_than_we_read_is_refused(void **state)
{
    struct attest_input in = {.now = 0};
    struct span document;

    (void)state;
    (void)need_vectors();
    in.evidence = vectors_read("tdx/intel-qvl-sample-sgx/quote.dat");
    check(&in, "dcap.quote.form", "certification data of type 1");
    in.evidence = vectors_read(QVL_SGX);
    document = vectors_read("tdx/intel-qvl-sample-sgx/tcbInfo.json");
    in.collateral = (struct attest_spans){&document, 1};
    check(&in, "dcap.collateral.form", "has no id");
    vectors_done();
}

/* Documents of another day and platform than the quote's. */
static void documents_of_others_are_told_from_ours(void **state)
{
    struct attest_input in = {.now = vectors_time("2025-11-01T00:00:00Z")};
    struct span pieces[2];

    (void)state;
    (void)need_vectors();
    in.evidence = vectors_read(QVL_TDX);
    pieces[0] = vectors_read(TRUSTEE "tcbInfo.json");
    pieces[1] = vectors_read(TRUSTEE "enclaveIdentity.json");
    in.collateral = (struct attest_spans){pieces, 2};
    check(&in, "dcap.tcb_info.other", NULL);
    vectors_done();
}

static void a_document_without_its_signer_is_refused(void **state)
{
    static const char *const names[] = {"sample_tcbInfo_response", "sample_qeIdentity_response",
                                        "pckcrl", "rootcrl.der"};
    struct attest_input in = {.now = vectors_time("2023-07-01T00:00:00Z")};
    struct span pieces[COUNT_OF(names)];

    (void)state;
    (void)need_vectors();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWNED(free_str) char *name = mem_printf("tdx/go-tdx-guest-v4/%s", names[i]);

        pieces[i] = vectors_read(name);
    }
    in.evidence = vectors_read(GOOGLE);
    in.collateral = (struct attest_spans){pieces, COUNT_OF(pieces)};
    check(&in, "dcap.collateral.signer", "Intel SGX TCB Signing");
    /* The lists are by those who signed the quote's certificates, and of the time. */
    in.collateral = (struct attest_spans){pieces + 2, 2};
    check(&in, NULL, NULL);
    in.now = vectors_time("2025-07-01T00:00:00Z");
    check(&in, "dcap.crl.time", NULL);
    vectors_done();
}

/* --- mutations ------------------------------------------------------------------------------- */

static bool is_genuine(struct span evidence, int64_t now)
{
    struct attest_input in = {.evidence = evidence, .now = now, .format = ATTEST_TDX};
    OWNED_VERDICT verdict = {0};
    struct err err;

    assert_ok(attest_validate(&in, &verdict, &err));
    return verdict_crypto(&verdict) == OUTCOME_PASS;
}

static void every_listed_mutation_is_refused(void **state)
{
    static const char *const quotes[] = {GOOGLE,
                                         QVL_TDX,
                                         TRUSTEE "tdx_quote_4.dat",
                                         TRUSTEE "tdx_quote_5.dat",
                                         TRUSTEE "tdx_quote_6.dat",
                                         AZURE "td-quote.bin"};
    const int64_t now = vectors_time("2025-06-20T00:00:00Z");
    OWNED_JSON *json = NULL;
    const struct json *list;

    (void)state;
    (void)need_vectors();
    json = vector_read_json("tdx/mutations.json");
    list = json_get(json, "mutations");
    assert_true(json_count(list) > 20);
    for (size_t q = 0; q < COUNT_OF(quotes); q++) {
        struct span file = vectors_read(quotes[q]);
        uint8_t *bytes = (uint8_t *)mem_copy(file.data, file.len);

        assert_true(is_genuine(file, now));
        for (size_t i = 0; i < json_count(list); i++) {
            size_t at = (size_t)json_get_int(json_at(list, i), "offset");

            if (bytes[0] == 5 && at >= 48)
                at += 6;
            bytes[at] ^= 1;
            if (is_genuine(span_of(bytes, file.len), now))
                fail_msg("%s: %s at %zu", quotes[q], json_get_str(json_at(list, i), "field"), at);
            bytes[at] ^= 1;
        }
        free(bytes);
    }
    vectors_done();
}

/* Where certificates begin some bits only; all of them with FLIP_ALL=1. */
static size_t flip_step(void)
{
    return getenv("FLIP_ALL") != NULL ? 1 : 211;
}

/* What somebody signed, bit by bit. Returns how many. */
static size_t flip_signed(uint8_t *bytes, struct span part, const struct key *key,
                          struct span signature, const char *name)
{
    size_t from = (size_t)(part.data - bytes);
    struct err err;

    assert_ok(verify_signature(key, VERIFY_ECDSA, DIGEST_SHA256, part, signature, &err));
    for (size_t bit = 0; bit < 8 * part.len; bit++) {
        bytes[from + bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (verify_signature(key, VERIFY_ECDSA, DIGEST_SHA256, part, signature, &err) == 0)
            fail_msg("%s: bit %zu of byte %zu was not seen", name, bit % 8, from + bit / 8);
        bytes[from + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    return 8 * part.len;
}

/* Header and body under the attestation key, the quoting enclave's report under the PCK. */
static size_t flip_quote(const struct sample *sample)
{
    OWNED_BUF bytes = BUF_OF(64 * KIB);
    struct x509_list certs = {0};
    struct dcap_quote quote;
    OWNED_KEY *key = NULL;
    size_t flips;
    struct err err;

    read_sample(sample, &bytes);
    assert_ok(dcap_quote_parse(buf_span(&bytes), &quote, &err));
    assert_ok(key_from_point(KEY_P256, span_part(quote.attestation_key, 0, 32),
                             span_part(quote.attestation_key, 32, 32), &key, &err));
    assert_ok(x509_list_parse(quote.certificates, 3, &certs, &err));
    flips = flip_signed(bytes.data, quote.signed_part, key, quote.signature, sample->quote);
    flips += flip_signed(bytes.data, quote.qe_report, x509_public_key(certs.items[0]),
                         quote.qe_report_signature, sample->quote);
    x509_list_done(&certs);
    vectors_done();
    return flips;
}

/* The same through the whole verifier, with keys, signatures and lengths, for some of the bits. */
static void flip_whole(const struct sample *sample)
{
    const int64_t now = vectors_time(sample->time);
    OWNED_BUF bytes = BUF_OF(64 * KIB);
    struct dcap_quote quote;
    size_t end;
    struct err err;

    read_sample(sample, &bytes);
    assert_ok(dcap_quote_parse(buf_span(&bytes), &quote, &err));
    end = (size_t)(quote.certificates.data - bytes.data);
    for (size_t bit = 0; bit < 8 * end; bit += flip_step()) {
        struct attest_input in = {.evidence = buf_span(&bytes), .now = now};
        OWNED_VERDICT verdict = {0};

        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_ok(attest_validate(&in, &verdict, &err));
        if (verdict_crypto(&verdict) == OUTCOME_PASS)
            fail_msg("%s: bit %zu of byte %zu was not seen", sample->quote, bit % 8, bit / 8);
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    vectors_done();
}

static void every_flipped_bit_of_a_quote_is_seen(void **state)
{
    size_t flips = 0, quotes = 0;

    (void)state;
    (void)need_vectors();
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        if (samples[i].forged || samples[i].collateral != NULL)
            continue;
        /* Some stand in the table twice, one after the other. */
        if (i > 0 && strcmp(samples[i].quote, samples[i - 1].quote) == 0 && quotes > 0)
            continue;
        flips += flip_quote(&samples[i]);
        flip_whole(&samples[i]);
        quotes++;
    }
    printf("flips: %zu in %zu genuine TDX quotes, all refused\n", flips, quotes);
    assert_true(quotes >= 10);
}

/* The certificates of a quote, bit by bit of their DER, in the chain that they are. */
static void every_flipped_bit_of_a_certificate_is_seen(void **state)
{
    const int64_t now = vectors_time("2025-06-20T00:00:00Z");
    static const struct dcap_collateral none;
    struct dcap_quote quote;
    struct x509_list certs = {0};
    size_t flips = 0;
    struct err err;

    (void)state;
    (void)need_vectors();
    assert_ok(dcap_quote_parse(vectors_read(QVL_TDX), &quote, &err));
    assert_ok(x509_list_parse(quote.certificates, 3, &certs, &err));
    for (size_t i = 0; i < 3; i++) {
        struct span der = x509_der(certs.items[i]);
        uint8_t *bytes = (uint8_t *)mem_copy(der.data, der.len);

        for (size_t bit = 0; bit < 8 * der.len; bit += flip_step()) {
            OWNED_BUF pem = BUF_OF(64 * KIB);
            OWNED_VERDICT verdict = {0};
            struct dcap_chain chain;

            verdict_init(&verdict, NULL);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            for (size_t j = 0; j < 3; j++)
                fake_pem("CERTIFICATE", j == i ? span_of(bytes, der.len) : x509_der(certs.items[j]),
                         &pem);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            dcap_chain_load(buf_span(&pem), &none, now, &verdict, &chain);
            if (chain.sound)
                fail_msg("certificate %zu: bit %zu of byte %zu was not seen", i, bit % 8, bit / 8);
            dcap_chain_done(&chain);
            flips++;
        }
        free(bytes);
    }
    x509_list_done(&certs);
    vectors_done();
    printf("flips: %zu in 3 genuine certificates of Intel, all refused\n", flips);
}

/* --- with Azure's TPM ------------------------------------------------------------------------ */

static void a_quote_vouches_for_azures_tpm(void **state)
{
    static const char *const names[] = {AZURE "evidence-v0.json", AZURE "evidence-v1.json"};
    OWNED_POLICY *policy = NULL;
    struct err err;

    (void)state;
    (void)need_vectors();
    assert_ok(policy_load(span_of_str(LAX), &policy, &err));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct attest_input in = {.evidence = vectors_read(names[i]),
                                  .nonce = span_of_str("challenge"),
                                  .policy = policy,
                                  .now = vectors_time("2025-06-20T00:00:00Z")};

        check_accepted(&in, NULL, NULL);
        in.nonce = span_of_str("another");
        check_accepted(&in, "tpm.challenge", NULL);
        vectors_done();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_goes_as_its_provenance_says),
        cmocka_unit_test(the_claims_are_those_that_others_read),
        cmocka_unit_test(the_fields_are_where_others_find_them),
        cmocka_unit_test(the_root_that_is_pinned_is_intels),
        cmocka_unit_test(what_is_older_than_we_read_is_refused),
        cmocka_unit_test(documents_of_others_are_told_from_ours),
        cmocka_unit_test(a_document_without_its_signer_is_refused),
        cmocka_unit_test(every_listed_mutation_is_refused),
        cmocka_unit_test(every_flipped_bit_of_a_quote_is_seen),
        cmocka_unit_test(every_flipped_bit_of_a_certificate_is_seen),
        cmocka_unit_test(a_quote_vouches_for_azures_tpm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
