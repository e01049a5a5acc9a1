#include "tests/unit/unit.h"

#include "services/grpc-gateway/manager/tokens.h"

#include <sys/stat.h>
#include <unistd.h>

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char path[64];

static int load(const char *text, mode_t mode, struct client_tokens **ret, struct err *err)
{
    struct err made;

    snprintf(path, sizeof(path), "/tmp/cocos-tokens-%d", (int)getpid());
    if (file_replace(path, span_of_str(text), mode, &made) < 0)
        fail_msg("%s", made.text);
    if (client_tokens_load(path, ret, err) == 0) {
        unlink(path);
        return 0;
    }
    unlink(path);
    return -1;
}

static struct h2_peer peer_of(uint8_t byte)
{
    struct h2_peer peer = {.has_identity = true};

    memset(peer.identity, byte, sizeof(peer.identity));
    return peer;
}

static void a_key_selects_its_token(void **state)
{
    OWNED_OF(client_tokens) *tokens = NULL;
    struct h2_peer a = peer_of(0xaa), c = peer_of(0xcc), nobody = {0};
    const char *token = NULL;
    struct err err;

    (void)state;
    assert_ok(load("# people\n\n" KEY_A " one\n" KEY_B " two", 0600, &tokens, &err));
    assert_ok(client_tokens_find(tokens, &a, &token, &err));
    assert_string_equal(token, "one");
    assert_fails(client_tokens_find(tokens, &c, &token, &err), ERR_FORBIDDEN);
    assert_non_null(strstr(err.text, "cccccccc"));
    assert_fails(client_tokens_find(tokens, &nobody, &token, &err), ERR_UNAUTHENTICATED);
}

static void what_is_no_table_is_refused_with_its_line(void **state)
{
    static const char *const bad[] = {
        KEY_A,       KEY_A " ",    KEY_A "  two",           KEY_A " a b",    KEY_A "\tx", "abc x",
        KEY_A "a x", KEY_A " x\r", KEY_A " x\n" KEY_A " y", "zz" KEY_A " x",
    };
    struct client_tokens *tokens = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_fails(load(bad[i], 0600, &tokens, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, "line "));
    }
}

static void a_file_that_others_may_read_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602};
    struct client_tokens *tokens = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        assert_fails(load(KEY_A " one", modes[i], &tokens, &err), ERR_USAGE);
        assert_non_null(strstr(err.text, "chmod 600"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_selects_its_token),
        cmocka_unit_test(what_is_no_table_is_refused_with_its_line),
        cmocka_unit_test(a_file_that_others_may_read_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
