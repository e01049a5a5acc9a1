#include "tests/unit/unit.h"

#include "services/agent-api/attester/rtmr.h"

#include <sys/stat.h>
#include <unistd.h>

#define PLACE "devices/virtual/misc/tdx_guest/measurements"

static const uint8_t digest[SHA256_SIZE] = {1, 2, 3};

static void a_kernel_without_the_file_extends_nothing(void **state)
{
    bool done = true;
    struct err err;

    (void)state;
    assert_ok(rtmr_extend("/no/such/place", digest, &done, &err));
    assert_false(done);
}

static void a_file_that_takes_nothing_is_a_failure(void **state)
{
    char dir[] = "/tmp/cocos-rtmr-XXXXXX";
    OWNED(free_str) char *path = NULL;
    bool done = true;
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    path = mem_printf("%s/" PLACE "/rtmr3:sha384", dir);
    assert_ok(file_make_dirs(path, 0700, &err)); /* a directory stands there */
    assert_fails(rtmr_extend(dir, digest, &done, &err), ERR_SYSTEM);
    assert_false(done);
    assert_ok(file_remove_tree(dir, &err));
}

static void the_digest_is_filled_up_to_the_registers_size(void **state)
{
    char dir[] = "/tmp/cocos-rtmr-XXXXXX";
    OWNED(free_str) char *place = NULL;
    OWNED(free_str) char *path = NULL;
    uint8_t expected[SHA384_SIZE] = {1, 2, 3};
    OWNED_BUF written = BUF_OF(1 * KIB);
    bool done = false;
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    place = mem_printf("%s/" PLACE, dir);
    path = mem_printf("%s/rtmr3:sha384", place);
    assert_ok(file_make_dirs(place, 0700, &err));
    assert_ok(file_create(path, span_of(NULL, 0), 0600, &err));
    assert_ok(rtmr_extend(dir, digest, &done, &err));
    assert_true(done);
    assert_ok(file_read(path, &written, &err));
    assert_true(span_equal(buf_span(&written), SPAN_OF_ARRAY(expected)));
    assert_ok(file_remove_tree(dir, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kernel_without_the_file_extends_nothing),
        cmocka_unit_test(a_file_that_takes_nothing_is_a_failure),
        cmocka_unit_test(the_digest_is_filled_up_to_the_registers_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
