#include "tests/unit/manager/fleet_world.h"

#include "lib/crypto/key.h"
#include "services/manager-api/fleet/memory.h"
#include "services/manager-api/fleet/order.h"
#include "tests/unit/computation/manifests.h"

/* --- what may be asked for -------------------------------------------------------------- */

static void check_refused(struct vm_spec spec, enum err_kind kind, const char *pointer,
                          const char *words)
{
    WORLD *world = world_new();
    struct err err;

    world_open(world);
    if (spec.cpus == 0)
        spec.cpus = 1;
    assert_fails(world_create(world, &alice, &spec, NULL, &err), kind);
    assert_string_equal(err.pointer, pointer);
    if (strstr(err.text, words) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, words);
    assert_int_equal(fake_count(world->fake), 0);
    assert_int_equal(world_directories(world), 0);
}

/* A member of a spec that lives as long as the test's program. */
static char *text(const char *value)
{
    static char texts[16][32];
    static unsigned turn;
    char *text = texts[turn++ % COUNT_OF(texts)];

    snprintf(text, sizeof(texts[0]), "%s", value);
    return text;
}

static void what_cannot_be_had_is_said_with_its_place(void **state)
{
    (void)state;
    check_refused((struct vm_spec){.platform = API_PLATFORM_SNP}, ERR_UNSUPPORTED, "/platform",
                  "ask for platform 'vm'");
    check_refused((struct vm_spec){.platform = API_PLATFORM_TDX}, ERR_UNSUPPORTED, "/platform",
                  "TDX");
    check_refused((struct vm_spec){.secure_boot = true}, ERR_UNSUPPORTED, "/secure_boot",
                  "has no signed kernel");
    check_refused((struct vm_spec){.cvms_url = text("https://x")}, ERR_INPUT, "/cvms_url",
                  "HOST:PORT");
    check_refused((struct vm_spec){.cvms_url = text("https://x:1")}, ERR_INPUT, "/grpc", "gateway");
    check_refused((struct vm_spec){.cvms_ca = text("-----BEGIN")}, ERR_INPUT, "/cvms_ca",
                  "cvms_url");
    check_refused((struct vm_spec){.grpc = true}, ERR_UNSUPPORTED, "/grpc", "has no gateway");
    check_refused((struct vm_spec){.name = text("a/b")}, ERR_INPUT, "/name", "a/b");
    check_refused((struct vm_spec){.image = text("none")}, ERR_INPUT, "/image", "no image 'none'");
    check_refused((struct vm_spec){.image = text("../x")}, ERR_INPUT, "/image", "no image");
    check_refused((struct vm_spec){.memory_mib = 128}, ERR_INPUT, "/memory_mib", "256");
    check_refused((struct vm_spec){.cpus = VM_CPUS_MAX + 1}, ERR_INPUT, "/cpus", "limit");
    check_refused((struct vm_spec){.owner_key = text("no key")}, ERR_INPUT, "/owner_key",
                  "owner_key");
}

static void a_manifest_that_is_none_is_refused_with_its_place(void **state)
{
    WORLD *world = world_new();
    OWNED_JSON *manifest = json_new_object();
    struct vm_spec spec = {.cpus = 1, .manifest = manifest};
    struct err err;

    (void)state;
    json_set_str(manifest, "id", "iris-1");
    json_set_str(manifest, "surprise", "x");
    world_open(world);
    assert_fails(world_create(world, &alice, &spec, NULL, &err), ERR_INPUT);
    assert_int_equal(strncmp(err.pointer, "/manifest/", 10), 0);
}

/* A host that has everything of AMD. */
static struct test_world *snp_world(void)
{
    struct test_world *world = world_new();

    world->tee = (struct tee_probe){.cpu = {"AuthenticAMD", 0x1f}, .qemu = true};
    for (size_t i = 0; i < TEE_COUNT; i++) {
        world->tee.module[i] = TEE_ON;
        world->fake->offers[i] = TEE_ON;
    }
    return world;
}

static void the_best_protection_there_is_is_taken(void **state)
{
    WORLD *world = snp_world();
    OWNED_JSON *manifest = manifest_document("algorithm");
    const struct vm_spec automatic = {.cpus = 1, .manifest = manifest};
    const struct vm_spec plain = {.cpus = 1, .platform = API_PLATFORM_VM, .manifest = manifest};
    struct fake_machine protected, open;
    char first[VM_ID_SIZE], second[VM_ID_SIZE];
    struct err err;

    (void)state;
    image_make_snp(&world->dir, "eos");
    world_open(world);
    assert_ok(world_create(world, &alice, &automatic, first, &err));
    assert_ok(world_create(world, &alice, &plain, second, &err));
    protected = fake_look(world->fake, first);
    open = fake_look(world->fake, second);
    assert_int_equal(protected.record.platform, VM_PLATFORM_SNP);
    assert_false(span_is_zero(span_of(protected.binding, 32)));
    assert_int_equal(open.record.platform, VM_PLATFORM_VM);
    assert_true(open.place.hugepages && protected.place.has_node);
    assert_true(span_is_zero(SPAN_OF_ARRAY(open.binding)));
}

/* By platform: the launch measurement and what it was bound to, or the registers of a TPM. */
static void what_a_vm_must_show_is_told_by_its_platform(void **state)
{
    WORLD *world = snp_world();
    OWNED_JSON *manifest = manifest_document("algorithm"), *policy = NULL, *none = NULL;
    const struct vm_spec protected = {.cpus = 1, .manifest = manifest};
    const struct vm_spec more = {.cpus = 2};
    OWNED_MANIFEST *agreed = NULL;
    char id[VM_ID_SIZE];
    const struct json *snp;
    struct err err;

    (void)state;
    assert_ok(manifest_decode(manifest, &agreed, &err));
    image_make_snp(&world->dir, "eos");
    world_open(world);
    assert_ok(world_create(world, &alice, &protected, id, &err));
    assert_ok(fleet_policy(world->fleet, &alice, id, &policy, &err));
    snp = json_get(policy, "snp");
    assert_string_equal(json_str(json_at(json_get(snp, "measurement"), 0)), IMAGE_SNP_MEASUREMENT);
    assert_string_equal(json_get_str(snp, "host_data"), agreed->sha256);
    assert_null(json_get(policy, "vtpm"));
    if (order_cpus_max() < 2)
        return;
    assert_ok(world_create(world, &alice, &more, id, &err));
    assert_fails(fleet_policy(world->fleet, &alice, id, &none, &err), ERR_STATE);
    assert_non_null(strstr(err.text, "none for 2"));
}

static void an_image_without_firmware_for_it_is_not_started_under_protection(void **state)
{
    WORLD *world = snp_world();
    const struct vm_spec automatic = {.cpus = 1};
    const struct vm_spec demanded = {.cpus = 1, .platform = API_PLATFORM_SNP};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &automatic, id, &err));
    assert_int_equal(fake_look(world->fake, id).record.platform, VM_PLATFORM_VM);
    assert_fails(world_create(world, &alice, &demanded, NULL, &err), ERR_UNSUPPORTED);
    assert_string_equal(err.pointer, "/image");
}

static void an_image_that_was_changed_starts_nothing(void **state)
{
    WORLD *world = world_new();
    const struct vm_spec spec = {.cpus = 1};
    struct err err;

    (void)state;
    world_open(world);
    put(&world->dir, "eos/initrd", "evil");
    assert_fails(world_create(world, &alice, &spec, NULL, &err), ERR_UNTRUSTED);
    assert_int_equal(fake_count(world->fake), 0);
    assert_int_equal(world_directories(world), 0);
    image_make(&world->dir, "eos", false);
    assert_ok(world_create(world, &alice, &spec, NULL, &err));
}

static void what_was_asked_for_is_given(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    OWNED_KEY *key = NULL;
    OWNED_BUF pem = BUF_OF(64 * KIB);
    OWNED_BUF config = BUF_OF(64 * KIB);
    struct vm_spec spec = {.cpus = 1, .memory_mib = 300, .ttl = 90500, .log_level = 0};
    char id[VM_ID_SIZE], path[128];
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_ED25519, 0, &key, &err));
    key_write_public_pem(key, &pem);
    spec.owner_key = mem_strdup(buf_str(&pem));
    spec.name = mem_strdup("iris");
    spec.image = mem_strdup("eos-debug");
    world_open(world);
    assert_ok(world_create(world, &alice, &spec, id, &err));
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_string_equal(vm.name, "iris");
    assert_string_equal(vm.image, "eos-debug");
    assert_int_equal(vm.memory_mib, 300);
    assert_int_equal(vm.expires_at, vm.created_at + 91);
    snprintf(path, sizeof(path), "vms/%s/in/config.json", id);
    assert_ok(file_read(in(&world->dir, path), &config, &err));
    assert_non_null(strstr(buf_str(&config), "\"log_level\":\"debug\""));
    assert_non_null(strstr(buf_str(&config), "BEGIN PUBLIC KEY"));
    vm_spec_release(&spec);
}

/* --- limits ------------------------------------------------------------------------------- */

static void limits_hold_for_owner_and_host(void **state)
{
    WORLD *world = world_new();
    const struct vm_spec spec = {.cpus = 1, .memory_mib = 256};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world->max_vms = 3;
    world->max_per_owner = 2;
    world_open(world);
    assert_ok(world_create(world, &alice, &spec, id, &err));
    assert_ok(world_create(world, &alice, &spec, NULL, &err));
    assert_fails(world_create(world, &alice, &spec, NULL, &err), ERR_TOO_MANY);
    assert_non_null(strstr(err.text, "owner's limit"));
    assert_ok(world_create(world, &bob, &spec, NULL, &err));
    assert_fails(world_create(world, &bob, &spec, NULL, &err), ERR_TOO_MANY);
    assert_non_null(strstr(err.text, "host"));

    /* One that ended does not count. */
    fake_kill(world->fake, id, VM_END_KILLED);
    fleet_wake(world->fleet);
    world_await(world, id, API_VM_FAILED);
    assert_ok(world_create(world, &alice, &spec, NULL, &err));
}

static void memory_that_is_not_there_is_not_promised(void **state)
{
    WORLD *world = world_new();
    struct vm_spec spec = {.cpus = 1};
    struct memory memory;
    struct err err;

    (void)state;
    assert_ok(memory_read(&memory, &err));
    spec.memory_mib = (uint32_t)memory.total_mib;
    world_open(world);
    assert_fails(world_create(world, &alice, &spec, NULL, &err), ERR_TOO_MANY);
    assert_non_null(strstr(err.text, "available"));
    /* Promises count before guests touch their memory. */
    spec.memory_mib = (uint32_t)(memory.available_mib / 2 + 100);
    assert_ok(world_create(world, &alice, &spec, NULL, &err));
    spec.memory_mib = (uint32_t)(memory.total_mib - spec.memory_mib);
    assert_fails(world_create(world, &alice, &spec, NULL, &err), ERR_TOO_MANY);
}

/* --- ports ----------------------------------------------------------------------------------- */

static void a_port_that_is_snatched_away_is_replaced(void **state)
{
    WORLD *world = world_new();
    const struct vm_spec spec = {.cpus = 1};
    struct err err;

    (void)state;
    world_open(world);
    world->fake->all_ports_busy = true;
    assert_fails(world_create(world, &alice, &spec, NULL, &err), ERR_TOO_MANY);
    assert_int_equal(world->fake->calls[FAKE_START], 5);
    assert_int_equal(fake_count(world->fake), 0);
    assert_int_equal(world_directories(world), 0);
    world->fake->all_ports_busy = false;
    assert_ok(world_create(world, &alice, &spec, NULL, &err));
}

static void no_two_vms_have_one_port(void **state)
{
    WORLD *world = world_new();
    const struct vm_spec spec = {.cpus = 1, .memory_mib = 256};
    struct err err;

    (void)state;
    world_open(world);
    for (int i = 0; i < 8; i++)
        assert_ok(world_create(world, &alice, &spec, NULL, &err));
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < i; k++)
            assert_int_not_equal(world->fake->machines[i].record.port,
                                 world->fake->machines[k].record.port);
}

/* --- idempotency -------------------------------------------------------------------------------
 */

struct request {
    const struct fleet_caller *caller;
    const char *key;
    const char *digest; /* of its body */
};

static const struct request first_request = {&alice, "k1", "aa"};
static const struct request same_key_other_body = {&alice, "k1", "bb"};
static const struct request other_owner = {&bob, "k1", "bb"};

static int ask(struct test_world *world, const struct request *request, struct vm *ret,
               bool *replayed, struct err *err)
{
    static const struct vm_spec spec = {.cpus = 1};
    const struct fleet_order order = {
        .spec = &spec, .idempotency_key = request->key, .body_sha256 = request->digest};

    return fleet_create(world->fleet, request->caller, &order, ret, replayed, err);
}

static void the_same_key_and_body_give_the_same_vm(void **state)
{
    WORLD *world = world_new();
    OWNED_VM first = {0};
    OWNED_VM second = {0};
    OWNED_VM third = {0};
    bool replayed = true;
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(ask(world, &first_request, &first, &replayed, &err));
    assert_false(replayed);
    assert_ok(ask(world, &first_request, &second, &replayed, &err));
    assert_true(replayed);
    assert_string_equal(first.id, second.id);
    assert_int_equal(fake_count(world->fake), 1);
    world_close(world);
    world_open(world); /* and after a restart */
    assert_ok(ask(world, &first_request, &third, &replayed, &err));
    assert_true(replayed);
    assert_string_equal(first.id, third.id);
}

/* Whoever lost the first answer wants to know of his VM, not of the image. */
static void a_key_is_known_again_when_its_image_is_gone(void **state)
{
    WORLD *world = world_new();
    OWNED_VM first = {0}, second = {0}, other = {0};
    bool replayed = false;
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(ask(world, &first_request, &first, &replayed, &err));
    assert_ok(file_remove_tree(in(&world->dir, "eos"), &err));
    assert_ok(ask(world, &first_request, &second, &replayed, &err));
    assert_true(replayed);
    assert_string_equal(first.id, second.id);
    assert_fails(ask(world, &other_owner, &other, &replayed, &err), ERR_INPUT);
    assert_string_equal(err.pointer, "/image");
}

static void the_same_key_with_another_body_is_refused(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    OWNED_VM other = {0};
    bool replayed = false;
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(ask(world, &first_request, &vm, &replayed, &err));
    assert_fails(ask(world, &same_key_other_body, &other, &replayed, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "another body"));
    assert_ok(ask(world, &other_owner, &other, &replayed, &err)); /* keys are an owner's own */
    assert_false(replayed);
}

static void a_key_whose_request_failed_is_free_again(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    bool replayed = false;
    struct err err;

    (void)state;
    world_open(world);
    world->fake->fail_at = 2; /* the start */
    world->fake->fail_kind = ERR_SYSTEM;
    assert_fails(ask(world, &first_request, &vm, &replayed, &err), ERR_SYSTEM);
    assert_ok(ask(world, &first_request, &vm, &replayed, &err));
    assert_false(replayed);
}

/* Releases differ in what they understand. */
static void a_definition_is_written_for_the_emulator_that_is_there(void **state)
{
    WORLD *world = world_new();
    const struct vm_spec spec = {.cpus = 1, .log_level = 1};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &spec, id, &err));
    assert_int_equal(fake_look(world->fake, id).emulator_version, FAKE_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_had_is_said_with_its_place),
        cmocka_unit_test(a_manifest_that_is_none_is_refused_with_its_place),
        cmocka_unit_test(the_best_protection_there_is_is_taken),
        cmocka_unit_test(what_a_vm_must_show_is_told_by_its_platform),
        cmocka_unit_test(an_image_without_firmware_for_it_is_not_started_under_protection),
        cmocka_unit_test(an_image_that_was_changed_starts_nothing),
        cmocka_unit_test(what_was_asked_for_is_given),
        cmocka_unit_test(limits_hold_for_owner_and_host),
        cmocka_unit_test(memory_that_is_not_there_is_not_promised),
        cmocka_unit_test(a_port_that_is_snatched_away_is_replaced),
        cmocka_unit_test(no_two_vms_have_one_port),
        cmocka_unit_test(the_same_key_and_body_give_the_same_vm),
        cmocka_unit_test(a_key_is_known_again_when_its_image_is_gone),
        cmocka_unit_test(the_same_key_with_another_body_is_refused),
        cmocka_unit_test(a_definition_is_written_for_the_emulator_that_is_there),
        cmocka_unit_test(a_key_whose_request_failed_is_free_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
