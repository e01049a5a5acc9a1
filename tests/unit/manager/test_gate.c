/* The gate of a fleet, with a program in the place of the verifier that says what the evidence
 * says. */
#include "tests/unit/manager/fleet_world.h"

#include "services/manager-api/link/verifier.h"

static const struct vm_spec plain = {.cpus = 1, .log_level = 1};

/* Prints the evidence as its verdict, and keeps policy and arguments to be looked at. The confined
 * child can write nothing, so they come out with the verdict. */
static const char program[] =
    "#!/bin/sh\n"
    "policy=$(sed 's/\"/\\\\\"/g' \"$6\")\n"
    "printf '{\"asked\":\"%s\",\"policy\":\"%s\",' \"$*\" \"$policy\" && cut -c2- \"${10}\"\n"
    "grep -q '\"result\":\"accepted\"' \"${10}\" || exit 5\n";

#define SERVER   "{\"claims\":{\"transcript\":{\"server\":\"" TEST_STATE_KEY "\"}},"
#define ACCEPTED SERVER "\"result\":\"accepted\",\"findings\":[]}"
#define REJECTED                                                                                   \
    SERVER                                                                                         \
    "\"result\":\"rejected\",\"findings\":[{\"id\":\"tpm.quiet\",\"severity\":\"warning\"},"       \
    "{\"id\":\"tpm.pcr\",\"severity\":\"error\",\"what\":\"PCR 4\",\"expected\":\"aa\","           \
    "\"got\":\"bb\"}]}"

static struct test_world *world_with_verifier(void)
{
    struct test_world *world = world_new();
    static char path[256];
    struct err err;

    snprintf(path, sizeof(path), "%s", in(&world->dir, "verifier"));
    assert_ok(file_replace(path, span_of_str(program), 0755, &err));
    world->verifier = path;
    world_open(world);
    return world;
}

static void put_in_vm(struct test_world *world, const char *id, const char *name, const char *text)
{
    OWNED(free_str) char *path = mem_printf("vms/%s/%s", id, name);

    put(&world->dir, path, text);
}

static struct json *attestation_of(struct test_world *world, const char *id)
{
    struct json *json = NULL;
    struct err err;

    assert_ok(fleet_attestation(world->fleet, &alice, id, &json, &err));
    return json;
}

/* A VM of a shape that the image's record knows, whose agent has spoken. */
static void start(struct test_world *world, char id[static VM_ID_SIZE])
{
    struct err err;

    assert_ok(world_create(world, &alice, &plain, id, &err));
    put_in_vm(world, id, "policy.json", "{\"policy\":{\"version\":1}}");
    world_say(world, id, "ReceivingManifest", 1);
}

static void without_reference_values_a_vm_runs_unchecked(void **state)
{
    WORLD *world = world_with_verifier();
    char id[VM_ID_SIZE];
    OWNED_JSON *json = NULL;
    struct err err;

    (void)state;
    assert_ok(world_create(world, &alice, &plain, id, &err));
    world_say(world, id, "ReceivingManifest", 1);
    world_await(world, id, API_VM_RUNNING);
    json = attestation_of(world, id);
    assert_string_equal(json_get_str(json, "attestation"), "unchecked");
    assert_non_null(strstr(json_get_str(json, "reason"), "reference values"));
}

/* Neither is it called running because something is wrong here. */
static void reference_values_that_cannot_be_read_keep_the_gate_shut(void **state)
{
    static const char *const texts[] = {"", "no JSON", "{}"};
    WORLD *world = world_with_verifier();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        OWNED_JSON *json = NULL;
        char id[VM_ID_SIZE];

        start(world, id);
        put_in_vm(world, id, "policy.json", texts[i]);
        put_in_vm(world, id, "out/evidence.json", ACCEPTED);
        world_await(world, id, API_VM_FAILED);
        json = attestation_of(world, id);
        assert_non_null(strstr(json_get_str(json, "reason"), "cannot be read"));
    }
    assert_false(world_was_told(world, "vm.running"));
}

static void a_vm_is_not_running_before_its_evidence_is_accepted(void **state)
{
    WORLD *world = world_with_verifier();
    OWNED_JSON *json = NULL;
    const struct json *verdict;
    char id[VM_ID_SIZE];
    OWNED_VM vm = {0};
    struct err err;

    (void)state;
    start(world, id);
    world_await(world, id, API_VM_ATTESTING);
    assert_false(world_was_told(world, "vm.running"));
    put_in_vm(world, id, "out/evidence.json", ACCEPTED);
    world_await(world, id, API_VM_RUNNING);
    assert_true(world_was_told(world, "vm.attesting vm.computation vm.attestation vm.running"));
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_int_equal(vm.attestation, API_ACCEPTED);

    json = attestation_of(world, id);
    assert_string_equal(json_get_str(json, "attestation"), "accepted");
    verdict = json_get(json, "verdict");
    assert_non_null(strstr(json_get_str(verdict, "asked"), "--format bundle --policy "));
    assert_non_null(strstr(json_get_str(verdict, "policy"), "config_sha256"));
}

static void wrong_evidence_ends_the_vm_with_the_reason(void **state)
{
    WORLD *world = world_with_verifier();
    OWNED_JSON *json = NULL;
    char id[VM_ID_SIZE];
    OWNED_VM vm = {0};
    struct err err;

    (void)state;
    start(world, id);
    put_in_vm(world, id, "out/evidence.json", REJECTED);
    world_await(world, id, API_VM_FAILED);
    assert_false(world_was_told(world, "vm.running"));
    assert_true(world_was_told(world, "vm.attestation vm.failed"));
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_int_equal(vm.attestation, API_REJECTED);
    assert_string_equal(vm.failure.kind, "attestation");
    assert_string_equal(vm.failure.detail, "tpm.pcr: PCR 4; expected aa, got bb");
    world_until(!fake_find(world->fake, id)->on);
    json = attestation_of(world, id);
    assert_string_equal(json_get_str(json, "attestation"), "rejected");
    assert_int_equal(json_count(json_get(json_get(json, "verdict"), "findings")), 2);
}

static void what_the_agent_could_not_use_is_told(void **state)
{
    WORLD *world = world_with_verifier();
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    start(world, id);
    put_in_vm(world, id, "out/state.json",
              "{\"state\":\"Failed\",\"computation_id\":null,\"failure\":{\"kind\":\"manifest\"},"
              "\"spki_sha256\":\"" TEST_STATE_KEY "\",\"seq\":2,\"pin\":\"" TEST_PIN "\"}");
    put_in_vm(world, id, "out/evidence.json", REJECTED);
    world_await(world, id, API_VM_FAILED);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_non_null(strstr(vm.failure.detail, "could not use the manifest that it was given"));
}

static void what_is_no_evidence_ends_the_vm(void **state)
{
    static const char *const texts[] = {
        "not JSON at all",
        "{\"result\":\"accepted\",\"claims\":{\"transcript\":{\"server\":\"00\"}}}",
        "{\"result\":\"accepted\"}",
    };
    WORLD *world = world_with_verifier();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char id[VM_ID_SIZE];

        start(world, id);
        put_in_vm(world, id, "out/evidence.json", texts[i]);
        world_await(world, id, API_VM_FAILED);
    }
    assert_false(world_was_told(world, "vm.running"));
}

static void a_link_is_no_evidence(void **state)
{
    WORLD *world = world_with_verifier();
    OWNED(free_str) char *name = NULL;
    char id[VM_ID_SIZE];

    (void)state;
    start(world, id);
    put_in_vm(world, id, "elsewhere.json", ACCEPTED);
    name = mem_printf("vms/%s/out/evidence.json", id);
    assert_int_equal(symlink("../elsewhere.json", in(&world->dir, name)), 0);
    world_await(world, id, API_VM_ATTESTING);
    __atomic_add_fetch(&monotonic_shift_ms, 61000, __ATOMIC_SEQ_CST);
    world_await(world, id, API_VM_FAILED);
    assert_false(world_was_told(world, "vm.running"));
}

static void a_guest_that_gives_no_evidence_is_not_waited_for_for_ever(void **state)
{
    WORLD *world = world_with_verifier();
    char id[VM_ID_SIZE];
    OWNED_VM vm = {0};
    struct err err;

    (void)state;
    start(world, id);
    world_await(world, id, API_VM_ATTESTING);
    __atomic_add_fetch(&monotonic_shift_ms, 61000, __ATOMIC_SEQ_CST);
    world_await(world, id, API_VM_FAILED);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_string_equal(vm.failure.detail, "the guest gave no evidence of its boot");
}

static void a_host_that_cannot_look_looks_again(void **state)
{
    WORLD *world = world_with_verifier();
    char id[VM_ID_SIZE], path[256];

    (void)state;
    start(world, id);
    world_await(world, id, API_VM_ATTESTING);
    /* A directory where the copy is to lie: nothing that the guest has done. */
    snprintf(path, sizeof(path), "%s/vms/%s/checked-evidence.json", in(&world->dir, ""), id);
    assert_int_equal(mkdir(path, 0700), 0);
    put_in_vm(world, id, "out/evidence.json", ACCEPTED);
    usleep(500000);
    assert_false(world_was_told(world, "vm.failed"));
    assert_int_equal(rmdir(path), 0);
    world_await(world, id, API_VM_RUNNING);
}

static void a_manager_that_starts_again_looks_again(void **state)
{
    WORLD *world = world_with_verifier();
    char id[VM_ID_SIZE];

    (void)state;
    start(world, id);
    put_in_vm(world, id, "out/evidence.json", ACCEPTED);
    world_await(world, id, API_VM_RUNNING);
    world_close(world);
    world_open(world);
    world_await(world, id, API_VM_RUNNING);
    world_close(world);
    put_in_vm(world, id, "out/evidence.json", REJECTED);
    world_open(world);
    world_await(world, id, API_VM_FAILED);
}

static void anothers_verdict_is_not_shown(void **state)
{
    WORLD *world = world_with_verifier();
    struct json *json = NULL;
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    start(world, id);
    assert_fails(fleet_attestation(world->fleet, &bob, id, &json, &err), ERR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_reference_values_a_vm_runs_unchecked),
        cmocka_unit_test(reference_values_that_cannot_be_read_keep_the_gate_shut),
        cmocka_unit_test(a_vm_is_not_running_before_its_evidence_is_accepted),
        cmocka_unit_test(wrong_evidence_ends_the_vm_with_the_reason),
        cmocka_unit_test(what_the_agent_could_not_use_is_told),
        cmocka_unit_test(what_is_no_evidence_ends_the_vm),
        cmocka_unit_test(a_link_is_no_evidence),
        cmocka_unit_test(a_guest_that_gives_no_evidence_is_not_waited_for_for_ever),
        cmocka_unit_test(a_host_that_cannot_look_looks_again),
        cmocka_unit_test(a_manager_that_starts_again_looks_again),
        cmocka_unit_test(anothers_verdict_is_not_shown),
    };

    if (verifier_is_child(argc, argv))
        return verifier_become(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
