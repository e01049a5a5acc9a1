#include "tests/unit/attest/vectors.h"

#include "lib/attest/policy_members.h"
#include "lib/attest/reference/corim_class.h"

#define FOREVER ((struct corim_period){INT64_MIN, INT64_MAX})

#define HEX32 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX48 "22222222222222222222222222222222" HEX32
#define HEX64 HEX32 HEX32
/* To be lengthened by a byte or more, into other values. */
#define HEX31 "66666666666666666666666666666666666666666666666666666666666666"
#define HEX47 "66666666666666666666666666666666" HEX31

/* Every member of a policy, each with a value of its own. */
static const char full[] =
    "{\"version\":1,\"waive\":[\"crl\",\"pei\"],\"platforms\":[\"snp\",\"tdx\"],"
    "\"manifest_sha256\":\"" HEX32 "\",\"max_manifests\":3,\"config_sha256\":\"" HEX32 "\","
    "\"snp\":{\"measurement\":[\"" HEX48 "\",\"33" HEX47 "\"],"
    "\"report_data\":\"" HEX64 "\",\"host_data\":[\"" HEX32 "\"],\"vmpl\":2,"
    "\"min_tcb\":{\"fmc\":1,\"bl\":2,\"tee\":3,\"snp\":4,\"ucode\":5},"
    "\"min_committed_tcb\":{\"bl\":255,\"fmc\":9,\"tee\":7,\"snp\":8,\"ucode\":0},"
    "\"min_launch_tcb\":{\"snp\":6,\"ucode\":200,\"fmc\":1,\"bl\":1,\"tee\":1},"
    "\"chip_id\":[\"" HEX64
    "\",\"0102030405060708\"],\"csp_id\":[\"CN=cc-us-east-2.amazonaws.com\"],"
    "\"id_key_digest\":[\"" HEX48 "\"],\"author_key_digest\":[\"" HEX48 "\"],"
    "\"require_no_smt\":true,\"require_alias_check\":true,\"require_ciphertext_hiding\":false,"
    "\"min_current_mit_vector\":\"0x000000000000000b\",\"min_launch_mit_vector\":"
    "\"0xffffffffffffffff\"},"
    "\"tdx\":{\"mrtd\":[\"" HEX48 "\"],\"rtmr0\":[\"" HEX48 "\"],\"rtmr1\":[\"" HEX48
    "\",\"44" HEX47 "\"],\"rtmr2\":[\"" HEX48 "\"],\"rtmr3\":[\"" HEX48 "\"],"
    "\"mrconfigid\":[\"" HEX48 "\"],\"mrowner\":[\"" HEX48 "\"],\"mrownerconfig\":[\"" HEX48 "\"],"
    "\"mrseam\":[\"" HEX48 "\"],\"min_tee_tcb_svn\":\"03000400000000000000000000000000\","
    "\"tcb_status\":[\"UpToDate\",\"SWHardeningNeeded\"],\"min_tcb_evaluation_number\":17,"
    "\"allow_advisories\":[\"INTEL-SA-00837\"]},"
    "\"sgx\":{\"mrenclave\":[\"" HEX32 "\"],\"mrsigner\":[\"" HEX32
    "\"],\"tcb_status\":[\"UpToDate\"]},"
    "\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":[\"" HEX32 "\"],\"9\":[\"" HEX32 "\",\"55" HEX31
    "\"]},\"sha384\":{\"0\":[\"" HEX48 "\"]}},\"pei_digests\":[\"" HEX32 "\",\"" HEX48 "\"],"
    "\"initrd_sha256\":[\"" HEX32 "\"],"
    "\"ak_sha256\":[\"" HEX32 "\"],\"ek_roots\":[\"-----BEGIN CERTIFICATE-----\\nMIIB\\n\"],"
    "\"emulated\":true},"
    "\"dice\":{\"required\":true},\"sim\":{\"root\":\"-----BEGIN PUBLIC KEY-----\\nMFkw\\n\"}}";

static struct json *parse(const char *text)
{
    struct json *json = NULL;
    struct err err;

    assert_ok(json_parse(span_of_str(text), &json, &err));
    return json;
}

static void write_corim(const struct json *document, struct buf *out)
{
    struct err err;

    assert_ok(corim_from_policy(document, FOREVER, out, &err));
}

static struct json *read_corim(struct span bytes)
{
    struct json *json = NULL;
    struct corim corim;
    struct cbor doc;
    struct err err;

    assert_ok(cbor_parse(bytes, CBOR_DETERMINISTIC, &doc, &err));
    assert_ok(corim_parse(bytes, &corim, &err));
    assert_true(corim_is_likely(bytes));
    assert_ok(corim_to_policy(&corim, &json, &err));
    return json;
}

static void assert_same(const struct json *a, const struct json *b)
{
    OWNED_BUF left = BUF_OF(MIB), right = BUF_OF(MIB);
    struct err err;

    assert_ok(json_canonical(a, &left, &err));
    assert_ok(json_canonical(b, &right, &err));
    assert_string_equal(buf_str(&left), buf_str(&right));
}

static void a_policy_of_every_member_comes_back_as_it_was(void **state)
{
    OWNED_JSON *document = NULL, *back = NULL;
    OWNED_BUF bytes = BUF_OF(CORIM_MAX), again = BUF_OF(CORIM_MAX);

    (void)state;
    document = parse(full);
    for (const struct policy_member *member = policy_members; member->part != NULL; member++)
        if (policy_member_get(document, member) == NULL)
            fail_msg("the test has no %s.%s", member->part, member->name);
    write_corim(document, &bytes);
    back = read_corim(buf_span(&bytes));
    assert_same(document, back);
    write_corim(back, &again);
    assert_true(span_equal(buf_span(&bytes), buf_span(&again)));
}

static void a_part_that_is_named_and_empty_stays_named(void **state)
{
    OWNED_JSON *document = parse("{\"version\":1,\"snp\":{},\"waive\":null,\"tdx\":{\"mrtd\":[]}}");
    OWNED_JSON *wanted = parse("{\"version\":1,\"snp\":{},\"tdx\":{}}");
    OWNED_BUF bytes = BUF_OF(CORIM_MAX);
    OWNED_JSON *back = NULL;

    (void)state;
    write_corim(document, &bytes);
    back = read_corim(buf_span(&bytes));
    assert_same(wanted, back);
}

static void a_single_value_comes_back_as_a_list_of_one(void **state)
{
    OWNED_JSON *document = parse("{\"version\":1,\"snp\":{\"measurement\":\"" HEX48 "\"},"
                                 "\"vtpm\":{\"pcrs\":{\"sha256\":{\"23\":\"" HEX32 "\"}}}}");
    OWNED_JSON *wanted = parse("{\"version\":1,\"snp\":{\"measurement\":[\"" HEX48 "\"]},"
                               "\"vtpm\":{\"pcrs\":{\"sha256\":{\"23\":[\"" HEX32 "\"]}}}}");
    OWNED_BUF bytes = BUF_OF(CORIM_MAX);
    OWNED_JSON *back = NULL;

    (void)state;
    write_corim(document, &bytes);
    back = read_corim(buf_span(&bytes));
    assert_same(wanted, back);
}

static void policies_that_no_corim_can_say_are_refused(void **state)
{
    static const struct {
        const char *text;
        enum err_kind kind;
    } cases[] = {
        {"{\"version\":1}", ERR_INPUT},
        {"{\"version\":2,\"snp\":{}}", ERR_INPUT},
        {"{\"version\":1,\"snp\":{\"unknown\":1}}", ERR_INPUT},
        {"{\"version\":1,\"snp\":{\"measurement\":\"00\"}}", ERR_INPUT},
        {"{\"version\":1,\"snp\":{\"csp_id\":[\"\"]}}", ERR_INPUT},
        {"{\"version\":1,\"snp\":{\"min_launch_mit_vector\":\"x\"}}", ERR_INPUT},
        {"{\"version\":1,\"vtpm\":{\"pcrs\":{\"sha1\":{\"4\":"
         "\"1111111111111111111111111111111111111111\"}}}}",
         ERR_UNSUPPORTED},
        {"{\"version\":1,\"vtpm\":{\"pei_digests\":[\"1111111111111111111111111111111111111111\"]}"
         "}",
         ERR_UNSUPPORTED},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_JSON *document = parse(cases[i].text);
        OWNED_BUF out = BUF_OF(CORIM_MAX);

        assert_fails(corim_from_policy(document, FOREVER, &out, &err), cases[i].kind);
        assert_int_equal(out.len, 0);
    }
}

/* --- what others may write --- */

static void put(struct cbor_map *values, const char *hex)
{
    OWNED_BUF pair = BUF_OF(256);
    struct err err;

    assert_ok(text_decode_hex(span_of_str(hex), &pair, &err));
    if (pair.len == 0)
        return;
    cbor_map_key_int(values, pair.data[0] < 0x18 ? pair.data[0] : -1 - (pair.data[0] & 0x1f));
    buf_add_span(&values->items, span_of(pair.data + 1, pair.len - 1));
}

static int read_one(const char *part, const char *key, const char *first, const char *second,
                    struct err *ret)
{
    OWNED_CORIM_DRAFT draft = CORIM_DRAFT_NEW;
    const struct corim_about about = {CORIM_POLICY_PROFILE, FOREVER};
    const struct corim_part *row = corim_part_find(part);
    static const uint8_t unknown[CORIM_UUID_SIZE] = {9};
    struct corim_class class = {row != NULL ? row->uuid : unknown, "cocos", "x"};
    OWNED_BUF bytes = BUF_OF(CORIM_MAX);
    OWNED_JSON *json = NULL;
    struct corim corim;
    struct err err;

    for (int i = 0; i < 2; i++) {
        OWNED_CBOR_MAP values = CBOR_MAP_OF(1024);

        put(&values, i == 0 ? first : second);
        if (values.count > 0)
            assert_ok(corim_draft_add(&draft, &class, key, &values, &err));
    }
    assert_ok(corim_write(&draft, &about, &bytes, &err));
    assert_ok(corim_parse(buf_span(&bytes), &corim, &err));
    return corim_to_policy(&corim, &json, ret);
}

#define DIGEST32 "5820" HEX32
#define DIGEST48 "5830" HEX48

static const struct {
    const char *part, *key, *first, *second, *says;
} wrong[] = {
    {"none", "measurement", "02818207" DIGEST48, "", "class that is not known"},
    {"snp", "unknown", "02818207" DIGEST48, "", "'unknown' is no member"},
    {"tdx", "measurement", "02818207" DIGEST48, "", "'measurement' is no member"},
    {"tdx", "rtmr0", "02818207" DIGEST48, "", "'rtmr0' is no member"},
    {"vtpm", "pcrs", "02818207" DIGEST48, "", "expected integrity registers"},
    {"snp", "measurement", "02818207" DIGEST32, "", "expected one digest"},
    {"snp", "measurement", "02818201" DIGEST48, "", "expected one digest"},
    {"snp", "measurement", "0281820a" DIGEST32, "", "expected one digest"},
    {"snp", "measurement", "028182616b" DIGEST48, "", "expected one digest"},
    {"snp", "measurement", "02828207" DIGEST48 "8207" DIGEST48, "", "expected one digest"},
    {"snp", "measurement", "02818201" DIGEST32, "", "/snp/measurement/0"},
    {"snp", "measurement", "0b6161", "", "expected one digest"},
    {"snp", "report_data", "04d902304100", "", "/snp/report_data"},
    {"snp", "report_data", "04d9023040", "", "expected a raw value"},
    {"snp", "report_data",
     "04d90233824100"
     "4100",
     "", "expected a raw value"},
    {"snp", "csp_id", "0b626100", "", "expected a name"},
    {"snp", "vmpl", "0100", "", "expected an exact SVN"},
    {"snp", "vmpl", "01d9022900", "", "expected an exact SVN"},
    {"snp", "vmpl", "01d9022804", "", "/snp/vmpl"},
    {"snp", "vmpl", "01d902281b0000000100000000", "", "expected an exact SVN"},
    {"snp", "min_tcb.bl", "01d9022800", "", "expected a minimum SVN"},
    {"snp", "min_tcb.bl", "01d90229190100", "", "/snp/min_tcb/bl"},
    {"snp", "min_tcb", "01d9022900", "", "'min_tcb' is no member"},
    {"snp", "min_tcb.bl", "01d9022901", "01d9022902", "'min_tcb.bl' is said twice"},
    {"snp", "require_no_smt", "04d902304102", "", "one byte, 0 or 1"},
    {"snp", "min_launch_mit_vector", "04d902304101", "", "8 bytes"},
    {"snp", "accepted", "04d902304100", "", "one byte, 1"},
    {"", "accepted", "04d902304101", "", "one byte, 1"},
    {"vtpm", "ek_roots", "0d81d9022a6161", "", "expected one certificate"},
    {"vtpm", "ek_roots", "0d82d9022b6161d9022b6161", "", "expected one certificate"},
    {"sim", "root", "0d81d9022b6161", "", "expected one key"},
    {"tdx", "rtmrs", "0ea104818207" DIGEST48, "", "no such register"},
    {"tdx", "rtmrs",
     "0ea1616181"
     "8207" DIGEST48,
     "", "no such register"},
    {"tdx", "rtmrs", "0ea100818201" DIGEST32, "", "/tdx/rtmr0/0"},
    {"vtpm", "pcrs", "0ea11818818201" DIGEST32, "", "no such register"},
    {"vtpm", "pcrs", "0ea104818200" DIGEST32, "", "none that is known"},
    {"snp", "measurement", "2000", "", "1 extensions"},
};

static void values_of_the_wrong_form_are_refused(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        if (read_one(wrong[i].part, wrong[i].key, wrong[i].first, wrong[i].second, &err) == 0)
            fail_msg("case %zu was taken", i);
        assert_int_equal(err.kind, ERR_INPUT);
        if (strstr(err.text, wrong[i].says) == NULL && strstr(err.pointer, wrong[i].says) == NULL)
            fail_msg("case %zu: '%s' does not say '%s'", i, err.text, wrong[i].says);
    }
    assert_ok(read_one("snp", "measurement", "02818207" DIGEST48, "02818207" DIGEST48, &err));
    assert_ok(read_one("vtpm", "pcrs",
                       "0ea10481"
                       "8201" DIGEST32,
                       "", &err));
}

static const struct {
    const char *environment, *measurement, *says;
} too_much[] = {
    {"a100a100d82550%s",
     "a2006476"
     "6d706c01a101d9022800",
     NULL},
    {"a100a200d82550%s0300", "a20064766d706c01a101d9022800", "not a class alone"},
    {"a100a200d82550%s0400", "a20064766d706c01a101d9022800", "not a class alone"},
    {"a200a100d82550%s01d902304101", "a20064766d706c01a101d9022800", "not a class alone"},
    {"a101d902304101%.0s", "a20064766d706c01a101d9022800", "not a class alone"},
    {"a100a101616b%.0s", "a20064766d706c01a101d9022800", "class that is not known"},
    {"a100a100d82550%s", "a101a101d9022800", "not the name of a member"},
    {"a100a100d82550%s", "a2000101a101d9022800", "not the name of a member"},
    {"a100a100d82550%s",
     "a200626100"
     "01a101d9022800",
     "not the name of a member"},
    {"a100a100d82550%s", "a20064766d706c01a201d90228000b6161", "more values than one"},
    {"a100a100d82550%s", "a30064766d706c01a101d90228000281d9022a6161", "under a condition"},
};

static void what_says_more_than_a_policy_is_refused(void **state)
{
    /* 501({0: "a", 1: [506(<< {1: {0: "t"}, 4: {0: [[environment, [measurement]]]}} >>)], 3: ...})
     */
    static const char profile[] = "75726e3a636f636f733a636f72696d3a706f6c6963793a31";
    char uuid[2 * CORIM_UUID_SIZE + 1];
    struct err err;

    (void)state;
    text_hex(corim_part_find("snp")->uuid, CORIM_UUID_SIZE, uuid);
    for (size_t i = 0; i < COUNT_OF(too_much); i++) {
        OWNED_BUF hex = BUF_OF(4096), comid = BUF_OF(4096), all = BUF_OF(4096);
        OWNED_JSON *json = NULL;
        struct corim corim;
        char text[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof(text), too_much[i].environment, uuid);
#pragma GCC diagnostic pop
        buf_printf(&hex, "a201a100617404a1008182%s81%s", text, too_much[i].measurement);
        assert_ok(text_decode_hex(buf_span(&hex), &comid, &err));
        buf_reset(&hex);
        buf_printf(&hex,
                   "d901f5a3006161"
                   "0181d901fa58%02zx",
                   comid.len);
        assert_ok(text_decode_hex(buf_span(&hex), &all, &err));
        buf_add_span(&all, buf_span(&comid));
        buf_reset(&hex);
        buf_printf(&hex, "03d8207818%s", profile);
        assert_ok(text_decode_hex(buf_span(&hex), &all, &err));
        assert_ok(corim_parse(buf_span(&all), &corim, &err));
        if (too_much[i].says == NULL) {
            assert_ok(corim_to_policy(&corim, &json, &err));
            continue;
        }
        assert_fails(corim_to_policy(&corim, &json, &err), ERR_INPUT);
        if (strstr(err.text, too_much[i].says) == NULL)
            fail_msg("case %zu: '%s' does not say '%s'", i, err.text, too_much[i].says);
    }
}

static void another_profile_is_no_policy(void **state)
{
    OWNED_CORIM_DRAFT draft = CORIM_DRAFT_NEW;
    OWNED_CBOR_MAP values = CBOR_MAP_OF(64);
    static const uint8_t uuid[CORIM_UUID_SIZE];
    static const char *const profiles[] = {NULL, "urn:cocos:corim:policy:2"};
    struct err err;

    (void)state;
    put(&values, "0b6161");
    assert_ok(corim_draft_add(&draft, &(struct corim_class){uuid, "v", "m"}, "k", &values, &err));
    for (size_t i = 0; i < COUNT_OF(profiles); i++) {
        const struct corim_about about = {profiles[i], FOREVER};
        OWNED_BUF bytes = BUF_OF(CORIM_MAX);
        OWNED_JSON *json = NULL;
        struct corim corim;

        assert_ok(corim_write(&draft, &about, &bytes, &err));
        assert_ok(corim_parse(buf_span(&bytes), &corim, &err));
        assert_fails(corim_to_policy(&corim, &json, &err), ERR_UNSUPPORTED);
    }
}

/* Other tools need the classes, and find them there. */
static void the_page_has_the_class_of_every_part(void **state)
{
    OWNED_BUF page = BUF_OF(MIB);
    struct err err;

    (void)state;
    assert_ok(file_read("docs/policy.md", &page, &err));
    assert_non_null(strstr(buf_str(&page), CORIM_POLICY_PROFILE));
    for (const struct corim_part *part = corim_parts; part->part != NULL; part++) {
        OWNED(free_str) char *row = NULL;
        char hex[2 * CORIM_UUID_SIZE + 1];

        text_hex(part->uuid, CORIM_UUID_SIZE, hex);
        row = mem_printf("| %s | %.8s-%.4s-%.4s-%.4s-%s |",
                         part->part[0] != '\0' ? part->part : "the whole", hex, hex + 8, hex + 12,
                         hex + 16, hex + 20);
        if (strstr(buf_str(&page), row) == NULL)
            fail_msg("docs/policy.md has no '%s'", row);
    }
}

static void texts_are_not_taken_for_a_corim(void **state)
{
    (void)state;
    assert_false(corim_is_likely(span_of_str("")));
    assert_false(corim_is_likely(span_of_str("{\"version\":1}")));
    assert_false(corim_is_likely(span_of_str("\xd9\x01")));
    assert_false(corim_is_likely(span_of_str("\xd9\x01\xf6")));
    assert_true(corim_is_likely(span_of_str("\xd2\x84")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_that_no_corim_can_say_are_refused),
        cmocka_unit_test(values_of_the_wrong_form_are_refused),
        cmocka_unit_test(what_says_more_than_a_policy_is_refused),
        cmocka_unit_test(another_profile_is_no_policy),
        cmocka_unit_test(texts_are_not_taken_for_a_corim),
        cmocka_unit_test(the_page_has_the_class_of_every_part),
        cmocka_unit_test(a_policy_of_every_member_comes_back_as_it_was),
        cmocka_unit_test(a_part_that_is_named_and_empty_stays_named),
        cmocka_unit_test(a_single_value_comes_back_as_a_list_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
