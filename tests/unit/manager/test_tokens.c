#include "tests/unit/manager/scratch.h"

#include "services/manager-api/tokens.h"

#include <pthread.h>

static const struct api_op for_viewers = {.auth = API_AUTH_VIEWER};
static const struct api_op for_operators = {.auth = API_AUTH_OPERATOR};
static const struct api_op for_admins = {.auth = API_AUTH_ADMIN};

static void close_tokens(struct tokens **tokens)
{
    tokens_free(*tokens);
}
#define OWNED_TOKENS __attribute__((cleanup(close_tokens))) struct tokens

static void a_token_lets_in_with_its_role_and_owner(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_TOKENS *tokens = NULL;
    OWNED_BUF token = BUF_OF(256);
    struct token_holder holder;
    struct err err;

    (void)state;
    assert_ok(tokens_add(dir.path, "eve-watch", "viewer", "alice", &token, &err));
    assert_ok(tokens_open(dir.path, &tokens, &err));
    assert_ok(tokens_find(tokens, buf_span(&token), &holder, &err));
    assert_string_equal(holder.name, "eve-watch");
    assert_string_equal(holder.owner, "alice");
    assert_ok(tokens_check_role(&holder, &for_viewers, &err));
    assert_fails(tokens_check_role(&holder, &for_operators, &err), ERR_FORBIDDEN);
    assert_fails(tokens_check_role(&holder, &for_admins, &err), ERR_FORBIDDEN);
    assert_int_equal(mode_of(&dir, TOKENS_FILE), 0600);
}

static void a_token_itself_is_not_kept(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_BUF token = BUF_OF(256);
    OWNED_BUF text = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    assert_ok(tokens_add(dir.path, "alice", "operator", "alice", &token, &err));
    assert_ok(file_read(in(&dir, TOKENS_FILE), &text, &err));
    assert_null(strstr(buf_str(&text), buf_str(&token)));
    assert_true(token.len > 40);
}

static void other_texts_let_nobody_in(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_TOKENS *tokens = NULL;
    OWNED_BUF token = BUF_OF(256);
    OWNED(free_str) char *big = mem_zeroed(1, 100000);
    struct token_holder holder;
    struct err err;

    (void)state;
    assert_ok(tokens_add(dir.path, "alice", "operator", "alice", &token, &err));
    assert_ok(tokens_open(dir.path, &tokens, &err));
    assert_fails(tokens_find(tokens, span_of("", 0), &holder, &err), ERR_UNAUTHENTICATED);
    assert_fails(tokens_find(tokens, span_of(big, 100000), &holder, &err), ERR_UNAUTHENTICATED);
    assert_fails(tokens_find(tokens, span_of(token.data, token.len - 1), &holder, &err),
                 ERR_UNAUTHENTICATED);
    token.data[token.len - 1] ^= 1;
    assert_fails(tokens_find(tokens, buf_span(&token), &holder, &err), ERR_UNAUTHENTICATED);
    assert_null(strstr(err.text, buf_str(&token)));
}

static void the_first_admins_token_is_that_of_its_file(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_TOKENS *tokens = NULL;
    struct token_holder holder;
    const char *text = "cocos_0123456789012345678901234567890123456789";
    struct err err;

    (void)state;
    put(&dir, TOKENS_ADMIN_FILE, "cocos_0123456789012345678901234567890123456789\n");
    assert_ok(tokens_open(dir.path, &tokens, &err));
    assert_int_equal(tokens_count(tokens), 0);
    assert_ok(tokens_find(tokens, span_of_str(text), &holder, &err));
    assert_int_equal(holder.role, TOKEN_ADMIN);
    assert_ok(tokens_check_role(&holder, &for_admins, &err));
    unlink(in(&dir, TOKENS_ADMIN_FILE));
    assert_fails(tokens_find(tokens, span_of_str(text), &holder, &err), ERR_UNAUTHENTICATED);
}

static void an_empty_admin_file_lets_nobody_in(void **state)
{
    SCRATCH dir = scratch_new();
    struct tokens *tokens = NULL;
    struct err err;

    (void)state;
    put(&dir, TOKENS_ADMIN_FILE, "\n");
    assert_fails(tokens_open(dir.path, &tokens, &err), ERR_INPUT);
}

static void changes_are_seen_while_running(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_TOKENS *tokens = NULL;
    OWNED_BUF token = BUF_OF(256);
    struct token_holder holder;
    struct err err;

    (void)state;
    assert_ok(tokens_open(dir.path, &tokens, &err));
    assert_ok(tokens_add(dir.path, "alice", "admin", "alice", &token, &err));
    assert_ok(tokens_find(tokens, buf_span(&token), &holder, &err));
    assert_ok(tokens_remove(dir.path, "alice", &err));
    assert_fails(tokens_find(tokens, buf_span(&token), &holder, &err), ERR_UNAUTHENTICATED);
}

static void a_broken_file_lets_nobody_in(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_TOKENS *tokens = NULL;
    OWNED_BUF token = BUF_OF(256);
    struct token_holder holder;
    struct err err;

    (void)state;
    assert_ok(tokens_add(dir.path, "alice", "admin", "alice", &token, &err));
    assert_ok(tokens_open(dir.path, &tokens, &err));
    put(&dir, TOKENS_FILE, "{\"version\":1,\"tokens\":[{}]}");
    for (int i = 0; i < 2; i++) /* and says why, each time */
        assert_fails(tokens_find(tokens, buf_span(&token), &holder, &err), ERR_INPUT);
}

static void names_roles_and_doubles_are_checked(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_BUF token = BUF_OF(4096);
    OWNED_BUF list = BUF_OF(4096);
    struct err err;

    (void)state;
    assert_fails(tokens_add(dir.path, "", "viewer", "x", &token, &err), ERR_INPUT);
    assert_fails(tokens_add(dir.path, "../x", "viewer", "x", &token, &err), ERR_INPUT);
    assert_fails(tokens_add(dir.path, "admin", "viewer", "x", &token, &err), ERR_INPUT);
    assert_fails(tokens_add(dir.path, "x", "root", "x", &token, &err), ERR_INPUT);
    assert_fails(tokens_add(dir.path, "x", "viewer", "a b", &token, &err), ERR_INPUT);
    assert_false(is_there(&dir, TOKENS_FILE));
    assert_ok(tokens_add(dir.path, "x", "viewer", "y", &token, &err));
    assert_fails(tokens_add(dir.path, "x", "viewer", "y", &token, &err), ERR_STATE);
    assert_fails(tokens_remove(dir.path, "z", &err), ERR_NOT_FOUND);
    assert_ok(tokens_list(dir.path, &list, &err));
    assert_string_equal(buf_str(&list), "x viewer y\n");
}

struct adder {
    pthread_t thread;
    const char *dir;
    unsigned number;
};

static void *add_some(void *arg)
{
    struct adder *adder = arg;

    for (unsigned i = 0; i < 20; i++) {
        OWNED_BUF token = BUF_OF(256);
        char name[32];
        struct err err;

        snprintf(name, sizeof(name), "t-%u-%u", adder->number, i);
        if (tokens_add(adder->dir, name, "viewer", "x", &token, &err) < 0)
            return adder;
    }
    return NULL;
}

static void those_who_change_the_file_at_once_lose_nothing(void **state)
{
    SCRATCH dir = scratch_new();
    struct adder adders[4];
    OWNED_BUF list = BUF_OF(64 * KIB);
    size_t lines = 0;
    struct err err;

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(adders); i++) {
        adders[i] = (struct adder){.dir = dir.path, .number = i};
        assert_int_equal(pthread_create(&adders[i].thread, NULL, add_some, &adders[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(adders); i++) {
        void *failed = NULL;

        pthread_join(adders[i].thread, &failed);
        assert_null(failed);
    }
    assert_ok(tokens_list(dir.path, &list, &err));
    for (size_t i = 0; i < list.len; i++)
        lines += list.data[i] == '\n';
    assert_int_equal(lines, 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_lets_in_with_its_role_and_owner),
        cmocka_unit_test(a_token_itself_is_not_kept),
        cmocka_unit_test(other_texts_let_nobody_in),
        cmocka_unit_test(the_first_admins_token_is_that_of_its_file),
        cmocka_unit_test(an_empty_admin_file_lets_nobody_in),
        cmocka_unit_test(changes_are_seen_while_running),
        cmocka_unit_test(a_broken_file_lets_nobody_in),
        cmocka_unit_test(names_roles_and_doubles_are_checked),
        cmocka_unit_test(those_who_change_the_file_at_once_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
