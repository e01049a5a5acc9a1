/* Reports of real machines: each as PROVENANCE.md says. With a bit changed:
 * test_snp_flips.c. */
#include "tests/unit/attest/snp_samples.h"

#include "lib/attest/attest.h"
#include "lib/attest/endorsement/snp_chain.h"
#include "tests/fakes/fake_snp.h"

static bool has_finding(const struct verdict *verdict, const char *id)
{
    for (size_t i = 0; i < verdict->count; i++)
        if (strcmp(finding_row(verdict->findings[i].id)->id, id) == 0)
            return true;
    return false;
}

static void check_sample(const struct snp_sample *sample, const struct policy *policy)
{
    OWNED_SNP_OPENED opened;
    OWNED_BUF text = BUF_OF(1 * MIB);
    OWNED_VERDICT verdict = {0};
    struct attest_input in = {.policy = policy, .now = vectors_time(sample->time)};
    struct err err;
    bool good;

    sample_open(sample, &opened);
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
    for (size_t i = 0; i < COUNT_OF(snp_samples); i++)
        check_sample(&snp_samples[i], policy);
}

/* --- every file, whatever it is called ----------------------------------------------------------
 */

/* One folder of snp/: its certificates and what else is in it. */
struct folder {
    struct span files[32];
    size_t count;
    struct span certs[32];
    size_t cert_count;
};

static struct folder folder;

static void sort_file(const char *name)
{
    struct span bytes = vectors_read(name);
    OWNED_X509_LIST list = {0};
    struct err err;

    assert_true(folder.count < COUNT_OF(folder.files));
    if (strstr(name, "invalid") == NULL && x509_list_parse(bytes, 8, &list, &err) == 0)
        folder.certs[folder.cert_count++] = bytes;
    else if (bytes.len == 2 * SNP_REPORT_SIZE || bytes.len == 2 * SNP_REPORT_SIZE + 1)
        folder.files[folder.count++] = vectors_read_hex(name);
    else
        folder.files[folder.count++] = bytes;
}

/* With the certificates of the folder, and AMD's authorities where it has none. */
static bool is_genuine(struct span report)
{
    struct span chain[COUNT_OF(folder.certs) + 1];

    for (int with = 0; with < 4; with++) {
        static const char *const products[] = {NULL, AMD "milan_ask_ark_asvk.pem",
                                               AMD "genoa_ask_ark_asvk.pem",
                                               AMD "turin_ask_ark_asvk.pem"};
        struct attest_input in = {.format = ATTEST_SNP,
                                  .evidence = report,
                                  .chain = {chain, folder.cert_count},
                                  .now = vectors_time("2026-09-01T00:00:00Z")};
        OWNED_VERDICT verdict = {0};
        struct err err;

        memcpy(chain, folder.certs, sizeof(folder.certs));
        if (products[with] != NULL)
            chain[in.chain.count++] = vectors_read(products[with]);
        assert_ok(attest_validate(&in, &verdict, &err));
        if (verdict_crypto(&verdict) == OUTCOME_PASS)
            return true;
    }
    return false;
}

static void every_report_of_every_folder_is_genuine(void **state)
{
    OWNED(free_str) char *root = mem_printf("%s/snp", need_vectors());
    DIR *stream = opendir(root);
    struct dirent *entry;
    size_t reports = 0;

    (void)state;
    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        OWNED(free_str) char *dir = mem_printf("snp/%s", entry->d_name);

        if (entry->d_name[0] == '.')
            continue;
        folder = (struct folder){.count = 0};
        (void)vector_each(dir, "", sort_file);
        for (size_t i = 0; i < folder.count; i++) {
            if (folder.files[i].len != SNP_REPORT_SIZE)
                continue;
            if (!is_genuine(folder.files[i]))
                fail_msg("a report in %s", dir);
            reports++;
        }
        vectors_done();
    }
    closedir(stream);
    printf("%zu reports, all genuine\n", reports);
    assert_true(reports >= 6);
}

/* Who names a root trusts that root, and AMD no longer. */
static void a_root_of_ones_own_takes_the_place_of_amds(void **state)
{
    struct fake_cert cert = {.subject = "ARK-Milan", .issuer = "ARK-Milan", .not_after = INT32_MAX};
    OWNED_SNP_OPENED opened;
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
    sample_open(&snp_samples[1], &opened);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_goes_as_its_provenance_says),
        cmocka_unit_test(every_report_of_every_folder_is_genuine),
        cmocka_unit_test(a_root_of_ones_own_takes_the_place_of_amds),
        cmocka_unit_test(the_chains_of_all_products_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
