#include "tests/unit/manager/scratch.h"

#include "lib/crypto/key.h"
#include "services/manager-api/credentials.h"
#include "services/manager-api/tokens.h"

#include <sys/mount.h>
#include <sys/wait.h>

#define LISTEN "127.0.0.1:7443"

static const char *const all[] = {"ca.pem", "server.pem", "server.key", "admin.token"};

static int load(const struct scratch *dir, struct credentials *ret, struct err *err)
{
    return credentials_load(dir->path, LISTEN, "manager.example,10.0.0.1", 1800000000, ret, err);
}

static void the_first_start_makes_everything_for_its_owner_only(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_CREDENTIALS first = {.first = false};
    OWNED_CREDENTIALS second = {.first = false};
    OWNED_KEY *key = NULL;
    OWNED_KEY *certified = NULL;
    struct err err;

    (void)state;
    assert_ok(load(&dir, &first, &err));
    assert_true(first.first);
    for (size_t i = 0; i < COUNT_OF(all); i++)
        assert_int_equal(mode_of(&dir, all[i]), 0600);
    assert_ok(key_load_private_pem(buf_span(&first.key), &key, &err));
    assert_ok(key_load_certificate(buf_span(&first.certificate), &certified, &err));
    assert_true(key_equal(key, certified));
    assert_ok(load(&dir, &second, &err));
    assert_false(second.first);
    assert_true(span_equal(buf_span(&first.key), buf_span(&second.key)));
}

static void a_first_start_that_was_cut_short_begins_anew(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_CREDENTIALS made = {.first = false};
    OWNED_BUF text = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    put(&dir, ".first-start", "");
    put(&dir, "ca.pem", "half");
    put(&dir, "server.pem", "half");
    assert_ok(load(&dir, &made, &err));
    assert_true(made.first);
    assert_ok(file_read(in(&dir, "ca.pem"), &text, &err));
    assert_non_null(strstr(buf_str(&text), "BEGIN CERTIFICATE"));
    assert_false(is_there(&dir, ".first-start"));
}

static void missing_files_are_for_a_person_to_sort_out(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        SCRATCH dir = scratch_new();
        OWNED_CREDENTIALS made = {.first = false};
        OWNED_CREDENTIALS again = {.first = false};

        assert_ok(load(&dir, &made, &err));
        unlink(in(&dir, all[i]));
        assert_fails(load(&dir, &again, &err), ERR_USAGE);
        assert_non_null(strstr(err.text, all[i]));
        assert_false(is_there(&dir, all[i]));
    }
}

static void who_has_other_tokens_may_remove_the_first(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_CREDENTIALS made = {.first = false};
    OWNED_CREDENTIALS again = {.first = false};
    OWNED_BUF token = BUF_OF(256);
    struct err err;

    (void)state;
    assert_ok(load(&dir, &made, &err));
    assert_ok(tokens_add(dir.path, "alice", "admin", "alice", &token, &err));
    unlink(in(&dir, "admin.token"));
    assert_ok(load(&dir, &again, &err));
    assert_false(again.first);
}

/* In a process of its own: fills a tiny file system, so that the files do not all fit. */
static int try_without_space(const char *path)
{
    struct scratch dir;
    struct credentials made;
    struct err err;
    OWNED(free_str) char *big = mem_zeroed(1, 64 * KIB);

    snprintf(dir.path, sizeof(dir.path), "%s", path);
    if (mount("none", path, "tmpfs", 0, "size=64k,nr_inodes=20") < 0)
        return 77;
    for (size_t free = 60; free > 0;
         free--) { /* leave one page, which is not enough for four files */
        err.kind = ERR_NONE;
        if (file_create(in(&dir, "ballast"), span_of(big, free * KIB), 0600, &err) == 0)
            break;
    }
    if (load(&dir, &made, &err) == 0 || err.kind != ERR_NO_SPACE)
        return 1;
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (is_there(&dir, all[i]))
            return 2;
    unlink(in(&dir, "ballast"));
    return load(&dir, &made, &err) == 0 && made.first ? 0 : 3;
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    SCRATCH dir = scratch_new();
    pid_t child;
    int status = 0;

    (void)state;
    if (geteuid() != 0) {
        printf("SKIP: no root, so no tiny file system: a full disk is not tested\n");
        return;
    }
    child = fork();
    if (child == 0) {
        int result = try_without_space(dir.path);

        umount2(dir.path, MNT_DETACH);
        _exit(result);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 77)
        printf("SKIP: mount is not allowed: a full disk is not tested\n");
    else
        assert_int_equal(status, 0);
}

static void a_manager_keeps_its_id(void **state)
{
    SCRATCH dir = scratch_new();
    char first[64], second[64];
    struct err err;

    (void)state;
    assert_ok(credentials_manager_id(dir.path, first, sizeof(first), &err));
    assert_int_equal(strlen(first), 36);
    assert_ok(credentials_manager_id(dir.path, second, sizeof(second), &err));
    assert_string_equal(first, second);
    put(&dir, "manager.id", "short");
    assert_fails(credentials_manager_id(dir.path, first, sizeof(first), &err), ERR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_start_makes_everything_for_its_owner_only),
        cmocka_unit_test(a_first_start_that_was_cut_short_begins_anew),
        cmocka_unit_test(missing_files_are_for_a_person_to_sort_out),
        cmocka_unit_test(who_has_other_tokens_may_remove_the_first),
        cmocka_unit_test(a_full_disk_leaves_nothing_behind),
        cmocka_unit_test(a_manager_keeps_its_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
