#include "tests/unit/unit.h"

#include "lib/attest/evidence/snp_certs.h"
#include "lib/attest/evidence/snp_report.h"
#include "services/agent-api/attester/attester.h"
#include "tests/fakes/fake_tsm.h"

static uint8_t report[SNP_REPORT_SIZE];
static const uint8_t report_data[SHA512_SIZE] = {9};

static int never(int fd, unsigned long request, void *argument)
{
    (void)fd, (void)request, (void)argument;
    fail_msg("the older interface was asked");
    return -1;
}

static const struct sev_guest_kernel no_device = {"/dev/no-such-device", never};
static const struct attester_places places = {.tsm = &fake_tsm_kernel, .sev_guest = &no_device};

static int begin(void **state)
{
    (void)state;
    fake_tsm_begin();
    memset(report, 'r', sizeof(report));
    fake_tsm.provider = "sev_guest";
    fake_tsm.report = SPAN_OF_ARRAY(report);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_tsm_end();
    return 0;
}

static void another_platform_is_none(void **state)
{
    const struct attester_places nothing = {.tsm = NULL};
    struct err err;

    (void)state;
    assert_fails(attester_snp.probe(&nothing, &err), ERR_NOT_FOUND);
    fake_tsm.provider = "tdx_guest";
    assert_fails(attester_snp.probe(&places, &err), ERR_NOT_FOUND);
    fake_tsm.provider = NULL;
    assert_fails(attester_snp.probe(&places, &err), ERR_NOT_FOUND);
}

static void what_has_not_the_size_of_a_report_is_none(void **state)
{
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    struct err err;

    (void)state;
    fake_tsm.report = span_of(report, SNP_REPORT_SIZE - 1);
    assert_fails(attester_snp.ask(&places, report_data, &answer, &err), ERR_SYSTEM);
}

static void the_report_is_the_item(void **state)
{
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    struct err err;

    (void)state;
    assert_ok(attester_snp.probe(&places, &err));
    assert_ok(attester_snp.ask(&places, report_data, &answer, &err));
    assert_true(span_equal(buf_span(&answer.item), SPAN_OF_ARRAY(report)));
    assert_memory_equal(fake_tsm.asked, report_data, SHA512_SIZE);
}

static void the_hosts_certificates_follow_without_their_padding(void **state)
{
    const struct snp_certs certs = {.cert = {[SNP_CERT_VCEK] = span_of_str("a certificate")}};
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    OWNED_BUF table = BUF_OF(TSM_CERTIFICATE_MAX);
    struct snp_certs read = {0};
    struct span rest;
    size_t bare;
    struct err err;

    (void)state;
    snp_certs_write(&certs, &table);
    bare = table.len;
    memset(buf_grow(&table, 4000), 0, 4000);
    fake_tsm.certificates = buf_span(&table);
    assert_ok(attester_snp.ask(&places, report_data, &answer, &err));
    rest = span_part(buf_span(&answer.item), SNP_REPORT_SIZE, answer.item.len);
    assert_int_equal(rest.len, bare);
    assert_ok(snp_certs_parse(rest, 0, &read, &err));
    assert_true(span_equal(read.cert[SNP_CERT_VCEK], span_of_str("a certificate")));
}

static void what_is_no_table_of_certificates_is_left_out(void **state)
{
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    static const uint8_t zeros[4096];
    struct err err;

    (void)state;
    fake_tsm.certificates = span_of_str("the host says what it likes");
    assert_ok(attester_snp.ask(&places, report_data, &answer, &err));
    assert_int_equal(answer.item.len, SNP_REPORT_SIZE);
    buf_reset(&answer.item);
    fake_tsm.certificates = SPAN_OF_ARRAY(zeros);
    assert_ok(attester_snp.ask(&places, report_data, &answer, &err));
    assert_int_equal(answer.item.len, SNP_REPORT_SIZE);
}

static void an_svsm_that_gives_the_tpm_makes_the_report(void **state)
{
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER, bare = ATTESTER_ANSWER;
    struct attester_places with_tpm = places;
    struct err err;

    (void)state;
    with_tpm.tpm = (struct tpm_device *)report; /* not asked here: it only has to be there */
    assert_ok(attester_snp.ask(&with_tpm, report_data, &bare, &err));
    assert_int_equal(bare.svsm_manifest.len, 0); /* this kernel knows no services */

    fake_tsm.manifest = span_of_str("a manifest");
    assert_ok(attester_snp.ask(&with_tpm, report_data, &answer, &err));
    assert_string_equal(buf_str(&answer.svsm_manifest), "a manifest");
    assert_string_equal(fake_tsm.service, "c476f1eb-0123-45a5-9641-b4e7dde5bfe3");
    assert_memory_equal(fake_tsm.asked, report_data, SHA512_SIZE);
    assert_int_equal(answer.item.len, SNP_REPORT_SIZE);
}

/* Only a kernel that knows of no services is asked without: a report of another level would say
 * less of the TPM, and nobody would see why. */
static void an_svsm_that_fails_is_not_gone_around(void **state)
{
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    struct attester_places with_tpm = places;
    unsigned before = fake_tsm.made;
    struct err err;

    (void)state;
    with_tpm.tpm = (struct tpm_device *)report;
    fake_tsm.manifest = span_of_str("a manifest");
    fake_tsm.report = span_of(NULL, 0);
    assert_fails(attester_snp.ask(&with_tpm, report_data, &answer, &err), ERR_SYSTEM);
    assert_int_equal(fake_tsm.made - before, 2); /* who the provider is, and the report */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(another_platform_is_none),
        TEST(what_has_not_the_size_of_a_report_is_none),
        TEST(the_report_is_the_item),
        TEST(the_hosts_certificates_follow_without_their_padding),
        TEST(what_is_no_table_of_certificates_is_left_out),
        TEST(an_svsm_that_gives_the_tpm_makes_the_report),
        TEST(an_svsm_that_fails_is_not_gone_around),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
