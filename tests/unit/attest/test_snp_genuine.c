/* Reports of real machines: each as PROVENANCE.md says, and none of them with a bit changed. */
#include "tests/unit/attest/vectors.h"

#include "lib/attest/attest.h"
#include "lib/attest/endorsement/snp_chain.h"
#include "lib/attest/endorsement/snp_match.h"
#include "lib/attest/evidence/snp_report.h"
#include "tests/fakes/fake_snp.h"

#define AMD "snp/amd-roots-trustee/"

enum form { BYTES, HEX, HCL, HCL_JSON };

static const struct sample {
    const char *report;
    enum form form;
    const char *vek, *chain, *crl;
    const char *time;
    const char *refusal; /* id of a finding; NULL when it is to be accepted */
    bool forged;         /* crypto fails, not policy */
} samples[] = {
    {"snp/go-sev-guest-milan-v2/attestation.bin", BYTES, "snp/go-sev-guest-milan-v2/vcek.testcer",
     "snp/go-sev-guest-milan-v2/milan.testcer", NULL, "2024-01-01T00:00:00Z", "snp.policy.debug"},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/trustee-milan-v2/test-vcek.der",
     AMD "milan_ask_ark_asvk.pem", "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", NULL},
    {"snp/trustee-milan-v2/test-report.bin", BYTES,
     "snp/trustee-milan-v2/test-vcek-invalid-new.der", AMD "milan_ask_ark_asvk.pem", NULL,
     "2026-09-01T00:00:00Z", "snp.chain.signature", true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES,
     "snp/trustee-milan-v2/test-vcek-invalid-legacy.der", AMD "milan_ask_ark_asvk.pem", NULL,
     "2026-09-01T00:00:00Z", "snp.chain.signature", true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/trustee-milan-v2/test-vcek.der",
     AMD "milan_ask_ark_asvk.pem", "snp/amd-crls/Milan.crl", "2026-11-23T00:00:00Z", "snp.crl.time",
     true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/trustee-milan-v2/test-vcek.der",
     AMD "milan_ask_ark_asvk.pem", "snp/amd-crls/Milan.crl", "2026-08-01T00:00:00Z", "snp.crl.time",
     true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/trustee-milan-v2/test-vcek.der",
     AMD "milan_ask_ark_asvk.pem", NULL, "2031-01-01T00:00:00Z", "snp.chain.time", true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/trustee-milan-v2/test-vcek.der",
     AMD "genoa_ask_ark_asvk.pem", NULL, "2026-09-01T00:00:00Z", "snp.chain.absent", true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/virtee-sev-milan-v2/vcek_milan.der",
     AMD "milan_ask_ark_asvk.pem", NULL, "2026-09-01T00:00:00Z", "snp.vek.chip", true},
    {"snp/virtee-sev-milan-v2/report_milan.hex", HEX, "snp/virtee-sev-milan-v2/vcek_milan.der",
     "snp/virtee-sev-milan-v2/cert_chain_milan", "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z",
     NULL},
    {"snp/azure-aci-uvm-milan-v2/snp_report.bin", BYTES,
     "snp/azure-aci-uvm-milan-v2/uvm_host_amd_certificate.pem", NULL, "snp/amd-crls/Milan.crl",
     "2026-09-01T00:00:00Z", NULL},
    {"snp/yaxi-routex-genoa-v3/report.bin", BYTES, "snp/yaxi-routex-genoa-v3/vcek-chain-genoa.pem",
     NULL, "snp/amd-crls/Genoa.crl", "2026-09-01T00:00:00Z", NULL},
    {"snp/yaxi-routex-genoa-v5/report.bin", BYTES,
     "snp/yaxi-routex-genoa-v5/vcek-chain-genoa-v5.pem", NULL, "snp/amd-crls/Genoa.crl",
     "2026-09-01T00:00:00Z", NULL},
    {"azure/trustee-az-snp-vtpm/hcl-report.bin", HCL, "azure/trustee-az-snp-vtpm/vcek.pem", NULL,
     "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", NULL},
    {"azure/trustee-az-snp-vtpm/evidence-genoa.json", HCL_JSON,
     "azure/trustee-az-snp-vtpm/vcek-genoa.pem", AMD "genoa_ask_ark_asvk.pem",
     "snp/amd-crls/Genoa.crl", "2026-09-01T00:00:00Z", NULL},
    {"azure/trustee-az-snp-vtpm/evidence-v0.json", HCL_JSON, NULL, AMD "milan_ask_ark_asvk.pem",
     "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", NULL},
    {"azure/trustee-az-snp-vtpm/evidence-v1.json", HCL_JSON, NULL, AMD "milan_ask_ark_asvk.pem",
     "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", NULL},
    {"azure/trustee-az-snp-vtpm/evidence-v2.json", HCL_JSON, NULL, AMD "milan_ask_ark_asvk.pem",
     "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", NULL},
    /* The certificates that lie beside this one are another machine's. */
    {"azure/azure-cvm-tooling-snp/hcl-report-snp.bin", HCL, "azure/azure-cvm-tooling-snp/certs.pem",
     NULL, "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", "snp.vek.chip", true},
};

/* base64url, with padding. */
static void decode(const char *text, struct buf *out)
{
    struct span bare = span_of_str(text);
    struct err err;

    while (bare.len > 0 && bare.data[bare.len - 1] == '=')
        bare.len--;
    assert_ok(text_decode_base64url(bare, out, &err));
}

/* The HCL report of an evidence file and the VCEK beside it: a list of numbers and PEM in the first
 * version, base64url of both later. */
static struct span from_json(const char *name, struct buf *report, struct buf *vek)
{
    OWNED_JSON *json = NULL;
    const struct json *list;
    struct err err;

    assert_ok(json_parse(vectors_read(name), &json, &err));
    list = json_get(json, "report");
    for (size_t i = 0; i < json_count(list); i++)
        buf_add_u8(report, (uint8_t)json_int(json_at(list, i)));
    if (list != NULL) {
        buf_add_str(vek, json_get_str(json, "vcek"));
        return buf_span(report);
    }
    decode(json_get_str(json, "hcl_report"), report);
    decode(json_get_str(json, "vcek"), vek);
    return buf_span(report);
}

struct opened {
    struct buf room, vek_room;
    struct span report, vek, chain, crl;
};

static void done(struct opened *opened)
{
    buf_done(&opened->room);
    buf_done(&opened->vek_room);
    vectors_done();
}

static struct span read_or_nothing(const char *name)
{
    return name != NULL ? vectors_read(name) : span_of(NULL, 0);
}

static void open_sample(const struct sample *sample, struct opened *opened)
{
    *opened = (struct opened){.room = BUF_OF(64 * KIB), .vek_room = BUF_OF(64 * KIB)};
    switch (sample->form) {
    case BYTES: opened->report = vectors_read(sample->report); break;
    case HEX: opened->report = vectors_read_hex(sample->report); break;
    case HCL:
        opened->report = span_part(vectors_read(sample->report), 0x20, SNP_REPORT_SIZE);
        break;
    case HCL_JSON:
        opened->report = span_part(from_json(sample->report, &opened->room, &opened->vek_room),
                                   0x20, SNP_REPORT_SIZE);
    }
    opened->vek = sample->vek != NULL ? vectors_read(sample->vek) : buf_span(&opened->vek_room);
    opened->chain = read_or_nothing(sample->chain);
    opened->crl = read_or_nothing(sample->crl);
}

static bool has_finding(const struct verdict *verdict, const char *id)
{
    for (size_t i = 0; i < verdict->count; i++)
        if (strcmp(finding_row(verdict->findings[i].id)->id, id) == 0)
            return true;
    return false;
}

static void check_sample(const struct sample *sample, const struct policy *policy)
{
    OWNED(done) struct opened opened;
    OWNED_BUF text = BUF_OF(1 * MIB);
    OWNED_VERDICT verdict = {0};
    struct attest_input in = {.policy = policy, .now = vectors_time(sample->time)};
    struct err err;
    bool good;

    open_sample(sample, &opened);
    in.evidence = opened.report;
    in.vek = opened.vek;
    in.chain = (struct attest_spans){&opened.chain, opened.chain.len > 0};
    in.crls = (struct attest_spans){&opened.crl, opened.crl.len > 0};
    assert_ok(attest_validate(&in, &verdict, &err));
    attest_explain(&verdict, &text);
    good = verdict_accepted(&verdict) == (sample->refusal == NULL) &&
           verdict_crypto(&verdict) == (sample->forged ? OUTCOME_FAIL : OUTCOME_PASS) &&
           (sample->refusal == NULL || has_finding(&verdict, sample->refusal));
    if (!good)
        fail_msg("%s at %s: expected %s, got\n%s", sample->report, sample->time,
                 sample->refusal ? sample->refusal : "acceptance", buf_str(&text));
}

static void every_sample_goes_as_its_provenance_says(void **state)
{
    static const char text[] =
        "{\"version\":1,\"waive\":[\"freshness\",\"measurement\",\"min_tcb\",\"crl\"],\"snp\":{}}";
    OWNED_POLICY *policy = NULL;
    struct err err;

    (void)state;
    if (vectors_dir() == NULL)
        skip();
    assert_ok(policy_load(span_of_str(text), &policy, &err));
    for (size_t i = 0; i < COUNT_OF(samples); i++)
        check_sample(&samples[i], policy);
}

/* Who names a root trusts that root, and AMD no longer. */
static void a_root_of_ones_own_takes_the_place_of_amds(void **state)
{
    struct fake_cert cert = {.subject = "ARK-Milan", .issuer = "ARK-Milan", .not_after = INT32_MAX};
    OWNED(done) struct opened opened;
    OWNED_BUF der = BUF_OF(8192);
    OWNED_VERDICT verdict = {0};
    struct attest_input in = {.now = vectors_time("2026-09-01T00:00:00Z")};
    struct span root;
    struct err err;

    (void)state;
    need_vectors();
    fake_cert_make(&cert, fake_snp_ark_key(), fake_snp_ark_key(), &der);
    fake_snp_forget_keys();
    root = buf_span(&der);
    open_sample(&samples[1], &opened);
    in.evidence = opened.report;
    in.vek = opened.vek;
    in.chain = (struct attest_spans){&opened.chain, 1};
    in.trust_roots = (struct attest_spans){&root, 1};
    assert_ok(attest_validate(&in, &verdict, &err));
    assert_int_equal(verdict_crypto(&verdict), OUTCOME_FAIL);
    assert_true(has_finding(&verdict, "snp.root.unknown"));
}

static void the_chains_of_all_products_hold(void **state)
{
    static const struct {
        const char *vek, *chain;
        enum snp_product product;
    } chains[] = {
        {"snp/virtee-sev-turin-certs/vcek_turin.der", "snp/virtee-sev-turin-certs/cert_chain_turin",
         SNP_TURIN},
        {"snp/virtee-sev-turin-certs/vcek_turin.der",
         "snp/amd-roots-go-sev-guest/ask_ark_turin_vcek.pem", SNP_TURIN},
        {"snp/trustee-milan-v2/test-vcek.der", "snp/amd-roots-go-sev-guest/ask_ark_milan.pem",
         SNP_MILAN},
        {"azure/trustee-az-snp-vtpm/vcek-genoa.pem", "snp/amd-roots-go-sev-guest/ask_ark_genoa.pem",
         SNP_GENOA},
    };

    (void)state;
    if (vectors_dir() == NULL)
        skip();
    for (size_t i = 0; i < COUNT_OF(chains); i++) {
        struct span chain = vectors_read(chains[i].chain);
        struct snp_sources sources = {.vek = vectors_read(chains[i].vek), .chain = {&chain, 1}};
        OWNED_VERDICT verdict = {0};
        OWNED_SNP_CHAIN *loaded = NULL;

        verdict_init(&verdict, NULL);
        loaded = snp_chain_load(&sources, &verdict);
        assert_true(loaded->sound);
        assert_false(loaded->own_root);
        assert_int_equal(loaded->facts.product, chains[i].product);
        assert_int_equal(verdict.count, 0);
        vectors_done();
    }
}

/* Some bits of each sample; all of them with FLIP_ALL=1, which takes minutes. */
static size_t flip_step(void)
{
    return getenv("FLIP_ALL") != NULL ? 1 : 97;
}

static size_t flip_report(const struct sample *sample)
{
    OWNED(done) struct opened opened;
    struct snp_sources sources = {0};
    OWNED_VERDICT verdict = {0};
    OWNED_SNP_CHAIN *loaded = NULL;
    uint8_t bytes[SNP_REPORT_SIZE];
    struct snp_report report;
    size_t flips = 0;
    struct err err;

    open_sample(sample, &opened);
    sources.vek = opened.vek;
    sources.chain = (struct attest_spans){&opened.chain, opened.chain.len > 0};
    verdict_init(&verdict, NULL);
    loaded = snp_chain_load(&sources, &verdict);
    memcpy(bytes, opened.report.data, sizeof(bytes));
    assert_ok(snp_report_parse(SPAN_OF_ARRAY(bytes), &report, &err));
    if (!snp_match_check(&report, &loaded->facts, &verdict))
        fail_msg("%s: %s", sample->report, finding_row(verdict.findings[0].id)->id);
    for (size_t bit = 0; bit < 8 * SNP_REPORT_SIZE; bit += flip_step()) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (snp_report_parse(SPAN_OF_ARRAY(bytes), &report, &err) == 0 &&
            snp_match_check(&report, &loaded->facts, &verdict))
            fail_msg("%s: bit %zu was flipped and not seen", sample->report, bit);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        flips++;
    }
    return flips;
}

static void every_flipped_bit_of_a_report_is_seen(void **state)
{
    size_t flips = 0;

    (void)state;
    if (vectors_dir() == NULL)
        skip();
    for (size_t i = 0; i < COUNT_OF(samples); i++)
        if (!samples[i].forged)
            flips += flip_report(&samples[i]);
    printf("%zu flips, all refused\n", flips);
}

/* Certificates as DER, whose signed part and signature are all of it. */
static size_t flip_certificate(const char *vek, const char *chain_name)
{
    struct span der = vectors_read(vek);
    struct span chain = vectors_read(chain_name);
    OWNED_BUF bytes = BUF_OF(8192);
    struct snp_sources sources = {.chain = {&chain, 1}};
    size_t flips = 0;

    buf_add_span(&bytes, der);
    sources.vek = buf_span(&bytes);
    for (size_t bit = 0; bit < 8 * bytes.len; bit += flip_step()) {
        OWNED_VERDICT verdict = {0};
        OWNED_SNP_CHAIN *loaded = NULL;

        verdict_init(&verdict, NULL);
        bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        loaded = snp_chain_load(&sources, &verdict);
        bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (loaded->sound)
            fail_msg("%s: bit %zu was flipped and not seen", vek, bit);
        flips++;
    }
    vectors_done();
    return flips;
}

static void every_flipped_bit_of_a_certificate_is_seen(void **state)
{
    size_t flips = 0;

    (void)state;
    if (vectors_dir() == NULL)
        skip();
    flips += flip_certificate("snp/trustee-milan-v2/test-vcek.der", AMD "milan_ask_ark_asvk.pem");
    flips +=
        flip_certificate("snp/virtee-sev-turin-certs/vcek_turin.der", AMD "turin_ask_ark_asvk.pem");
    printf("%zu flips, all refused\n", flips);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_goes_as_its_provenance_says),
        cmocka_unit_test(a_root_of_ones_own_takes_the_place_of_amds),
        cmocka_unit_test(the_chains_of_all_products_hold),
        cmocka_unit_test(every_flipped_bit_of_a_report_is_seen),
        cmocka_unit_test(every_flipped_bit_of_a_certificate_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
