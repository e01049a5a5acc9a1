/* The confined child, with programs in the place of the verifier that try what they must not. It
 * can start no others, so that they are no shell scripts. */
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
    OWNED(free_str)
    char *text = mem_printf("#!/usr/bin/python3 -IB\n"
                            "import ctypes, json, os, sys\n"
                            "policy, evidence = sys.argv[6], sys.argv[10]\n"
                            "%s\n",
                            script);
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
    assert_fails(ask(&dir, "sys.exit('broken')", &verdict, &accepted, &err), ERR_INTERNAL);
    assert_non_null(strstr(err.text, "exit code 1"));
    assert_non_null(strstr(err.text, "broken"));
    assert_fails(ask(&dir, "print('accepted')", &verdict, &accepted, &err), ERR_INTERNAL);
    assert_fails(ask(&dir, "os.kill(os.getpid(), 9)", &verdict, &accepted, &err), ERR_INTERNAL);
    assert_non_null(strstr(err.text, "signal 9"));
    assert_fails(
        ask(&dir, "print('{\"result\":\"accepted\"}'); sys.exit(1)", &verdict, &accepted, &err),
        ERR_INTERNAL);
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
        {"print('{\"result\":\"accepted\"}')", true},
        {"print('{\"result\":\"accepted\"}'); sys.exit(5)", false},
        {"print('{\"result\":\"rejected\"}')", false},
        {"print('{\"result\":\"rejected\"}'); sys.exit(5)", false},
        {"print('{}')", false},
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
    assert_ok(ask(&dir,
                  "files = [open(path).read() for path in (evidence, policy)]\n"
                  "print(json.dumps({'said': ' '.join(sys.argv[1:] + files)}))",
                  &verdict, &accepted, &err));
    said = json_get_str(verdict, "said");
    assert_non_null(strstr(said, "attestation validate"));
    assert_non_null(strstr(said, "--nonce 00"));
    assert_non_null(strstr(said, "of a guest"));
    assert_non_null(strstr(said, dir.path));
    scratch_done(&dir);
}

static void it_writes_nothing_reaches_nobody_and_starts_nothing(void **state)
{
    static const char *const deeds[] = {"wrote", "network", "power", "another"};
    static const char script[] =
        "import socket\n"
        "def done(deed, *arguments):\n"
        "    try:\n"
        "        deed(*arguments)\n"
        "        return True\n"
        "    except OSError:\n"
        "        return False\n"
        "def write(path, how):\n"
        "    with open(path, how) as file:\n"
        "        file.write('x')\n"
        "wrote = [done(write, open(policy).read() + '/written', 'w'), done(write, policy, 'a'),\n"
        "         done(write, policy, 'r+'), done(os.truncate, policy, 0),\n"
        "         done(write, sys.argv[0], 'a')]\n"
        /* Whether it may gain privileges, and which it has: effective, permitted, inheritable. */
        "libc, head = ctypes.CDLL(None), (ctypes.c_uint * 2)(0x20080522, 0)\n"
        "sets = (ctypes.c_uint * 6)()\n"
        "assert libc.capget(head, sets) == 0\n"
        "gains = libc.prctl(39, 0, 0, 0, 0) != 1\n"
        "print(json.dumps({'wrote': any(wrote), 'network': done(socket.socket, socket.AF_UNIX),\n"
        "                  'power': gains or any(sets) or 'SECRET' in os.environ,\n"
        "                  'another': done(os.fork)}))";
    struct scratch dir = scratch_new();
    OWNED(free_str) char *written = mem_printf("%s/written", dir.path);
    OWNED_JSON *verdict = NULL;
    struct stat status;
    bool accepted;
    struct err err;

    (void)state;
    setenv("SECRET", "of the manager's environment", 1);
    assert_ok(ask(&dir, script, &verdict, &accepted, &err));
    for (size_t i = 0; i < COUNT_OF(deeds); i++)
        if (json_kind_of(json_get(verdict, deeds[i])) != JSON_KIND_BOOL ||
            json_get_bool(verdict, deeds[i]))
            fail_msg("%s", deeds[i]);
    assert_int_equal(stat(written, &status), -1);
    scratch_done(&dir);
}

/* What it says is shown to whoever owns the guest, so it must not know what is not his. */
static void it_cannot_read_what_the_manager_keeps(void **state)
{
    static const char script[] =
        "dir = open(policy).read()\n"
        "hidden = [dir + '/secret', dir + '/shared', '/etc/passwd', '/etc/shadow',\n"
        "          '/root/.bashrc', '/proc/1/environ', dir]\n"
        "def can_read(path):\n"
        "    try:\n"
        "        os.close(os.open(path, os.O_RDONLY))\n"
        "        return True\n"
        "    except OSError:\n"
        "        return False\n"
        "read = [path for path in hidden if can_read(path)]\n"
        "read += [] if can_read(evidence) else ['nothing']\n"
        "print(json.dumps({'read': ' '.join(read)}))";
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
    assert_string_equal(json_get_str(verdict, "read"), "");
    scratch_done(&dir);
}

/* Nor can it disturb anybody. */
static void it_sends_no_signals(void **state)
{
    struct scratch dir = scratch_new();
    OWNED(free_str)
    char *script = mem_printf("os.kill(os.getpid(), 0)\n"
                              "sent = 'yes'\n"
                              "try:\n"
                              "    os.kill(%d, 0)\n"
                              "except PermissionError:\n"
                              "    sent = 'no'\n"
                              "print(json.dumps({'sent': sent}))",
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
        cmocka_unit_test(it_writes_nothing_reaches_nobody_and_starts_nothing),
        cmocka_unit_test(it_cannot_read_what_the_manager_keeps),
        cmocka_unit_test(it_sends_no_signals),
    };

    if (verifier_is_child(argc, argv))
        return verifier_become(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
