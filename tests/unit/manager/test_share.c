#include "tests/unit/manager/scratch.h"

#include "services/manager-api/link/share.h"

#include <fcntl.h>

#define ID "0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a11"

static const struct vm_hypervisor plain = {.pretends = true};
static const uint8_t nonce[VM_NONCE_SIZE] = {1, 2, 3};

static struct share_paths paths_in(const struct scratch *dir)
{
    struct share_paths paths;
    struct err err;

    assert_ok(share_paths_of(dir->path, ID, &paths, &err));
    assert_ok(file_make_dirs(in(dir, "vms"), 0711, &err));
    return paths;
}

static struct json *read_json(const char *dir, const char *name)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", dir, name);
    OWNED_BUF text = BUF_OF(1 * MIB);
    struct json *json = NULL;
    struct err err;

    assert_ok(file_read(path, &text, &err));
    assert_ok(json_parse(buf_span(&text), &json, &err));
    return json;
}

static void a_share_holds_what_the_guest_is_told(void **state)
{
    SCRATCH dir = scratch_new();
    struct share_paths paths = paths_in(&dir);
    OWNED_JSON *manifest = json_new_object();
    OWNED_JSON *config = NULL;
    OWNED_JSON *copy = NULL;
    const struct share_config wanted = {.vm_id = ID,
                                        .nonce = nonce,
                                        .owner_key = "-----BEGIN\nx\n",
                                        .log_level = "debug",
                                        .grpc = true,
                                        .cvms_url = "https://cvms:7001",
                                        .cvms_ca = "-----BEGIN\ny\n",
                                        .manifest = manifest};
    struct err err;

    (void)state;
    json_set_str(manifest, "id", "iris-1");
    assert_ok(share_make(&paths, &wanted, &plain, &err));
    config = read_json(paths.in, "config.json");
    assert_int_equal(json_get_int(config, "version"), 1);
    assert_string_equal(json_get_str(config, "vm_id"), ID);
    assert_string_equal(json_get_str(config, "boot_nonce"),
                        "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_string_equal(json_get_str(config, "owner_key"), "-----BEGIN\nx\n");
    assert_string_equal(json_get_str(config, "log_level"), "debug");
    assert_true(json_get_bool(config, "grpc"));
    assert_string_equal(json_get_str(config, "cvms_url"), "https://cvms:7001");
    assert_string_equal(json_get_str(config, "cvms_via"), "10.0.2.100:7001");
    assert_string_equal(json_get_str(config, "cvms_ca"), "-----BEGIN\ny\n");
    assert_int_equal(json_count(config), 9);
    copy = read_json(paths.in, "manifest.json");
    assert_string_equal(json_get_str(copy, "id"), "iris-1");
    assert_ok(share_remove(&paths, &err));
    assert_false(is_there(&dir, "vms/" ID));
    assert_ok(share_remove(&paths, &err));
}

static void the_guest_gets_the_igvm_file_that_it_is_made_from(void **state)
{
    SCRATCH dir = scratch_new();
    struct share_paths paths = paths_in(&dir);
    OWNED_BUF copy = BUF_OF(1 * KIB);
    struct share_config config = {.vm_id = ID, .nonce = nonce};
    struct err err;

    (void)state;
    put(&dir, "eos.igvm", "an IGVM file");
    config.igvm = in(&dir, "none.igvm");
    assert_fails(share_make(&paths, &config, &plain, &err), ERR_NOT_FOUND);
    config.igvm = in(&dir, "eos.igvm");
    assert_ok(share_make(&paths, &config, &plain, &err));
    assert_ok(file_read(in(&dir, "vms/" ID "/in/launch.igvm"), &copy, &err));
    assert_string_equal(buf_str(&copy), "an IGVM file");
}

static void nobody_else_looks_into_a_share(void **state)
{
    SCRATCH dir = scratch_new();
    struct share_paths paths = paths_in(&dir);
    const struct share_config config = {.vm_id = ID, .nonce = nonce};
    mode_t mask = umask(077);
    struct err err;

    (void)state;
    assert_ok(share_make(&paths, &config, &plain, &err));
    umask(mask);
    assert_int_equal(mode_of(&dir, "vms/" ID), 0711);
    assert_int_equal(mode_of(&dir, "vms/" ID "/in"), 0700);
    assert_int_equal(mode_of(&dir, "vms/" ID "/out"), 0700);
    assert_int_equal(mode_of(&dir, "vms/" ID "/in/config.json"), 0600);
    assert_int_equal(mode_of(&dir, "vms/" ID "/console.log"), 0600);
    assert_false(is_there(&dir, "vms/" ID "/in/manifest.json"));
}

static void the_group_of_guests_gets_what_it_needs(void **state)
{
    SCRATCH dir = scratch_new();
    struct share_paths paths = paths_in(&dir);
    const struct share_config config = {.vm_id = ID, .nonce = nonce};
    const struct vm_hypervisor own = {.pretends = true, .has_user = true, .gid = getegid()};
    struct err err;

    (void)state;
    assert_ok(share_make(&paths, &config, &own, &err));
    assert_int_equal(mode_of(&dir, "vms/" ID "/in"), 0750);
    assert_int_equal(mode_of(&dir, "vms/" ID "/out"), 0770);
    assert_int_equal(mode_of(&dir, "vms/" ID "/in/config.json"), 0640);
    assert_int_equal(mode_of(&dir, "vms/" ID "/console.log"), 0600);
}

static void a_directory_that_is_there_stays_as_it_is(void **state)
{
    SCRATCH dir = scratch_new();
    struct share_paths paths = paths_in(&dir);
    const struct share_config config = {.vm_id = ID, .nonce = nonce};
    struct err err;

    (void)state;
    assert_ok(file_make_dirs(in(&dir, "vms/" ID), 0700, &err));
    put(&dir, "vms/" ID "/precious", "x");
    assert_fails(share_make(&paths, &config, &plain, &err), ERR_STATE);
    assert_true(is_there(&dir, "vms/" ID "/precious"));
}

static void a_failure_leaves_nothing(void **state)
{
    SCRATCH dir = scratch_new();
    struct share_paths paths = paths_in(&dir);
    const struct share_config config = {.vm_id = ID, .nonce = nonce};
    const struct vm_hypervisor stranger = {.has_user = true, .gid = 0};
    struct err err;

    (void)state;
    if (geteuid() ==
        0) { /* root may give files to any group; then a path that is too long has to do */
        memset(paths.in + strlen(paths.in), 'x', sizeof(paths.in) - strlen(paths.in) - 1);
        assert_fails(share_make(&paths, &config, &plain, &err), ERR_SYSTEM);
    } else {
        assert_fails(share_make(&paths, &config, &stranger, &err), ERR_SYSTEM);
        assert_non_null(strstr(err.text, "group"));
    }
    assert_false(is_there(&dir, "vms/" ID));
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    char dir[VM_PATH_SIZE + 10];
    struct share_paths paths;
    struct err err;

    (void)state;
    memset(dir, 'x', sizeof(dir) - 1);
    dir[sizeof(dir) - 1] = '\0';
    assert_fails(share_paths_of(dir, ID, &paths, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_share_holds_what_the_guest_is_told),
        cmocka_unit_test(the_guest_gets_the_igvm_file_that_it_is_made_from),
        cmocka_unit_test(nobody_else_looks_into_a_share),
        cmocka_unit_test(the_group_of_guests_gets_what_it_needs),
        cmocka_unit_test(a_directory_that_is_there_stays_as_it_is),
        cmocka_unit_test(a_failure_leaves_nothing),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
