#include "tests/unit/unit.h"

#include "lib/computation/go_manifest.h"

#define HASH                                                                                       \
    "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31]"

static void assert_canonical(const char *text, const char *wanted)
{
    OWNED_JSON *json = NULL;
    OWNED_BUF out = BUF_OF(64 * KIB);
    struct err err;

    assert_ok(json_parse(span_of_str(text), &json, &err));
    assert_true(go_manifest_is(json));
    assert_ok(go_manifest_write(json, &out, &err));
    assert_string_equal(buf_str(&out), wanted);
}

static void assert_refused(const char *text)
{
    OWNED_JSON *json = NULL;
    OWNED_BUF out = BUF_OF(64 * KIB);
    struct err err;

    assert_ok(json_parse(span_of_str(text), &json, &err));
    assert_fails(go_manifest_write(json, &out, &err), ERR_INPUT);
}

static void members_have_their_order_and_empty_ones_are_left_out(void **state)
{
    (void)state;
    assert_canonical(
        "{\"algorithm\": {\"algo_args\": [], \"source\": {\"url\": \"u\", \"encrypted\": "
        "false}, \"user_key\": \"\", \"hash\": " HASH "}, \"unknown\": 1, \"name\": \"\", "
        "\"datasets\": [], \"id\": \"1\", \"description\": null}",
        "{\"id\":\"1\",\"algorithm\":{\"hash\":" HASH ",\"source\":{\"url\":\"u\"}}}");
}

static void text_is_escaped_as_the_older_program_did(void **state)
{
    (void)state;
    assert_canonical(
        "{\"id\": \"<&>\\\"\\\\\\n\\u0001\\u2028\\u00e9\", \"algorithm\": {\"hash\": " HASH "}}",
        "{\"id\":\"\\u003c\\u0026\\u003e\\\"\\\\\\n\\u0001\\u2028\xc3\xa9\","
        "\"algorithm\":{\"hash\":" HASH "}}");
}

static void members_of_the_wrong_type_are_refused(void **state)
{
    (void)state;
    assert_refused("{\"algorithm\": {\"hash\": [1, 2]}}");
    assert_refused("{\"algorithm\": {\"hash\": \"beef\"}}");
    assert_refused("{\"algorithm\": {}}");
    assert_refused("{\"id\": 7, \"algorithm\": {\"hash\": " HASH "}}");
    assert_refused("{\"datasets\": [7]}");
    assert_refused("{\"algorithm\": {\"hash\": " HASH ", \"algo_args\": [1]}}");
    assert_refused(
        "{\"algorithm\": {\"hash\": [256,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,"
        "20,21,22,23,24,25,26,27,28,29,30,31]}}");
}

static void our_own_manifests_are_not_of_that_kind(void **state)
{
    OWNED_JSON *json = NULL;
    struct err err;

    (void)state;
    assert_ok(json_parse(span_of_str("{\"algorithm\": {\"sha3_256\": \"00\"}, \"datasets\": []}"),
                         &json, &err));
    assert_false(go_manifest_is(json));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_have_their_order_and_empty_ones_are_left_out),
        cmocka_unit_test(text_is_escaped_as_the_older_program_did),
        cmocka_unit_test(members_of_the_wrong_type_are_refused),
        cmocka_unit_test(our_own_manifests_are_not_of_that_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
