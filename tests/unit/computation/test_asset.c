#include "tests/unit/computation/manifests.h"

#include "lib/computation/asset.h"

static struct manifest *manifest_with_requirements(void)
{
    OWNED_JSON *document = manifest_document("algorithm");

    pin_of("requirements", (struct json *)json_get(document, "algorithm"), "requirements_sha3_256");
    return manifest_of(document);
}

static struct asset *find(struct asset_list *list, enum asset_kind kind, const char *name)
{
    struct asset *asset = NULL;
    struct err err;

    assert_ok(asset_find(list, kind, name, &asset, &err));
    return asset;
}

static void what_is_declared_is_awaited(void **state)
{
    OWNED_MANIFEST *manifest = manifest_with_requirements();
    OWNED_OF(asset_list) *list = asset_list_new(manifest);

    (void)state;
    assert_int_equal(list->count, 4);
    assert_string_equal(find(list, ASSET_DATASET, "b")->name, "b");
    assert_string_equal(find(list, ASSET_ALGORITHM, NULL)->name, "algorithm");
    assert_int_equal(find(list, ASSET_REQUIREMENTS, NULL)->status, ASSET_AWAITED);
    assert_false(asset_list_complete(list, ASSET_KIND_COUNT));
}

static void what_is_not_declared_is_not_found(void **state)
{
    OWNED_JSON *document = manifest_document("algorithm");
    OWNED_MANIFEST *manifest = manifest_of(document);
    OWNED_OF(asset_list) *list = asset_list_new(manifest);
    struct asset *asset;
    struct err err;

    (void)state;
    assert_fails(asset_find(list, ASSET_DATASET, "c", &asset, &err), ERR_NOT_FOUND);
    assert_fails(asset_find(list, ASSET_DATASET, "algorithm", &asset, &err), ERR_NOT_FOUND);
    assert_fails(asset_find(list, ASSET_REQUIREMENTS, NULL, &asset, &err), ERR_NOT_FOUND);
    assert_true(asset_list_complete(list, ASSET_REQUIREMENTS));
}

static void each_is_sent_once_and_by_one(void **state)
{
    OWNED_MANIFEST *manifest = manifest_with_requirements();
    OWNED_OF(asset_list) *list = asset_list_new(manifest);
    struct asset *dataset = find(list, ASSET_DATASET, "a");
    struct err err;

    (void)state;
    assert_ok(asset_check(list, dataset, &err));
    dataset->status = ASSET_ARRIVING;
    assert_fails(asset_check(list, dataset, &err), ERR_STATE);
    dataset->status = ASSET_PRESENT;
    assert_fails(asset_check(list, dataset, &err), ERR_STATE);
    assert_false(asset_list_complete(list, ASSET_DATASET));
    find(list, ASSET_DATASET, "b")->status = ASSET_PRESENT;
    assert_true(asset_list_complete(list, ASSET_DATASET));
}

static void requirements_come_before_the_algorithm(void **state)
{
    OWNED_MANIFEST *manifest = manifest_with_requirements();
    OWNED_OF(asset_list) *list = asset_list_new(manifest);
    struct asset *algorithm = find(list, ASSET_ALGORITHM, NULL);
    struct err err;

    (void)state;
    assert_fails(asset_check(list, algorithm, &err), ERR_STATE);
    find(list, ASSET_REQUIREMENTS, NULL)->status = ASSET_PRESENT;
    assert_ok(asset_check(list, algorithm, &err));
}

static void another_digest_is_told_with_both(void **state)
{
    OWNED_MANIFEST *manifest = manifest_with_requirements();
    OWNED_OF(asset_list) *list = asset_list_new(manifest);
    const struct asset *asset = find(list, ASSET_ALGORITHM, NULL);
    uint8_t digest[DIGEST_SIZE_MAX] = {0};
    char expected[2 * ASSET_PIN_SIZE + 1];
    struct err err;

    (void)state;
    assert_fails(asset_check_pin(asset, digest, &err), ERR_INPUT);
    digest_of(DIGEST_SHA3_256, span_of_str("algorithm"), digest);
    text_hex(digest, ASSET_PIN_SIZE, expected);
    assert_non_null(strstr(err.text, expected));
    assert_non_null(strstr(err.text, "got 00000000"));
    assert_ok(asset_check_pin(asset, digest, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_declared_is_awaited),
        cmocka_unit_test(what_is_not_declared_is_not_found),
        cmocka_unit_test(each_is_sent_once_and_by_one),
        cmocka_unit_test(requirements_come_before_the_algorithm),
        cmocka_unit_test(another_digest_is_told_with_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
