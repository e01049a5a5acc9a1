/* The gate of a fleet, with a program in the place of the verifier that says what the evidence
 * says. */
#include "tests/unit/manager/fleet_world.h"

#include "services/manager-api/link/verifier.h"

static const struct vm_spec plain = {.cpus = 1, .log_level = 1};

/* Prints the evidence as its verdict, and keeps policy and arguments to be looked at. The confined
 * child can write nothing, so they come out with the verdict; it can start nothing either, so that
 * no shell would do. */
static const char program[] = "#!/usr/bin/python3 -ISB\n"
                              "import json, sys, time\n"
                              "policy, evidence = (open(sys.argv[at]).read() for at in (6, 10))\n"
                              "if 'slow' in evidence:\n"
                              "    time.sleep(1)\n"
                              "kept = {'asked': ' '.join(sys.argv[1:]), 'policy': policy}\n"
                              "print(json.dumps(kept)[:-1] + ',' + evidence[1:])\n"
                              "sys.exit(0 if '\"result\":\"accepted\"' in evidence else 5)\n";

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

/* Also where the record has no values for the shape, and no evidence is waited for. */
static void guest_that_was_made_from_another_igvm_file_never_runs(void **state)
{
    WORLD *world = world_with_verifier();
    char id[VM_ID_SIZE];
    OWNED_VM vm = {0};
    struct err err;

    (void)state;
    assert_ok(world_create(world, &alice, &plain, id, &err));
    put_in_vm(world, id, "out/state.json",
              "{\"state\":\"Failed\",\"spki_sha256\":\"" TEST_STATE_KEY "\",\"pin\":\"" TEST_PIN
              "\",\"seq\":1,\"failure\":{\"kind\":\"launch\"}}");
    world_await(world, id, API_VM_FAILED);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_int_equal(vm.attestation, API_REJECTED);
    assert_string_equal(vm.failure.kind, "attestation");
    assert_non_null(strstr(vm.failure.detail, "IGVM"));
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
    char id[VM_ID_SIZE], path[256], away[272];
    struct err err;

    (void)state;
    start(world, id);
    world_await(world, id, API_VM_ATTESTING);
    /* Our own half of the share is not to be had: nothing that the guest has done. */
    snprintf(path, sizeof(path), "%s/vms/%s/in", in(&world->dir, ""), id);
    snprintf(away, sizeof(away), "%s.away", path);
    assert_int_equal(rename(path, away), 0);
    assert_ok(file_create(path, span_of_str(""), 0600, &err));
    put_in_vm(world, id, "out/evidence.json", ACCEPTED);
    usleep(500000);
    assert_false(world_was_told(world, "vm.failed"));
    assert_int_equal(rename(path, in(&world->dir, "nothing")), 0);
    assert_int_equal(rename(away, path), 0);
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

/* --- a key that changes --- */

#define OTHER_KEY "1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER_PIN "sha256//ERERERERERERERERERERERERERERERERERERERERERE="

#define OF_OTHER          "{\"claims\":{\"transcript\":{\"server\":\"" OTHER_KEY "\"}},"
#define ACCEPTED_OF_OTHER OF_OTHER "\"result\":\"accepted\",\"findings\":[]}"
#define SLOWLY_ACCEPTED   SERVER "\"result\":\"accepted\",\"slow\":1,\"findings\":[]}"
#define SLOWLY_REJECTED   SERVER "\"result\":\"rejected\",\"slow\":1,\"findings\":[]}"
#define REJECTED_OF_OTHER                                                                          \
    OF_OTHER "\"result\":\"rejected\",\"findings\":[{\"id\":\"tpm.pcr\",\"severity\":\"error\","   \
             "\"what\":\"PCR 15\",\"expected\":\"aa\",\"got\":\"bb\"}]}"

static void say_other_key(struct test_world *world, const char *id)
{
    put_in_vm(world, id, "out/state.json",
              "{\"state\":\"ReceivingData\",\"computation_id\":\"c-2\",\"spki_sha256\":\"" OTHER_KEY
              "\",\"seq\":9,\"pin\":\"" OTHER_PIN "\"}");
}

static void assert_pin(struct test_world *world, const char *id, const char *pin)
{
    OWNED_VM vm = {0};
    struct err err;

    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    if (pin == NULL)
        assert_null(vm.agent_pin);
    else
        assert_string_equal(vm.agent_pin, pin);
    assert_int_equal(vm.attestation, pin == NULL ? API_UNCHECKED : API_ACCEPTED);
}

static void a_key_is_not_told_before_its_evidence_is_accepted(void **state)
{
    WORLD *world = world_with_verifier();
    char id[VM_ID_SIZE];

    (void)state;
    start(world, id);
    world_await(world, id, API_VM_ATTESTING);
    assert_pin(world, id, NULL);
    put_in_vm(world, id, "out/evidence.json", ACCEPTED);
    world_await(world, id, API_VM_RUNNING);
    assert_pin(world, id, TEST_PIN);
}

static void a_new_key_closes_the_gate_until_its_evidence_is_accepted(void **state)
{
    WORLD *world = world_with_verifier();
    OWNED_JSON *closed = NULL, *open = NULL;
    char id[VM_ID_SIZE];

    (void)state;
    start(world, id);
    put_in_vm(world, id, "out/evidence.json", ACCEPTED);
    world_await(world, id, API_VM_RUNNING);
    say_other_key(world, id);
    world_await(world, id, API_VM_ATTESTING);
    assert_pin(world, id, NULL);
    assert_true(world_was_told(world, "vm.running vm.computation vm.attesting"));
    closed = attestation_of(world, id);
    assert_string_equal(json_get_str(closed, "attestation"), "unchecked");
    assert_non_null(strstr(json_get_str(closed, "reason"), "another key"));
    assert_int_equal(json_kind_of(json_get(closed, "verdict")), JSON_KIND_NULL);

    usleep(1500000); /* the old evidence is of the old key, however often one looks */
    assert_int_equal(world_state(world, id), API_VM_ATTESTING);
    put_in_vm(world, id, "out/evidence.json", ACCEPTED_OF_OTHER);
    world_await(world, id, API_VM_RUNNING);
    assert_pin(world, id, OTHER_PIN);
    open = attestation_of(world, id);
    assert_string_equal(json_get_str(open, "attestation"), "accepted");
    assert_non_null(
        strstr(json_get_str(json_get(open, "verdict"), "policy"), "\"max_manifests\":1000000"));
}

static void evidence_may_come_before_the_key_that_it_is_of(void **state)
{
    WORLD *world = world_with_verifier();
    char id[VM_ID_SIZE];

    (void)state;
    start(world, id);
    put_in_vm(world, id, "out/evidence.json", ACCEPTED_OF_OTHER);
    world_await(world, id, API_VM_ATTESTING);
    usleep(500000);
    assert_int_equal(world_state(world, id), API_VM_ATTESTING);
    say_other_key(world, id);
    world_await(world, id, API_VM_RUNNING);
    assert_pin(world, id, OTHER_PIN);
}

static void a_new_key_with_wrong_evidence_ends_the_vm(void **state)
{
    WORLD *world = world_with_verifier();
    char id[VM_ID_SIZE];
    OWNED_VM vm = {0};
    struct err err;

    (void)state;
    start(world, id);
    put_in_vm(world, id, "out/evidence.json", ACCEPTED);
    world_await(world, id, API_VM_RUNNING);
    put_in_vm(world, id, "out/evidence.json", REJECTED_OF_OTHER);
    say_other_key(world, id);
    world_await(world, id, API_VM_FAILED);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_null(vm.agent_pin);
    assert_string_equal(vm.failure.detail, "tpm.pcr: PCR 15; expected aa, got bb");
}

static void a_new_key_without_evidence_ends_the_vm(void **state)
{
    WORLD *world = world_with_verifier();
    OWNED_JSON *json = NULL, *later = NULL;
    char id[VM_ID_SIZE];

    (void)state;
    start(world, id);
    put_in_vm(world, id, "out/evidence.json", ACCEPTED);
    world_await(world, id, API_VM_RUNNING);
    say_other_key(world, id);
    world_await(world, id, API_VM_ATTESTING);
    usleep(1500000);
    __atomic_add_fetch(&monotonic_shift_ms, 61000, __ATOMIC_SEQ_CST);
    world_await(world, id, API_VM_FAILED);
    json = attestation_of(world, id);
    assert_string_equal(json_get_str(json, "attestation"), "rejected");
    assert_non_null(strstr(json_get_str(json, "reason"), "gave no evidence of it"));
    world_until(!fake_find(world->fake, id)->on);
    world_close(world);
    world_open(world);
    later = attestation_of(world, id);
    assert_string_equal(json_get_str(later, "attestation"), "rejected");
    assert_string_equal(json_get_str(later, "reason"), json_get_str(json, "reason"));
}

/* The key changes while the evidence of the one before is looked at. */
static void a_verdict_is_of_the_key_that_was_said_when_it_was_asked_for(void **state)
{
    WORLD *world = world_with_verifier();
    OWNED(free_str) char *name = NULL;
    char id[VM_ID_SIZE];

    (void)state;
    start(world, id);
    put_in_vm(world, id, "out/evidence.json", SLOWLY_ACCEPTED);
    world_await(world, id, API_VM_ATTESTING);
    usleep(300000);
    say_other_key(world, id);
    usleep(2500000);
    assert_false(world_was_told(world, "vm.running"));
    assert_pin(world, id, NULL);
    name = mem_printf("vms/%s/attestation.json", id);
    assert_int_equal(access(in(&world->dir, name), F_OK), -1); /* and none is kept */
}

/* Else whoever says another one often enough is never rejected. */
static void no_other_key_saves_a_machine_whose_evidence_is_wrong(void **state)
{
    WORLD *world = world_with_verifier();
    char id[VM_ID_SIZE];

    (void)state;
    start(world, id);
    put_in_vm(world, id, "out/evidence.json", SLOWLY_REJECTED);
    world_await(world, id, API_VM_ATTESTING);
    usleep(300000);
    put_in_vm(world, id, "out/evidence.json", ACCEPTED_OF_OTHER);
    say_other_key(world, id);
    world_await(world, id, API_VM_FAILED);
    assert_false(world_was_told(world, "vm.running"));
}

/* A key that was never said before. */
static void say_fresh_key(struct test_world *world, const char *id, uint8_t number)
{
    uint8_t key[SHA256_SIZE] = {number};
    OWNED_BUF pin = BUF_OF(KIB);
    OWNED(free_str) char *text = NULL;
    char hex[2 * SHA256_SIZE + 1];

    text_hex(key, sizeof(key), hex);
    text_encode_base64(SPAN_OF_ARRAY(key), &pin);
    text = mem_printf("{\"state\":\"ReceivingData\",\"computation_id\":null,\"spki_sha256\":\"%s\","
                      "\"seq\":%d,\"pin\":\"sha256//%s\"}",
                      hex, number, buf_str(&pin));
    put_in_vm(world, id, "out/state.json", text);
}

/* Each look at its evidence ends when it says another key already. */
static void whoever_flees_from_key_to_key_fails_when_his_time_is_up(void **state)
{
    WORLD *world = world_with_verifier();
    OWNED_JSON *json = NULL;
    uint8_t number = 10;
    char id[VM_ID_SIZE];

    (void)state;
    start(world, id);
    put_in_vm(world, id, "out/evidence.json", SLOWLY_ACCEPTED);
    for (; number < 20; number++) {
        say_fresh_key(world, id, number);
        usleep(400000);
    }
    assert_int_equal(world_state(world, id), API_VM_ATTESTING);
    __atomic_add_fetch(&monotonic_shift_ms, 61000, __ATOMIC_SEQ_CST);
    for (; number < 60 && world_state(world, id) != API_VM_FAILED; number++) {
        say_fresh_key(world, id, number);
        usleep(400000);
    }
    assert_int_equal(world_state(world, id), API_VM_FAILED);
    assert_false(world_was_told(world, "vm.running"));
    json = attestation_of(world, id);
    assert_string_equal(json_get_str(json, "attestation"), "rejected");
    assert_non_null(strstr(json_get_str(json, "reason"), "one key after the other"));
}

static void a_manager_that_starts_again_remembers_who_was_refused(void **state)
{
    WORLD *world = world_with_verifier();
    OWNED_JSON *json = NULL;
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    start(world, id);
    put_in_vm(world, id, "out/evidence.json", REJECTED);
    world_await(world, id, API_VM_FAILED);
    world_until(!fake_find(world->fake, id)->on);
    world_close(world);
    world_open(world);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_int_equal(vm.attestation, API_REJECTED);
    json = attestation_of(world, id);
    assert_string_equal(json_get_str(json, "attestation"), "rejected");
    assert_int_equal(json_kind_of(json_get(json, "verdict")), JSON_KIND_OBJECT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_reference_values_a_vm_runs_unchecked),
        cmocka_unit_test(reference_values_that_cannot_be_read_keep_the_gate_shut),
        cmocka_unit_test(guest_that_was_made_from_another_igvm_file_never_runs),
        cmocka_unit_test(a_vm_is_not_running_before_its_evidence_is_accepted),
        cmocka_unit_test(wrong_evidence_ends_the_vm_with_the_reason),
        cmocka_unit_test(what_the_agent_could_not_use_is_told),
        cmocka_unit_test(what_is_no_evidence_ends_the_vm),
        cmocka_unit_test(a_link_is_no_evidence),
        cmocka_unit_test(a_guest_that_gives_no_evidence_is_not_waited_for_for_ever),
        cmocka_unit_test(a_host_that_cannot_look_looks_again),
        cmocka_unit_test(a_manager_that_starts_again_looks_again),
        cmocka_unit_test(anothers_verdict_is_not_shown),
        cmocka_unit_test(a_key_is_not_told_before_its_evidence_is_accepted),
        cmocka_unit_test(a_new_key_closes_the_gate_until_its_evidence_is_accepted),
        cmocka_unit_test(evidence_may_come_before_the_key_that_it_is_of),
        cmocka_unit_test(a_new_key_with_wrong_evidence_ends_the_vm),
        cmocka_unit_test(a_new_key_without_evidence_ends_the_vm),
        cmocka_unit_test(a_verdict_is_of_the_key_that_was_said_when_it_was_asked_for),
        cmocka_unit_test(no_other_key_saves_a_machine_whose_evidence_is_wrong),
        cmocka_unit_test(whoever_flees_from_key_to_key_fails_when_his_time_is_up),
        cmocka_unit_test(a_manager_that_starts_again_remembers_who_was_refused),
    };

    if (verifier_is_child(argc, argv))
        return verifier_become(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
