#include "tests/unit/computation/manifests.h"

/* The document with one member, given by its path, replaced or (NULL) taken out. */
static struct json *with(const char *path, const char *value)
{
    struct json *document = manifest_document("algorithm");
    OWNED_BUF text = BUF_OF(64 * KIB);
    OWNED(free_str) char *copy = mem_strdup(path);
    struct json *at = document, *parsed = NULL;
    char *rest = NULL, *word = strtok_r(copy, "/", &rest), *next;
    struct err err;

    for (next = strtok_r(NULL, "/", &rest); next != NULL;
         word = next, next = strtok_r(NULL, "/", &rest)) {
        struct json *inner = (struct json *)(json_kind_of(at) == JSON_KIND_ARRAY
                                                 ? json_at(at, (size_t)(word[0] - '0'))
                                                 : json_get(at, word));

        if (inner == NULL) {
            json_set(at, word, json_new_object());
            inner = (struct json *)json_get(at, word);
        }
        at = inner;
    }
    buf_printf(&text, "%s", value);
    assert_ok(json_parse(buf_span(&text), &parsed, &err));
    json_set(at, word, parsed);
    return document;
}

static void expect(const char *path, const char *value, enum err_kind kind, const char *pointer)
{
    OWNED_JSON *document = with(path, value);
    struct manifest *manifest = NULL;
    struct err err = {.kind = ERR_NONE};

    if (manifest_decode(document, &manifest, &err) == 0 || err.kind != kind ||
        strcmp(err.pointer, pointer) != 0)
        fail_msg("%s = %.60s: kind %d, pointer '%s', '%s'", path, value, err.kind, err.pointer,
                 err.text);
    assert_null(manifest);
}

static void reads_what_is_there_and_knows_the_defaults(void **state)
{
    OWNED_JSON *document = manifest_document("algorithm");
    OWNED_MANIFEST *manifest = manifest_of(document);
    uint8_t identity[SHA256_SIZE];

    (void)state;
    assert_string_equal(manifest->id, "test-1");
    assert_int_equal(manifest->algorithm.type, ALGORITHM_PYTHON);
    assert_int_equal(manifest->datasets.count, 2);
    assert_string_equal(manifest_dataset(manifest, 1)->filename, "b");
    assert_ptr_equal(manifest_find_dataset(manifest, "b"), manifest_dataset(manifest, 1));
    assert_null(manifest_find_dataset(manifest, "c"));
    assert_int_equal(manifest->run.start, RUN_AUTO);
    assert_int_equal(manifest->run.timeout, 600000);
    assert_int_equal(manifest->run.memory_mib, 512);
    assert_int_equal(manifest->logs.max_bytes, 0);
    assert_false(manifest->algorithm.requirements_sha3_256.present);

    identity_of(CONSUMER, identity);
    assert_true(manifest_party_is(manifest_consumer(manifest, 0), identity));
    identity_of(OWNER, identity);
    assert_false(manifest_party_is(manifest_consumer(manifest, 0), identity));
    assert_true(manifest_party_is(&manifest->owner, identity));
}

static void refuses_with_a_pointer(void **state)
{
    (void)state;
    expect("x", "1", ERR_INPUT, "/x");
    expect("id", "\"\"", ERR_INPUT, "/id");
    expect("id", "\"-x\"", ERR_INPUT, "/id");
    expect("id", "7", ERR_INPUT, "/id");
    expect("owner", "{}", ERR_INPUT, "/owner/key");
    expect("owner/key", "\"no key\"", ERR_INPUT, "/owner/key");
    expect("datasets/1/provider/key", "\"no key\"", ERR_INPUT, "/datasets/1/provider/key");
    expect("datasets/1/filename", "\"a\"", ERR_INPUT, "/datasets/1/filename");
    expect("datasets/0/filename", "\"../x\"", ERR_INPUT, "/datasets/0/filename");
    expect("datasets/0/sha3_256", "\"00\"", ERR_INPUT, "/datasets/0/sha3_256");
    expect("result_consumers", "[]", ERR_INPUT, "/result_consumers");
    expect("result_consumers/0/name", "\"x\"", ERR_INPUT, "/result_consumers/0/name");
    expect("run/timeout", "\"10\"", ERR_INPUT, "/run/timeout");
    expect("run/timeout", "\"31d\"", ERR_INPUT, "/run/timeout");
    expect("run/memory_mib", "15", ERR_INPUT, "/run/memory_mib");
    expect("run/network", "\"all\"", ERR_INPUT, "/run/network");
    expect("run/network", "{\"allow\": [], \"x\": 1}", ERR_INPUT, "/run/network");
    expect("logs/to", "[{\"key\": \"no key\"}]", ERR_INPUT, "/logs/to/0/key");
    expect("logs/max_bytes", "67108865", ERR_INPUT, "/logs/max_bytes");
    expect("algorithm/type", "\"docker\"", ERR_INPUT, "/algorithm/type");
}

static void says_what_is_not_available_yet(void **state)
{
    (void)state;
    expect("algorithm/type", "\"wasm\"", ERR_UNSUPPORTED, "/algorithm/type");
    expect("algorithm/type", "\"oci\"", ERR_UNSUPPORTED, "/algorithm/type");
    expect("datasets/0/source", "{}", ERR_UNSUPPORTED, "/datasets/0/source");
    expect("datasets/0/source", "false", ERR_UNSUPPORTED, "/datasets/0/source");
    expect("result_consumers/0/seal", "true", ERR_INPUT, "/result_consumers/0/key"); /* Ed25519 */
    expect("run/network", "{\"allow\": [\"a:1\"]}", ERR_UNSUPPORTED, "/run/network");
}

static void empty_values_of_those_are_fine(void **state)
{
    const char *const fine[][2] = {
        {"datasets/0/source", "null"},
        {"result_consumers/0/seal", "false"},
        {"run/network", "\"none\""},
        {"legacy", "{\"signatures\": false}"},
        {"datasets/0/decompress", "null"},
        {"algorithm/requirements_sha3_256", "null"},
        {"name", "null"},
        {"logs", "{\"to\": [], \"max_bytes\": 0}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        OWNED_JSON *document = with(fine[i][0], fine[i][1]);
        OWNED_MANIFEST *manifest = manifest_of(document);

        assert_string_equal(manifest->id, "test-1");
    }
}

static void lists_have_their_bounds(void **state)
{
    OWNED_JSON *document = manifest_document("algorithm");
    struct json *datasets = (struct json *)json_get(document, "datasets");
    OWNED_MANIFEST *manifest = NULL;
    char name[16];
    struct err err;

    (void)state;
    for (int i = 0; i < MANIFEST_DATASETS_MAX - 2; i++) {
        snprintf(name, sizeof(name), "d%d", i);
        manifest_add_dataset(datasets, name, "x");
    }
    assert_ok(manifest_decode(document, &manifest, &err));
    assert_int_equal(manifest->datasets.count, MANIFEST_DATASETS_MAX);

    manifest_add_dataset(datasets, "one more", "x");
    manifest_free(GIVE(manifest));
    assert_fails(manifest_decode(document, &manifest, &err), ERR_INPUT);
    assert_string_equal(err.pointer, "/datasets");
}

static void the_same_consumer_twice_is_refused(void **state)
{
    OWNED_JSON *document = manifest_document("algorithm");
    OWNED_MANIFEST *manifest = NULL;
    struct err err;

    (void)state;
    json_add((struct json *)json_get(document, "result_consumers"), party_json(STRANGER));
    assert_ok(manifest_decode(document, &manifest, &err));
    manifest_free(GIVE(manifest));
    json_add((struct json *)json_get(document, "result_consumers"), party_json(CONSUMER));
    assert_fails(manifest_decode(document, &manifest, &err), ERR_INPUT);
    assert_string_equal(err.pointer, "/result_consumers/2/key");
}

/* python3 -c 'import hashlib,json; ...': SHA-256 of {"a":[1,true,null],"b":"\u20ac"} as RFC 8785.
 */
static void the_hash_is_of_the_canonical_form(void **state)
{
    const char *const spellings[] = {
        "{\"a\":[1,true,null],\"b\":\"\xe2\x82\xac\"}",
        " { \"b\" : \"\\u20ac\",\n\"a\" : [ 1 , true , null ] } ",
    };
    char hash[MANIFEST_HASH_SIZE];
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        OWNED_JSON *json = NULL;

        assert_ok(json_parse(span_of_str(spellings[i]), &json, &err));
        assert_ok(manifest_hash(json, hash, &err));
        assert_string_equal(hash,
                            "e2e301e79778a3003332d27ea1c1812e4a78418897e5370d195b28455f28e951");
    }
}

static void a_default_that_is_written_out_is_another_document(void **state)
{
    OWNED_JSON *plain = manifest_document("algorithm");
    OWNED_JSON *written = with("run", "{\"start\": \"auto\"}");
    OWNED_MANIFEST *first = manifest_of(plain);
    OWNED_MANIFEST *second = manifest_of(written);

    (void)state;
    assert_string_not_equal(first->sha256, second->sha256);
    assert_int_equal(first->run.start, second->run.start);
}

static void keys_are_found_by_identity(void **state)
{
    OWNED_JSON *document = manifest_document("algorithm");
    OWNED_MANIFEST *manifest = manifest_of(document);
    char text[KEY_IDENTITY_TEXT_SIZE];

    (void)state;
    for (int party = OWNER; party <= CONSUMER; party++) {
        key_identity_text(party_key((enum party)party), text);
        assert_true(key_equal(manifest_find_key(manifest, text), party_key((enum party)party)));
    }
    key_identity_text(party_key(STRANGER), text);
    assert_null(manifest_find_key(manifest, text));
    assert_null(manifest_find_key(manifest, ""));
}

static void file_names_are_what_can_be_one(void **state)
{
    const char *const good[] = {"a", "a b", "-x", ".x", "\xc3\xbc", "a\\b", "..."};
    const char *const bad[] = {"", ".", "..", "a/b", "/", "a\nb", "\x7f", "\xff", "a\x01"};
    char longest[MANIFEST_FILENAME_MAX + 2];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(manifest_is_filename(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(manifest_is_filename(bad[i]));
    memset(longest, 'x', sizeof(longest));
    longest[MANIFEST_FILENAME_MAX + 1] = '\0';
    assert_false(manifest_is_filename(longest));
    longest[MANIFEST_FILENAME_MAX] = '\0';
    assert_true(manifest_is_filename(longest));
}

static void the_last_owner_frees(void **state)
{
    OWNED_JSON *document = manifest_document("algorithm");
    struct manifest *manifest = manifest_of(document);

    (void)state;
    assert_ptr_equal(manifest_keep(manifest), manifest);
    manifest_free(manifest);
    assert_string_equal(manifest->id, "test-1");
    manifest_free(manifest);
    manifest_free(NULL);
}

static void text_is_parsed_strictly(void **state)
{
    struct manifest *manifest = NULL;
    struct err err;

    (void)state;
    assert_fails(manifest_parse(span_of_str("{"), &manifest, &err), ERR_MALFORMED);
    assert_fails(manifest_parse(span_of_str("{\"id\":\"a\",\"id\":\"a\"}"), &manifest, &err),
                 ERR_INPUT);
    assert_fails(manifest_parse(span_of_str("[]"), &manifest, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_there_and_knows_the_defaults),
        cmocka_unit_test(refuses_with_a_pointer),
        cmocka_unit_test(says_what_is_not_available_yet),
        cmocka_unit_test(empty_values_of_those_are_fine),
        cmocka_unit_test(lists_have_their_bounds),
        cmocka_unit_test(the_same_consumer_twice_is_refused),
        cmocka_unit_test(the_hash_is_of_the_canonical_form),
        cmocka_unit_test(a_default_that_is_written_out_is_another_document),
        cmocka_unit_test(keys_are_found_by_identity),
        cmocka_unit_test(file_names_are_what_can_be_one),
        cmocka_unit_test(the_last_owner_frees),
        cmocka_unit_test(text_is_parsed_strictly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
