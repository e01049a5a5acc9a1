#include "tests/unit/unit.h"

#include "services/agent-api/attester/tpm_device.h"
#include "tests/fakes/fake_tpm.h"

#define REGISTERS 0x7bffu

static struct fake_tpm fake;

static int start(void **state)
{
    (void)state;
    return fake_tpm_start(&fake) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    fake_tpm_stop(&fake);
    return 0;
}

static void ask(struct tpm_device *tpm, uint32_t mask, uint8_t out[static SHA256_SIZE])
{
    struct err err;

    memset(out, 0, SHA256_SIZE);
    assert_ok(tpm_device_secret(tpm, mask, out, &err));
    assert_false(span_is_zero(span_of(out, SHA256_SIZE)));
}

static void another_boot_has_another_secret(void **state)
{
    uint8_t first[SHA256_SIZE], second[SHA256_SIZE], third[SHA256_SIZE], digest[SHA256_SIZE] = {9};
    struct tpm_device *tpm = NULL;
    struct err err;

    (void)state;
    assert_ok(tpm_device_open(fake.tcti, &tpm, &err));
    ask(tpm, REGISTERS, first);
    assert_ok(tpm_device_extend(tpm, 10, digest, &err));
    assert_ok(tpm_device_extend(tpm, 15, digest, &err));
    ask(tpm, REGISTERS, second);
    assert_memory_equal(first, second, SHA256_SIZE); /* neither is of the boot */
    assert_ok(tpm_device_extend(tpm, 9, digest, &err));
    ask(tpm, REGISTERS, second);
    assert_memory_not_equal(first, second, SHA256_SIZE);
    ask(tpm, 1, third);
    assert_memory_not_equal(first, third, SHA256_SIZE);
    tpm_device_free(tpm);

    fake_tpm_reset(&fake);
    assert_ok(tpm_device_open(fake.tcti, &tpm, &err));
    ask(tpm, REGISTERS, second);
    assert_memory_equal(first, second, SHA256_SIZE);
    tpm_device_free(tpm);
}

static void asking_takes_nothing_of_the_tpm(void **state)
{
    uint8_t secret[SHA256_SIZE];
    OWNED_TPM_DEVICE *tpm = NULL;
    struct err err;

    (void)state;
    assert_ok(tpm_device_open(fake.tcti, &tpm, &err));
    for (int i = 0; i < 20; i++) /* more than it has room for keys or sessions */
        ask(tpm, REGISTERS, secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_boot_has_another_secret),
        cmocka_unit_test(asking_takes_nothing_of_the_tpm),
    };
    int failed = cmocka_run_group_tests(tests, start, stop);

    if (fake.pid == 0)
        return 0; /* it said why */
    return failed;
}
