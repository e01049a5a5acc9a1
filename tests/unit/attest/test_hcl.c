#include "tests/unit/attest/vectors.h"

#include "lib/attest/attest.h"
#include "lib/attest/evidence/azure.h"
#include "lib/attest/evidence/hcl.h"

#define RUNTIME                                                                                    \
    "{\"keys\":[{\"kid\":\"HCLEkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"AAAA\"},"             \
    "{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}],"                         \
    "\"vm-configuration\":{\"secure-boot\":true}}"

/* A blob around this runtime data, with this report. */
static void make_blob(struct buf *out, uint32_t type, const char *runtime)
{
    buf_add_str(out, "HCLA");
    memset(buf_grow(out, 28 + 1184), 0x11, 28 + 1184);
    buf_add_le32(out, (uint32_t)strlen(runtime) + 20);
    buf_add_le32(out, 1);
    buf_add_le32(out, type);
    buf_add_le32(out, 1);
    buf_add_le32(out, (uint32_t)strlen(runtime));
    buf_add_str(out, runtime);
}

static void make_runtime(struct buf *out)
{
    OWNED_BUF modulus = BUF_OF(256), text = BUF_OF(512);

    memset(buf_grow(&modulus, 256), 0xc5, 256);
    text_encode_base64url(buf_span(&modulus), &text);
    buf_printf(out, RUNTIME, buf_str(&text));
}

static void a_blob_cut_anywhere_is_refused(void **state)
{
    OWNED_BUF blob = BUF_OF(8 * KIB);
    struct hcl hcl;
    struct err err;

    (void)state;
    make_blob(&blob, HCL_SNP, "{\"a\":1}");
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

        make_blob(&blob, HCL_SNP, "{\"a\":1}");
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
    uint8_t data[64], expected[64] = {0};
    OWNED_KEY *ak = NULL;
    struct hcl hcl;
    struct err err;

    (void)state;
    make_runtime(&runtime);
    make_blob(&blob, HCL_TDX, buf_str(&runtime));
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

        make_blob(&blob, HCL_SNP, bad[i]);
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

/* --- genuine evidence ------------------------------------------------------------------------ */

#define NOW 1750000000 /* June 2025 */

struct azure_case {
    struct buf text, roots[2];
    struct span chain[2];
    struct attest_input in;
    struct policy *policy;
    struct verdict verdict;
};

static void azure_case_done(struct azure_case *a)
{
    buf_done(&a->text);
    buf_done(&a->roots[0]);
    buf_done(&a->roots[1]);
    policy_free(a->policy);
    verdict_done(&a->verdict);
}
#define OWNED_AZURE_CASE __attribute__((cleanup(azure_case_done))) struct azure_case

static void open_case(struct azure_case *a, const char *file, struct span nonce)
{
    static const char policy[] =
        "{\"version\":1,\"waive\":[\"measurement\",\"min_tcb\",\"crl\",\"pei\"],"
        "\"snp\":{},\"vtpm\":{}}";
    struct err err;

    *a =
        (struct azure_case){.text = BUF_OF(1 * MIB), .roots = {BUF_OF(64 * KIB), BUF_OF(64 * KIB)}};
    vector_read(file, &a->text);
    vector_read("snp/amd-roots-trustee/milan_ask_ark_asvk.pem", &a->roots[0]);
    vector_read("snp/amd-roots-trustee/genoa_ask_ark_asvk.pem", &a->roots[1]);
    for (size_t i = 0; i < 2; i++)
        a->chain[i] = buf_span(&a->roots[i]);
    assert_ok(policy_load(span_of_str(policy), &a->policy, &err));
    a->in = (struct attest_input){.evidence = buf_span(&a->text),
                                  .chain = {a->chain, 2},
                                  .nonce = nonce,
                                  .policy = a->policy,
                                  .now = NOW};
}

static bool accepts(struct azure_case *a)
{
    struct err err;

    verdict_done(&a->verdict);
    assert_ok(attest_validate(&a->in, &a->verdict, &err));
    return verdict_accepted(&a->verdict);
}

static bool refused_for(const struct azure_case *a, enum finding_id id)
{
    for (size_t i = 0; i < a->verdict.count; i++)
        if (a->verdict.findings[i].id == id)
            return !verdict_accepted(&a->verdict);
    return false;
}

static void must_accept(struct azure_case *a)
{
    OWNED_BUF text = BUF_OF(256 * KIB);

    if (accepts(a))
        return;
    attest_explain(&a->verdict, &text);
    fail_msg("%s", buf_str(&text));
}

static void genuine_evidence_is_accepted_with_its_nonce(void **state)
{
    static const char *const files[] = {"azure/trustee-az-snp-vtpm/evidence-v0.json",
                                        "azure/trustee-az-snp-vtpm/evidence-v1.json"};

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWNED_AZURE_CASE a;

        open_case(&a, files[i], span_of_str("challenge"));
        must_accept(&a);
        assert_string_equal(
            json_get_str(json_get(json_get(a.verdict.claims, "vtpm"), "ak"), "bound_by"), "report");
        a.in.nonce = span_of_str("challengf");
        assert_false(accepts(&a));
        assert_true(refused_for(&a, FINDING_TPM_CHALLENGE));
        a.in.nonce = span_of(NULL, 0);
        assert_false(accepts(&a));
        assert_true(refused_for(&a, FINDING_FRESHNESS));
    }
}

/* v2 and Genoa: challenges of 48 bytes, which the quote itself tells. */
static void genuine_evidence_with_a_long_nonce_is_accepted(void **state)
{
    static const char *const files[] = {"azure/trustee-az-snp-vtpm/evidence-v2.json",
                                        "azure/trustee-az-snp-vtpm/evidence-genoa.json"};

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWNED_BUF nonce = BUF_OF(64);
        OWNED_AZURE_CASE a;

        open_case(&a, files[i], span_of_str("challenge"));
        assert_false(accepts(&a));
        vector_hex(json_get_str(json_get(a.verdict.claims, "vtpm"), "extra_data"), &nonce);
        assert_int_equal(nonce.len, 48);
        a.in.nonce = buf_span(&nonce);
        must_accept(&a);
        nonce.data[47] ^= 1;
        assert_false(accepts(&a));
    }
}

/* Changes one character of a member's value, `at` characters into it. */
static void change(struct azure_case *a, const char *member, size_t at)
{
    OWNED(free_str) char *key = mem_printf("\"%s\":", member);
    char *value;

    buf_str(&a->text);
    value = strstr((char *)a->text.data, key);
    assert_non_null(value);
    value = strchr(value + strlen(key), '"') + 1 + at;
    *value = *value == 'a' ? 'b' : 'a';
}

static void changed_evidence_is_refused(void **state)
{
    static const struct {
        const char *member;
        size_t at;
        enum finding_id reason;
    } rows[] = {
        {"signature", 100, FINDING_TPM_SIGNATURE},
        {"message", 60, FINDING_TPM_SIGNATURE},
        {"pcrs", 5, FINDING_TPM_REGISTERS},
        {"hcl_report", 1900, FINDING_SNP_REPORT_DATA}, /* within the modulus of the key */
        {"hcl_report", 300, FINDING_SNP_SIGNATURE},    /* within the report */
    };

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_AZURE_CASE a;

        open_case(&a, "azure/trustee-az-snp-vtpm/evidence-v1.json", span_of_str("challenge"));
        change(&a, rows[i].member, rows[i].at);
        assert_false(accepts(&a));
        if (!refused_for(&a, rows[i].reason))
            fail_msg("row %zu is not refused for %s", i, finding_row(rows[i].reason)->id);
    }
}

/* Without its VCEK nothing proves the report, and so nothing the key. */
static void a_report_that_is_not_proven_binds_no_key(void **state)
{
    OWNED_AZURE_CASE a;
    char *vcek;

    (void)state;
    need_vectors();
    open_case(&a, "azure/trustee-az-snp-vtpm/evidence-v1.json", span_of_str("challenge"));
    buf_str(&a.text);
    vcek = strstr((char *)a.text.data, "\"vcek\"");
    memcpy(vcek, "\"none\"", 6);
    assert_false(accepts(&a));
    assert_true(refused_for(&a, FINDING_SNP_VEK_ABSENT));
    assert_true(refused_for(&a, FINDING_TPM_AK_UNBOUND));
}

/* The blob alone: genuine, but from boot; nothing in it answers a challenge. */
static void a_blob_alone_answers_no_challenge(void **state)
{
    OWNED_BUF blob = BUF_OF(8 * KIB), vcek = BUF_OF(64 * KIB);
    struct err err;
    OWNED_AZURE_CASE a;

    (void)state;
    need_vectors();
    open_case(&a, "azure/trustee-az-snp-vtpm/evidence-v1.json", span_of_str("challenge"));
    vector_read("azure/trustee-az-snp-vtpm/hcl-report.bin", &blob);
    vector_read("azure/trustee-az-snp-vtpm/vcek.pem", &vcek);
    a.in.evidence = buf_span(&blob);
    a.in.vek = buf_span(&vcek);
    assert_false(accepts(&a));
    assert_int_equal(verdict_crypto(&a.verdict), OUTCOME_PASS);
    assert_true(refused_for(&a, FINDING_FRESHNESS));
    policy_free(GIVE(a.policy));
    assert_ok(policy_load(span_of_str("{\"version\":1,\"waive\":[\"freshness\",\"measurement\","
                                      "\"min_tcb\",\"crl\"],\"snp\":{}}"),
                          &a.policy, &err));
    a.in.policy = a.policy;
    a.in.nonce = span_of(NULL, 0);
    must_accept(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_cut_anywhere_is_refused),
        cmocka_unit_test(headers_that_cannot_be_are_refused),
        cmocka_unit_test(the_key_is_read),
        cmocka_unit_test(runtime_data_without_one_key_is_refused),
        cmocka_unit_test(odd_evidence_is_refused),
        cmocka_unit_test(genuine_evidence_is_accepted_with_its_nonce),
        cmocka_unit_test(genuine_evidence_with_a_long_nonce_is_accepted),
        cmocka_unit_test(changed_evidence_is_refused),
        cmocka_unit_test(a_report_that_is_not_proven_binds_no_key),
        cmocka_unit_test(a_blob_alone_answers_no_challenge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
