#include "tests/unit/unit.h"

#include "lib/crypto/secret.h"

static void equality_needs_length_and_every_byte(void **state)
{
    (void)state;
    assert_true(secret_equal(span_of_str("abc"), span_of_str("abc")));
    assert_true(secret_equal(span_of(NULL, 0), span_of_str("")));
    assert_false(secret_equal(span_of_str("abc"), span_of_str("abd")));
    assert_false(secret_equal(span_of_str("abc"), span_of_str("xbc")));
    assert_false(secret_equal(span_of_str("abc"), span_of_str("ab")));
    assert_false(secret_equal(span_of(NULL, 0), span_of_str("a")));
}

static void secrets_start_as_zeros_and_end_as_nothing(void **state)
{
    struct secret secret = secret_new(32);

    (void)state;
    assert_int_equal(secret.len, 32);
    assert_true(span_is_zero(span_of(secret.data, secret.len)));
    secret_done(&secret);
    assert_null(secret.data);
    assert_int_equal(secret.len, 0);
    secret_done(&secret);
}

static void random_bytes_fill_the_whole_and_differ(void **state)
{
    uint8_t a[1000] = {0}, b[1000] = {0};
    size_t zeros = 0;

    (void)state;
    random_bytes(a, sizeof(a));
    random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    for (size_t i = 0; i < sizeof(a); i++)
        zeros += a[i] == 0;
    assert_true(zeros < 40); /* four are expected */
    random_bytes(NULL, 0);
}

static void uuids_are_version_4(void **state)
{
    char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];

    (void)state;
    for (int i = 0; i < 100; i++) {
        random_uuid(a);
        assert_int_equal(strlen(a), UUID_TEXT_SIZE - 1);
        assert_int_equal(strspn(a, "0123456789abcdef-"), UUID_TEXT_SIZE - 1);
        assert_true(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-');
        assert_int_equal(a[14], '4');
        assert_non_null(strchr("89ab", a[19]));
    }
    random_uuid(b);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_needs_length_and_every_byte),
        cmocka_unit_test(secrets_start_as_zeros_and_end_as_nothing),
        cmocka_unit_test(random_bytes_fill_the_whole_and_differ),
        cmocka_unit_test(uuids_are_version_4),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
