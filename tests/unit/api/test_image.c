#include "tests/unit/unit.h"

#include "lib/api/image.h"
#include "lib/crypto/digest.h"

#define FILE_OF(name) "{\"file\":\"" name "\",\"sha256\":\"%s\",\"bytes\":3,\"more\":1}"

/* A record with its firmware's file name and members of its own at the end. */
static struct json *record_of(const char *firmware, const char *more)
{
    OWNED_BUF text = BUF_OF(64 * KIB);
    struct json *json = NULL;
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    struct err err;

    digest_of(DIGEST_SHA256, span_of_str("quiet"), digest);
    text_hex(digest, sizeof(digest), hex);
    buf_printf(&text,
               "{\"version\":1,\"name\":\"eos\",\"eos_version\":\"0.1\",\"debug\":false,"
               "\"kernel\":" FILE_OF("k") ",\"initrd\":" FILE_OF(
                   "i") ","
                        "\"firmware\":{\"file\":\"%s\",\"sha256\":\"%s\",\"bytes\":3},"
                        "\"cmdline\":{\"text\":\"quiet\",\"sha256\":\"%s\"},"
                        "\"min_memory_mib\":256,\"default_memory_mib\":512%s}",
               hex, hex, firmware, hex, hex, more);
    assert_ok(json_parse(buf_span(&text), &json, &err));
    return json;
}

static void a_record_is_read_and_what_is_not_known_left_aside(void **state)
{
    OWNED_JSON *json = record_of("OVMF_CODE.fd", ",\"pcrs\":{\"4\":[1,2.5]},\"packages\":[\"x\"]");
    OWNED_IMAGE_RECORD record = {0};
    struct err err;

    (void)state;
    assert_ok(image_record_decode(json, &record, &err));
    assert_string_equal(record.firmware.file, "OVMF_CODE.fd");
    assert_string_equal(record.cmdline.text, "quiet");
    assert_int_equal(record.default_memory_mib, 512);
    assert_false(record.python);
}

static void a_file_lies_beside_its_record(void **state)
{
    static const char *const paths[] = {"../x", "/x", "a/b", ".x", "-x", "a b", ""};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        OWNED_JSON *json = record_of(paths[i], "");
        OWNED_IMAGE_RECORD record = {0};

        assert_fails(image_record_decode(json, &record, &err), ERR_INPUT);
        assert_string_equal(err.pointer, "/firmware/file");
    }
}

static void a_protection_that_protects_nothing_is_refused(void **state)
{
    static const struct {
        const char *launch, *pointer;
    } bad[] = {
        {"{\"snp\":{\"policy\":720896}}", "/launch/snp/policy"}, /* 0xb0000: debug */
        {"{\"tdx\":{\"policy\":1}}", "/launch/tdx/policy"},
        {"{\"snp\":{\"policy\":0}}", "/launch/snp/policy"},
        {"{\"snp\":{\"id_block\":\"AAAA\"}}", "/launch/snp/id_block"},
        {"{\"snp\":{\"igvm\":{\"file\":\"../x\",\"sha256\":"
         "\"8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a\",\"bytes\":1}}}",
         "/launch/snp"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        OWNED(free_str) char *more = mem_printf(",\"launch\":%s", bad[i].launch);
        OWNED_JSON *json = record_of("f", more);
        OWNED_IMAGE_RECORD record = {0};

        assert_fails(image_record_decode(json, &record, &err), ERR_INPUT);
        assert_string_equal(err.pointer, bad[i].pointer);
    }
}

static void what_is_no_object_is_no_record(void **state)
{
    OWNED_JSON *json = json_new_array();
    OWNED_IMAGE_RECORD record = {0};
    struct err err;

    (void)state;
    assert_fails(image_record_decode(json, &record, &err), ERR_INPUT);
    assert_fails(image_record_decode(NULL, &record, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_and_what_is_not_known_left_aside),
        cmocka_unit_test(a_file_lies_beside_its_record),
        cmocka_unit_test(a_protection_that_protects_nothing_is_refused),
        cmocka_unit_test(what_is_no_object_is_no_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
