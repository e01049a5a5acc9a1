/* Genuine SNP reports and certificates with one bit changed: each bit of every signed region, one
 * after the other, and each is refused by the signature. */
#include "tests/unit/attest/snp_samples.h"

#include "lib/attest/endorsement/snp_chain.h"
#include "lib/attest/endorsement/snp_match.h"

/* Beyond the signed regions some bits; all of them with FLIP_ALL=1. */
static size_t loose_step(void)
{
    return getenv("FLIP_ALL") != NULL ? 1 : 97;
}

/* Whether the signature holds, whatever else is wrong with the report. */
static bool signature_holds(struct span bytes, const struct snp_vek *vek)
{
    OWNED_VERDICT verdict = {0};
    struct snp_report report;
    struct err err;

    if (snp_report_parse(bytes, &report, &err) < 0)
        return false;
    verdict_init(&verdict, NULL);
    (void)snp_match_check(&report, vek, &verdict);
    return verdict_holds(&verdict, FINDING_SNP_SIGNATURE);
}

static size_t flip_report(const struct snp_sample *sample)
{
    struct snp_sources sources = {0};
    uint8_t bytes[SNP_REPORT_SIZE];
    OWNED_SNP_CHAIN *chain = NULL;
    OWNED_VERDICT verdict = {0};
    OWNED_SNP_OPENED opened;
    size_t flips = 0;

    sample_open(sample, &opened);
    sources.vek = opened.vek;
    sources.chain = (struct attest_spans){&opened.chain, opened.chain.len > 0};
    verdict_init(&verdict, NULL);
    chain = snp_chain_load(&sources, &verdict);
    memcpy(bytes, opened.report.data, sizeof(bytes));
    assert_true(signature_holds(SPAN_OF_ARRAY(bytes), &chain->facts));
    for (size_t bit = 0; bit < 8 * sizeof(bytes);
         bit += bit < 8 * SNP_REPORT_SIGNED_SIZE ? 1 : loose_step()) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (signature_holds(SPAN_OF_ARRAY(bytes), &chain->facts))
            fail_msg("%s: bit %zu was flipped and not seen", sample->report, bit);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        flips++;
    }
    return flips;
}

static void every_flipped_bit_of_a_report_is_seen(void **state)
{
    size_t samples = 0, flips = 0;

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(snp_samples); i++) {
        if (snp_samples[i].forged)
            continue;
        flips += flip_report(&snp_samples[i]);
        samples++;
    }
    printf("flips: %zu in %zu genuine SNP reports, all refused\n", flips, samples);
    assert_true(samples >= 11);
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
    for (size_t bit = 0; bit < 8 * bytes.len; bit += loose_step()) {
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
    need_vectors();
    flips += flip_certificate("snp/trustee-milan-v2/test-vcek.der", AMD "milan_ask_ark_asvk.pem");
    flips +=
        flip_certificate("snp/virtee-sev-turin-certs/vcek_turin.der", AMD "turin_ask_ark_asvk.pem");
    printf("flips: %zu in 2 genuine certificates, all refused\n", flips);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_bit_of_a_report_is_seen),
        cmocka_unit_test(every_flipped_bit_of_a_certificate_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
