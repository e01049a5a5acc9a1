#include "tests/unit/unit.h"

#include "lib/http/signature.h"

#define NOW 1700000000

static void a_nonce_works_once(void **state)
{
    OWNED_OF(nonce_set) *set = nonce_set_new();
    struct err err;

    (void)state;
    assert_ok(nonce_set_add(set, "k1", "n", NOW + 100, NOW, &err));
    assert_fails(nonce_set_add(set, "k1", "n", NOW + 100, NOW, &err), ERR_UNAUTHENTICATED);
    assert_fails(nonce_set_add(set, "k1", "n", NOW + 300, NOW + 10, &err), ERR_UNAUTHENTICATED);
    assert_ok(nonce_set_add(set, "k2", "n", NOW + 100, NOW, &err));
    assert_ok(nonce_set_add(set, "k1", "m", NOW + 100, NOW, &err));
    assert_ok(nonce_set_add(set, "k1n", "", NOW + 100, NOW, &err));
}

static void add_many(struct nonce_set *set, const char *key_id, int count)
{
    struct err err;
    char nonce[32];

    for (int i = 0; i < count; i++) {
        snprintf(nonce, sizeof(nonce), "n%d", i);
        assert_ok(nonce_set_add(set, key_id, nonce, NOW + 100, NOW, &err));
    }
}

static void one_key_takes_no_room_from_others(void **state)
{
    OWNED_OF(nonce_set) *set = nonce_set_new();
    struct err err;

    (void)state;
    add_many(set, "greedy", NONCE_KEY_MAX);
    assert_fails(nonce_set_add(set, "greedy", "one more", NOW + 100, NOW, &err), ERR_TOO_MANY);
    assert_fails(nonce_set_add(set, "greedy", "n7", NOW + 100, NOW, &err), ERR_UNAUTHENTICATED);
    add_many(set, "modest", NONCE_KEY_MAX - 1);
    assert_ok(nonce_set_add(set, "greedy", "one more", NOW + 300, NOW + 200, &err));
    assert_fails(nonce_set_add(set, "greedy", "one more", NOW + 300, NOW + 200, &err),
                 ERR_UNAUTHENTICATED);
}

static void the_set_is_bounded_and_forgets(void **state)
{
    OWNED_OF(nonce_set) *set = nonce_set_new();
    struct err err;
    char key_id[16];

    (void)state;
    for (int i = 0; i < NONCE_SET_MAX / NONCE_KEY_MAX; i++) {
        snprintf(key_id, sizeof(key_id), "k%d", i);
        add_many(set, key_id, NONCE_KEY_MAX);
    }
    assert_fails(nonce_set_add(set, "k", "one more", NOW + 100, NOW, &err), ERR_TOO_MANY);
    assert_fails(nonce_set_add(set, "k3", "n7", NOW + 100, NOW, &err), ERR_UNAUTHENTICATED);
    assert_ok(nonce_set_add(set, "k", "one more", NOW + 300, NOW + 200, &err));
    assert_fails(nonce_set_add(set, "k", "one more", NOW + 300, NOW + 200, &err),
                 ERR_UNAUTHENTICATED);
    assert_ok(nonce_set_add(set, "k3", "again", NOW + 300, NOW + 200, &err));
}

static void keys_are_bounded_and_forgotten(void **state)
{
    OWNED_OF(nonce_set) *set = nonce_set_new();
    struct err err;
    char key_id[16];

    (void)state;
    for (int i = 0; i < NONCE_KEYS_MAX; i++) {
        snprintf(key_id, sizeof(key_id), "k%d", i);
        add_many(set, key_id, 1);
    }
    assert_fails(nonce_set_add(set, "k", "n", NOW + 100, NOW, &err), ERR_TOO_MANY);
    assert_ok(nonce_set_add(set, "k7", "another", NOW + 100, NOW, &err));
    assert_fails(nonce_set_add(set, "k7", "n0", NOW + 100, NOW, &err), ERR_UNAUTHENTICATED);
    assert_ok(nonce_set_add(set, "k", "n", NOW + 300, NOW + 200, &err));
}

static void a_clock_that_goes_astray_opens_no_door(void **state)
{
    OWNED_OF(nonce_set) *set = nonce_set_new();
    struct err err;
    char nonce[32];

    (void)state;
    assert_ok(nonce_set_add(set, "k", "n", NOW + 100, NOW, &err));
    for (int i = 0; i < 100; i++) { /* enough for the first one to be dropped */
        snprintf(nonce, sizeof(nonce), "later %d", i);
        assert_ok(nonce_set_add(set, "k", nonce, NOW + 9100, NOW + 9000, &err));
    }
    assert_fails(nonce_set_add(set, "k", "n", NOW + 100, NOW, &err), ERR_UNAUTHENTICATED);
    assert_ok(nonce_set_add(set, "k", "another", NOW + 101, NOW, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_works_once),
        cmocka_unit_test(one_key_takes_no_room_from_others),
        cmocka_unit_test(keys_are_bounded_and_forgotten),
        cmocka_unit_test(the_set_is_bounded_and_forgets),
        cmocka_unit_test(a_clock_that_goes_astray_opens_no_door),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
