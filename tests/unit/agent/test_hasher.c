#include "tests/unit/unit.h"

#include "services/agent-api/engine/hasher.h"

static void blocks_of_any_size_give_the_digest_of_the_whole(void **state)
{
    const size_t sizes[] = {1, 300000, 10, 65536, 65537, 262144, 262144, 0, 7};
    OWNED_OF(hasher) *hasher = hasher_new(DIGEST_SHA3_256);
    OWNED_BUF whole = BUF_OF(4 * MIB);
    uint8_t expected[DIGEST_SIZE_MAX], got[DIGEST_SIZE_MAX];
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        uint8_t *bytes = buf_grow(&whole, sizes[i]);

        for (size_t k = 0; k < sizes[i]; k++)
            bytes[k] = (uint8_t)(k * 31 + i);
    }
    for (int round = 0; round < 2; round++) {
        at = 0;
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            hasher_begin(hasher, span_of(whole.data + at, sizes[i]));
            hasher_join(hasher);
            at += sizes[i];
        }
        hasher_finish(hasher, got);
        digest_of(DIGEST_SHA3_256, buf_span(&whole), expected);
        assert_memory_equal(got, expected, 32);
    }
}

static void a_block_need_not_be_waited_for_to_be_counted(void **state)
{
    OWNED_OF(hasher) *hasher = hasher_new(DIGEST_SHA256);
    OWNED(free_str) char *block = mem_zeroed(1, MIB);
    uint8_t expected[DIGEST_SIZE_MAX], got[DIGEST_SIZE_MAX];

    (void)state;
    hasher_begin(hasher, span_of(block, MIB));
    hasher_finish(hasher, got);
    digest_of(DIGEST_SHA256, span_of(block, MIB), expected);
    assert_memory_equal(got, expected, SHA256_SIZE);
}

static void a_hasher_may_go_at_any_time(void **state)
{
    struct hasher *hasher = hasher_new(DIGEST_SHA256);
    OWNED(free_str) char *block = mem_zeroed(1, MIB);

    (void)state;
    hasher_free(NULL);
    hasher_free(hasher);
    hasher = hasher_new(DIGEST_SHA256);
    hasher_begin(hasher, span_of(block, MIB));
    hasher_free(hasher); /* finishes the block first */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_any_size_give_the_digest_of_the_whole),
        cmocka_unit_test(a_block_need_not_be_waited_for_to_be_counted),
        cmocka_unit_test(a_hasher_may_go_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
