/* The confined child, with programs in the place of the verifier that try what they must not. */
#include "tests/unit/manager/scratch.h"

#include "services/manager-api/link/verifier.h"

#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static const char *evidence = "of a guest";

static int ask(struct scratch *dir, const char *script, struct json **ret, bool *accepted,
               struct err *err)
{
    OWNED(free_str) char *program = mem_printf("%s/program", dir->path);
    OWNED(free_str) char *text = mem_printf("#!/bin/sh\n%s\n", script);
    const struct verifier_question question = {program, span_of_str(evidence),
                                               span_of_str(dir->path), "00"};

    assert_int_equal(file_replace(program, span_of_str(text), 0755, err), 0);
    return verifier_ask(&question, ret, accepted, err);
}

static void what_is_no_verdict_is_told_in_its_own_words(void **state)
{
    struct scratch dir = scratch_new();
    struct json *verdict = NULL;
    bool accepted = false;
    struct err err;

    (void)state;
    assert_fails(ask(&dir, "echo broken >&2; exit 1", &verdict, &accepted, &err), ERR_INTERNAL);
    assert_non_null(strstr(err.text, "exit code 1"));
    assert_non_null(strstr(err.text, "broken"));
    assert_fails(ask(&dir, "echo accepted", &verdict, &accepted, &err), ERR_INTERNAL);
    assert_fails(ask(&dir, "kill -9 $$", &verdict, &accepted, &err), ERR_INTERNAL);
    assert_non_null(strstr(err.text, "signal 9"));
    assert_null(verdict);
    scratch_done(&dir);
}

static void a_program_that_is_not_there_is_told(void **state)
{
    const struct verifier_question question = {"/no/such/program", span_of_str("e"),
                                               span_of_str("p"), "00"};
    struct json *verdict = NULL;
    bool accepted = false;
    struct err err;

    (void)state;
    assert_fails(verifier_ask(&question, &verdict, &accepted, &err), ERR_INTERNAL);
    assert_non_null(strstr(err.text, "/no/such/program"));
}

static void only_word_and_exit_code_together_accept(void **state)
{
    static const struct {
        const char *script;
        bool accepted;
    } rows[] = {
        {"echo '{\"result\":\"accepted\"}'", true},
        {"echo '{\"result\":\"accepted\"}'; exit 5", false},
        {"echo '{\"result\":\"rejected\"}'", false},
        {"echo '{\"result\":\"rejected\"}'; exit 5", false},
        {"echo '{}'", false},
    };
    struct scratch dir = scratch_new();
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_JSON *verdict = NULL;
        bool accepted = !rows[i].accepted;

        assert_ok(ask(&dir, rows[i].script, &verdict, &accepted, &err));
        assert_int_equal(accepted, rows[i].accepted);
    }
    scratch_done(&dir);
}

static void it_is_asked_about_what_was_given(void **state)
{
    struct scratch dir = scratch_new();
    OWNED_JSON *verdict = NULL;
    const char *said;
    bool accepted;
    struct err err;

    (void)state;
    assert_ok(ask(&dir, "echo \"{\\\"said\\\":\\\"$* $(cat \"${10}\") $(cat \"$6\")\\\"}\"",
                  &verdict, &accepted, &err));
    said = json_get_str(verdict, "said");
    assert_non_null(strstr(said, "attestation validate"));
    assert_non_null(strstr(said, "--nonce 00"));
    assert_non_null(strstr(said, "of a guest"));
    assert_non_null(strstr(said, dir.path));
    scratch_done(&dir);
}

static void it_writes_nothing_and_reaches_nobody(void **state)
{
    static const char script[] =
        "w=no; n=no; p=no; dir=$(cat \"$6\")\n"
        "{ echo x > \"$dir\"/written; } 2>/dev/null && w=yes\n"
        "{ echo x >> \"$0\"; } 2>/dev/null && w=yes\n"
        "( echo x >> \"$6\" ) 2>/dev/null && w=yes\n"
        "python3 -c 'import socket; socket.socket(socket.AF_UNIX)' 2>/dev/null && n=yes\n"
        "python3 -c 'import sys' || n=unknown\n"
        "[ -n \"$SECRET\" ] && p=yes\n"
        "[ \"$(python3 -c \"$(cat \"${10}\")\")\" = '1 0 0 0' ] || p=yes\n"
        "echo \"{\\\"wrote\\\":\\\"$w\\\",\\\"network\\\":\\\"$n\\\",\\\"power\\\":\\\"$p\\\"}\"";
    /* Whether it may gain privileges, and which it has: effective, permitted, inheritable. */
    static const char powers[] =
        "import ctypes\n"
        "libc, head = ctypes.CDLL(None), (ctypes.c_uint * 2)(0x20080522, 0)\n"
        "sets = (ctypes.c_uint * 6)()\n"
        "assert libc.capget(head, sets) == 0\n"
        "print(libc.prctl(39, 0, 0, 0, 0), *(low | high for low, high in zip(sets[:3], sets[3:])))";
    struct scratch dir = scratch_new();
    OWNED(free_str) char *written = mem_printf("%s/written", dir.path);
    OWNED_JSON *verdict = NULL;
    struct stat status;
    bool accepted;
    struct err err;

    (void)state;
    setenv("SECRET", "of the manager's environment", 1);
    evidence = powers;
    assert_ok(ask(&dir, script, &verdict, &accepted, &err));
    evidence = "of a guest";
    assert_string_equal(json_get_str(verdict, "wrote"), "no");
    assert_string_equal(json_get_str(verdict, "network"), "no");
    assert_string_equal(json_get_str(verdict, "power"), "no");
    assert_int_equal(stat(written, &status), -1);
    scratch_done(&dir);
}

/* What it says is shown to whoever owns the guest, so it must not know what is not his. */
static void it_cannot_read_what_the_manager_keeps(void **state)
{
    static const char script[] =
        "r=no; dir=$(cat \"$6\")\n"
        "for name in secret shared /etc/passwd /etc/shadow /root/.bashrc /proc/1/environ; do\n"
        "    case $name in /*) path=$name;; *) path=$dir/$name;; esac\n"
        "    { cat \"$path\" > /dev/null; } 2>/dev/null && r=$path\n"
        "done\n"
        "{ ls \"$dir\" > /dev/null; } 2>/dev/null && r=$dir\n"
        "cat \"${10}\" > /dev/null || r=nothing\n"
        "echo \"{\\\"read\\\":\\\"$r\\\"}\"";
    struct scratch dir;
    OWNED_JSON *verdict = NULL;
    bool accepted;
    struct err err;

    (void)state;
    if (!has_landlock()) {
        print_message("SKIP: this kernel has no Landlock\n");
        skip();
    }
    dir = scratch_new();
    assert_ok(file_create(in(&dir, "secret"), span_of_str("x"), 0600, &err));
    put(&dir, "shared", "x"); /* everybody may read it, who may enter */
    assert_int_equal(chmod(dir.path, 0755), 0);
    assert_ok(ask(&dir, script, &verdict, &accepted, &err));
    assert_string_equal(json_get_str(verdict, "read"), "no");
    scratch_done(&dir);
}

/* Nor can it disturb anybody. */
static void it_sends_no_signals(void **state)
{
    struct scratch dir = scratch_new();
    OWNED(free_str)
    char *script = mem_printf("s=no; kill -0 %d 2>/dev/null && s=yes\n"
                              "kill -0 $$ || s=unable\n"
                              "echo \"{\\\"sent\\\":\\\"$s\\\"}\"",
                              (int)getpid());
    OWNED_JSON *verdict = NULL;
    bool accepted;
    struct err err;

    (void)state;
    assert_ok(ask(&dir, script, &verdict, &accepted, &err));
    assert_string_equal(json_get_str(verdict, "sent"), "no");
    scratch_done(&dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_verdict_is_told_in_its_own_words),
        cmocka_unit_test(a_program_that_is_not_there_is_told),
        cmocka_unit_test(only_word_and_exit_code_together_accept),
        cmocka_unit_test(it_is_asked_about_what_was_given),
        cmocka_unit_test(it_writes_nothing_and_reaches_nobody),
        cmocka_unit_test(it_cannot_read_what_the_manager_keeps),
        cmocka_unit_test(it_sends_no_signals),
    };

    if (verifier_is_child(argc, argv))
        return verifier_become(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
