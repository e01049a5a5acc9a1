#include "tests/unit/attest/vectors.h"

#include "lib/attest/reference/corim_show.h"
#include "lib/attest/reference/corim_write.h"

static const uint8_t uuid[CORIM_UUID_SIZE] = {0xab};

static void add(struct corim_draft *draft, const char *key, const char *hex)
{
    OWNED_CBOR_MAP values = CBOR_MAP_OF(1024);
    OWNED_BUF pair = BUF_OF(256);
    struct err err;

    assert_ok(text_decode_hex(span_of_str(hex), &pair, &err));
    cbor_map_key_int(&values, pair.data[0]);
    buf_add_span(&values.items, span_of(pair.data + 1, pair.len - 1));
    assert_ok(corim_draft_add(draft, &(struct corim_class){uuid, "ACME", "RoadRunner"}, key,
                              &values, &err));
}

static void every_kind_of_value_is_shown(void **state)
{
    static const struct {
        const char *hex, *wanted;
    } cases[] = {
        {"0b6161", "\"name\":\"a\""},
        {"0b6109", "\"name\":\"\\\\x09\""},
        {"0107", "\"svn\":7"},
        {"01d9022807", "\"svn\":7"},
        {"01d9022907", "\"min_svn\":7"},
        {"02818207420102", "\"digests\":[{\"alg\":7,\"value\":\"0102\"}]"},
        {"028182616b420102", "\"digests\":[{\"alg\":\"k\",\"value\":\"0102\"}]"},
        {"04d902304103", "\"raw\":\"03\""},
        {"04d902338241034104", "\"raw\":\"03\""},
        {"0ea1048182014105", "\"registers\":{\"4\":[{\"alg\":1,\"value\":\"05\"}]}"},
        {"0ea161788182014105", "\"registers\":{\"x\":[{\"alg\":1,\"value\":\"05\"}]}"},
        {"00a10061"
         "31",
         "\"version\":\"1\""},
        {"03a103f5", "\"more\":1"},
    };
    OWNED_CORIM_DRAFT draft = CORIM_DRAFT_NEW;
    const struct corim_about about = {"urn:x", {1000, 2000}};
    OWNED_BUF bytes = BUF_OF(CORIM_MAX);
    OWNED_JSON *json = NULL;
    struct corim corim;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        add(&draft, "key", cases[i].hex);
    assert_ok(corim_write(&draft, &about, &bytes, &err));
    assert_ok(corim_parse(buf_span(&bytes), &corim, &err));
    json = corim_show(&corim);
    assert_string_equal(json_get_str(json, "profile"), "urn:x");
    assert_string_equal(json_get_str(json, "valid_from"), "1970-01-01T00:16:40Z");
    assert_string_equal(json_get_str(json, "valid_until"), "1970-01-01T00:33:20Z");
    assert_null(json_get(json, "signer"));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_BUF text = BUF_OF(4096);
        OWNED(free_str)
        char *wanted =
            mem_printf("{\"class\":\"ab000000000000000000000000000000\",\"vendor\":\"ACME\","
                       "\"model\":\"RoadRunner\",\"key\":\"key\",%s}",
                       cases[i].wanted);

        json_write(json_at(json_get(json, "references"), i), &text);
        assert_string_equal(buf_str(&text), wanted);
    }
}

static void a_corim_of_others_is_shown(void **state)
{
    struct span bytes;
    OWNED_JSON *json = NULL;
    const struct json *reference;
    struct corim corim;
    struct err err;

    (void)state;
    (void)need_vectors();
    bytes = vectors_read("corim/corim-testcases/testcases/signed-corim-with-extensions.cbor");
    assert_ok(corim_parse(bytes, &corim, &err));
    json = corim_show(&corim);
    assert_string_equal(json_get_str(json, "id"), "test corim id");
    assert_string_equal(json_get_str(json, "signer"), "ACME Ltd signing key");
    assert_true(json_get_bool(json, "signed"));
    assert_int_equal(json_get_int(json, "extensions"), 5);
    assert_int_equal(json_count(json_get(json, "references")), 3);
    reference = json_at(json_get(json, "references"), 0);
    assert_string_equal(json_get_str(reference, "model"), "RoadRunner");
    assert_int_equal(json_get_int(reference, "more"), 1);
    vectors_done();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_shown),
        cmocka_unit_test(a_corim_of_others_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
