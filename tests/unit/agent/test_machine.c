#include "tests/unit/unit.h"

#include "lib/crypto/key.h"
#include "services/agent-api/machine.h"
#include "tests/fakes/fake_tpm.h"

#include <unistd.h>

static struct config config_of(enum platform platform)
{
    return (struct config){.platform = (int)platform,
                           .tpm = (char *)"",
                           .sim_key = (char *)"",
                           .sim_measurement = (char *)""};
}

static void what_is_asked_for_must_be_there(void **state)
{
    struct config config = config_of(PLATFORM_TDX);
    struct machine machine;
    struct err err;

    (void)state;
    if (access(TSM_ROOT, F_OK) == 0 || access(SEV_GUEST_DEVICE, F_OK) == 0)
        skip();
    assert_fails(machine_find(&config, &machine, &err), ERR_USAGE);
    assert_non_null(strstr(err.text, "platform tdx: "));
    config = config_of(PLATFORM_SNP);
    assert_fails(machine_find(&config, &machine, &err), ERR_USAGE);
    config = config_of(PLATFORM_VTPM);
    assert_fails(machine_find(&config, &machine, &err), ERR_USAGE);
    assert_string_equal(err.text, "platform vtpm: no TPM here");
}

static void a_tpm_that_does_not_answer_is_none(void **state)
{
    struct config config = config_of(PLATFORM_VTPM);
    struct machine machine;
    struct err err;

    (void)state;
    config.tpm = (char *)"device:/dev/no-such-tpm";
    assert_fails(machine_find(&config, &machine, &err), ERR_USAGE);
}

static void the_stand_in_is_never_taken_by_itself(void **state)
{
    struct config config = config_of(PLATFORM_AUTO);
    struct machine machine;
    struct err err;

    (void)state;
    assert_ok(machine_find(&config, &machine, &err));
    assert_string_not_equal(machine.platform, "sim");
    assert_string_not_equal(machine.platform, "auto");
    machine_done(&machine);

    config = config_of(PLATFORM_SIM);
    assert_ok(machine_find(&config, &machine, &err));
    assert_string_equal(machine.platform, "sim");
    assert_ptr_equal(machine.desk.attesters[0], &attester_sim);
    assert_null(machine.desk.attesters[1]);
    machine_done(&machine);
}

static void the_stand_in_signs_with_a_key_on_p384_only(void **state)
{
    struct config config = config_of(PLATFORM_SIM);
    char path[] = "/tmp/cocos-sim-XXXXXX";
    OWNED_BUF pem = BUF_OF(4 * KIB);
    OWNED_KEY *key = NULL;
    struct machine machine;
    struct err err;

    (void)state;
    close(mkstemp(path));
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    assert_ok(key_write_private_pem(key, &pem, &err));
    assert_ok(file_replace(path, buf_span(&pem), 0600, &err));
    config.sim_key = path;
    assert_fails(machine_find(&config, &machine, &err), ERR_USAGE);
    unlink(path);
    assert_fails(machine_find(&config, &machine, &err), ERR_NOT_FOUND);
}

static void nothing_is_found_where_nothing_is_asked_for(void **state)
{
    struct config config = config_of(PLATFORM_NONE);
    struct machine machine;
    struct err err;

    (void)state;
    config.tpm = (char *)"device:/dev/no-such-tpm";
    assert_ok(machine_find(&config, &machine, &err));
    assert_string_equal(machine.platform, "none");
    assert_null(machine.desk.attesters[0]);
    machine_done(&machine);
}

static void a_tpm_is_found(void **state)
{
    struct config config = config_of(PLATFORM_AUTO);
    struct machine machine;
    struct fake_tpm fake;
    struct err err;

    (void)state;
    if (access(TSM_ROOT, F_OK) == 0 || !fake_tpm_start(&fake))
        skip();
    config.tpm = fake.tcti;
    assert_ok(machine_find(&config, &machine, &err));
    assert_string_equal(machine.platform, "vtpm");
    assert_ptr_equal(machine.desk.attesters[0], &attester_vtpm);
    machine_done(&machine);
    fake_tpm_stop(&fake);
}

static void where_the_platform_has_no_secret_each_start_has_its_own(void **state)
{
    struct config config = config_of(PLATFORM_SIM);
    uint8_t first[ATTESTER_SECRET_SIZE] = {0}, second[ATTESTER_SECRET_SIZE] = {0};
    OWNED_MEASURED measured;
    struct machine machine;
    struct err err;

    (void)state;
    assert_ok(machine_find(&config, &machine, &err));
    machine_secret(&machine, first);
    machine_secret(&machine, second);
    assert_memory_not_equal(first, second, sizeof(first));
    assert_ok(machine_measured(&machine, &measured, &err));
    assert_int_equal(measured.input.mode, DICE_NORMAL);
    machine_done(&machine);
}

static void a_tpms_secret_and_registers_are_where_the_identity_begins(void **state)
{
    struct config config = config_of(PLATFORM_VTPM);
    uint8_t first[ATTESTER_SECRET_SIZE] = {0}, second[ATTESTER_SECRET_SIZE] = {0};
    OWNED_MEASURED measured;
    struct machine machine;
    struct fake_tpm fake;
    struct err err;

    (void)state;
    if (!fake_tpm_start(&fake))
        skip();
    config.tpm = fake.tcti;
    assert_ok(machine_find(&config, &machine, &err));
    machine_secret(&machine, first);
    machine_secret(&machine, second);
    assert_memory_equal(first, second, sizeof(first));
    assert_ok(machine_measured(&machine, &measured, &err));
    assert_false(span_is_zero(SPAN_OF_ARRAY(measured.input.code)));
    machine_done(&machine);
    fake_tpm_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for_must_be_there),
        cmocka_unit_test(a_tpm_that_does_not_answer_is_none),
        cmocka_unit_test(the_stand_in_is_never_taken_by_itself),
        cmocka_unit_test(the_stand_in_signs_with_a_key_on_p384_only),
        cmocka_unit_test(nothing_is_found_where_nothing_is_asked_for),
        cmocka_unit_test(where_the_platform_has_no_secret_each_start_has_its_own),
        cmocka_unit_test(a_tpms_secret_and_registers_are_where_the_identity_begins),
        cmocka_unit_test(a_tpm_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
