#include "tests/unit/computation/manifests.h"

#include "services/agent-api/story.h"

/* The events of a computation of this manifest, as the engine tells them. */
static void begin(struct story *story, const struct manifest *manifest)
{
    struct json *data = json_new_object();

    json_set_str(data, "manifest_sha256", manifest->sha256);
    story_add(story, 1, "manifest", manifest->id, data);
}

static void move(struct story *story, const struct manifest *manifest, const char *to)
{
    struct json *data = json_new_object();

    json_set_str(data, "to", to);
    story_add(story, 1, "state", manifest->id, data);
}

static struct manifest *manifest_of_owner(enum party owner)
{
    OWNED_JSON *document = manifest_document("x");

    json_set(document, "owner", party_json(owner));
    return manifest_of(document);
}

/* How many events there are, and what comes after them. */
static int count(struct story *story, const struct manifest *manifest, uint64_t before,
                 int *ret_count)
{
    OWNED_BUF out = BUF_OF(64 * KIB);
    uint64_t id = before;
    int result;

    for (*ret_count = 0; (result = story_next(story, manifest, before, &id, &out)) == 1;)
        ++*ret_count;
    return result;
}

static void who_was_admitted_to_one_computation_reads_no_other(void **state)
{
    OWNED_OF(story) *story = story_new(100, 0);
    OWNED_MANIFEST *first = manifest_of_owner(OWNER), *second = manifest_of_owner(CONSUMER);
    uint64_t before, later;
    struct err err;
    int events;

    (void)state;
    assert_string_equal(first->id, second->id); /* what tells them apart is not their id */
    assert_fails(story_find(story, first, &before, &err), ERR_STATE);
    begin(story, first);
    assert_ok(story_find(story, first, &before, &err));
    move(story, first, "ReceivingManifest");
    assert_ok(story_find(story, first, &later, &err)); /* until another begins */

    begin(story, second);
    move(story, second, "ReceivingAlgorithm");
    assert_fails(story_find(story, first, &later, &err), ERR_STATE);
    assert_int_equal(count(story, first, before, &events), -1);
    assert_int_equal(events, 0);
    assert_ok(story_find(story, second, &later, &err));
    assert_int_equal(count(story, first, later, &events), -1); /* not even with its place */
    assert_int_equal(events, 0);
    assert_int_equal(count(story, second, later, &events), 0);
    assert_int_equal(events, 2);
}

static void a_computation_ends_with_its_last_event(void **state)
{
    OWNED_OF(story) *story = story_new(100, 0);
    OWNED_MANIFEST *manifest = manifest_of_owner(OWNER);
    uint64_t before;
    struct err err;
    int events;

    (void)state;
    move(story, manifest, "ReceivingManifest"); /* at the start of the agent */
    begin(story, manifest);
    assert_ok(story_find(story, manifest, &before, &err));
    assert_int_equal(before, 1);
    assert_int_equal(count(story, manifest, before, &events), 0);
    assert_int_equal(events, 1);
    move(story, manifest, "ReceivingManifest");
    assert_int_equal(count(story, manifest, before, &events), -1);
    assert_int_equal(events, 2);
}

static void the_same_manifest_again_is_another_computation(void **state)
{
    OWNED_OF(story) *story = story_new(100, 0);
    OWNED_MANIFEST *manifest = manifest_of_owner(OWNER);
    uint64_t first, second;
    struct err err;
    int events;

    (void)state;
    begin(story, manifest);
    assert_ok(story_find(story, manifest, &first, &err));
    move(story, manifest, "ReceivingManifest");
    begin(story, manifest);
    assert_ok(story_find(story, manifest, &second, &err));
    assert_int_equal(count(story, manifest, first, &events), -1);
    assert_int_equal(events, 0);
    assert_int_equal(count(story, manifest, second, &events), 0);
    assert_int_equal(events, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_admitted_to_one_computation_reads_no_other),
        cmocka_unit_test(a_computation_ends_with_its_last_event),
        cmocka_unit_test(the_same_manifest_again_is_another_computation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
