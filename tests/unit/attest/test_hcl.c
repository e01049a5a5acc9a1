#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/azure.h"
#include "lib/attest/evidence/hcl.h"
#include "tests/unit/attest/hcl_make.h"

static void a_blob_cut_anywhere_is_refused(void **state)
{
    OWNED_BUF blob = BUF_OF(8 * KIB);
    struct hcl hcl;
    struct err err;

    (void)state;
    make_blob(&blob, HCL_SNP, "{\"a\":1}", NULL);
    for (size_t len = 0; len < blob.len; len++) {
        uint8_t *cut = (uint8_t *)mem_copy(blob.data, len);

        assert_fails(hcl_parse(span_of(cut, len), &hcl, &err), ERR_INPUT);
        free(cut);
    }
    assert_ok(hcl_parse(buf_span(&blob), &hcl, &err));
    memset(buf_grow(&blob, 100), 0, 100);
    assert_ok(hcl_parse(buf_span(&blob), &hcl, &err));
    blob.data[blob.len - 1] = 1;
    assert_fails(hcl_parse(buf_span(&blob), &hcl, &err), ERR_INPUT);
}

static void headers_that_cannot_be_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
        const char *why;
    } rows[] = {
        {0, 'h', "HCLA"},
        {1216, 0, "runtime data of"},
        {1216 + 3, 0xff, "runtime"},
        {1220, 2, "version 2"},
        {1224, 3, "type 3"},
        {1228, 2, "algorithm 2"},
        {1232, 8, "runtime data"},
        {1232 + 3, 0x80, "runtime data"},
    };
    struct hcl hcl;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF blob = BUF_OF(8 * KIB);

        make_blob(&blob, HCL_SNP, "{\"a\":1}", NULL);
        blob.data[rows[i].at] = rows[i].byte;
        assert_fails(hcl_parse(buf_span(&blob), &hcl, &err), ERR_INPUT);
        if (strstr(err.text, rows[i].why) == NULL)
            fail_msg("row %zu: %s", i, err.text);
    }
}

static void the_key_is_read(void **state)
{
    OWNED_BUF runtime = BUF_OF(4 * KIB), blob = BUF_OF(8 * KIB);
    OWNED_JSON *config = NULL;
    uint8_t data[64], expected[64] = {0}, modulus[256];
    OWNED_KEY *ak = NULL;
    struct hcl hcl;
    struct err err;

    (void)state;
    memset(modulus, 0xc5, sizeof(modulus));
    make_runtime(&runtime, SPAN_OF_ARRAY(modulus));
    make_blob(&blob, HCL_TDX, buf_str(&runtime), NULL);
    assert_ok(hcl_parse(buf_span(&blob), &hcl, &err));
    assert_int_equal(hcl.report.len, 1024);
    assert_ok(hcl_read_runtime(&hcl, &ak, &config, &err));
    assert_int_equal(key_type_of(ak), KEY_RSA);
    assert_true(json_get_bool(config, "secure-boot"));
    hcl_report_data(&hcl, data);
    digest_of(DIGEST_SHA256, buf_span(&runtime), expected);
    assert_memory_equal(data, expected, sizeof(data));
}

static void runtime_data_without_one_key_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"keys\":[]}",
        "{\"keys\":[{\"kid\":\"HCLEkPub\"}]}",
        "{\"keys\":[{\"kid\":\"HCLAkPub\"}]}",
        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"EC\"}]}",
        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"n\":\"!\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kid\":\"HCLAkPub\"},{\"kid\":\"HCLAkPub\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        OWNED_BUF blob = BUF_OF(8 * KIB);
        struct key *ak = NULL;
        struct hcl hcl;
        struct err err;

        make_blob(&blob, HCL_SNP, bad[i], NULL);
        assert_ok(hcl_parse(buf_span(&blob), &hcl, &err));
        assert_int_equal(hcl_read_runtime(&hcl, &ak, NULL, &err), -1);
        assert_null(ak);
    }
}

static void odd_evidence_is_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"tpm_quote\":{\"message\":\"00\",\"pcrs\":[],\"signature\":1},\"hcl_report\":\"\"}",
        "{\"tpm_quote\":{\"message\":\"zz\",\"pcrs\":[],\"signature\":\"00\"},\"hcl_report\":\"\"}",
        "{\"tpm_quote\":{\"message\":[256],\"pcrs\":[],\"signature\":\"00\"},\"hcl_report\":\"\"}",
        "{\"tpm_quote\":{\"message\":[-1],\"pcrs\":[],\"signature\":\"00\"},\"hcl_report\":\"\"}",
        "{\"tpm_quote\":{\"message\":[1],\"pcrs\":[\"00\"],\"signature\":\"00\"},\"hcl_report\":"
        "\"\"}",
        "{\"tpm_quote\":{\"message\":[1],\"pcrs\":[],\"signature\":\"00\"},\"hcl_report\":\"+\"}",
        "{\"tpm_quote\":{\"message\":[1],\"pcrs\":[],\"signature\":\"00\"},\"hcl_report\":\"\","
        "\"vcek\":1}",
    };
    struct azure_evidence evidence;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(azure_evidence_parse(span_of_str(bad[i]), &evidence, &err), -1);
}

static void check_genuine(const char *name)
{
    OWNED_BUF blob = BUF_OF(8 * KIB);
    uint8_t demand[HCL_REPORT_DATA_SIZE];
    OWNED_KEY *ak = NULL;
    struct hcl hcl;
    struct err err;

    vector_read(name, &blob);
    assert_ok(hcl_parse(buf_span(&blob), &hcl, &err));
    assert_ok(hcl_read_runtime(&hcl, &ak, NULL, &err));
    hcl_report_data(&hcl, demand);
    /* Report data stands at byte 0x50 of an SNP report, and at 128 of a TDREPORT. */
    assert_true(span_equal(SPAN_OF_ARRAY(demand),
                           span_part(hcl.report, hcl.hardware == HCL_SNP ? 0x50 : 128, 64)));
}

static void genuine_blobs_hash_to_their_report_data(void **state)
{
    (void)state;
    need_vectors();
    check_genuine("azure/azure-cvm-tooling-snp/hcl-report-snp.bin");
    check_genuine("azure/trustee-az-snp-vtpm/hcl-report.bin");
    check_genuine("azure/trustee-az-tdx-vtpm/hcl-report.bin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_cut_anywhere_is_refused),
        cmocka_unit_test(headers_that_cannot_be_are_refused),
        cmocka_unit_test(the_key_is_read),
        cmocka_unit_test(runtime_data_without_one_key_is_refused),
        cmocka_unit_test(odd_evidence_is_refused),
        cmocka_unit_test(genuine_blobs_hash_to_their_report_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
