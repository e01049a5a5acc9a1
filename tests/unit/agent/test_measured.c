#include "tests/unit/unit.h"

#include "lib/cbor/cbor.h"
#include "services/agent-api/identity/measured.h"

#include <fcntl.h>
#include <unistd.h>

static struct cbor descriptor_of(const struct measured *measured)
{
    struct cbor doc;
    struct err err;

    assert_false(measured->input.config_is_inline);
    assert_ok(cbor_parse(measured->input.config, CBOR_DETERMINISTIC, &doc, &err));
    return doc;
}

static void without_tpm_and_log_nothing_is_claimed(void **state)
{
    OWNED_MEASURED measured;

    (void)state;
    measured_boot(NULL, span_of(NULL, 0), &measured);
    assert_true(span_is_zero(SPAN_OF_ARRAY(measured.input.code)));
    assert_true(cbor_text_is(cbor_find_int(descriptor_of(&measured), 1), "platform"));
}

static void a_log_alone_is_measured_whole(void **state)
{
    OWNED_MEASURED measured;
    uint8_t expected[DICE_HASH_SIZE];

    (void)state;
    measured_boot(NULL, span_of_str("log"), &measured);
    digest_of(DIGEST_SHA512, span_of_str("log"), expected);
    assert_memory_equal(measured.input.code, expected, sizeof(expected));
    assert_true(cbor_text_is(cbor_find_int(descriptor_of(&measured), 1), "event-log"));
}

static void registers_of_the_boot_count_and_no_others(void **state)
{
    struct pcr_bank bank;
    uint8_t digest[SHA256_SIZE] = {1};
    struct err err;

    (void)state;
    for (unsigned pcr = 0; pcr < 17; pcr++) {
        OWNED_MEASURED before, after;

        pcr_bank_init(&bank, DIGEST_SHA256);
        measured_boot(&bank, span_of_str("a log that a TPM makes superfluous"), &before);
        assert_ok(pcr_bank_extend(&bank, pcr, SPAN_OF_ARRAY(digest), &err));
        measured_boot(&bank, span_of(NULL, 0), &after);
        assert_int_equal(memcmp(before.input.code, after.input.code, DICE_HASH_SIZE) != 0,
                         pcr < 15 && pcr != 10);
        assert_int_equal(span_equal(before.input.config, after.input.config),
                         pcr >= 15 || pcr == 10);
    }
}

static void the_descriptor_holds_the_registers_that_the_code_is_of(void **state)
{
    OWNED_MEASURED measured;
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA512);
    struct pcr_bank bank;
    struct cbor registers;
    uint8_t expected[DICE_HASH_SIZE];

    (void)state;
    pcr_bank_init(&bank, DIGEST_SHA256);
    measured_boot(&bank, span_of(NULL, 0), &measured);
    registers = cbor_find_int(descriptor_of(&measured), 2);
    assert_int_equal(registers.number, 14);
    for (size_t i = 0; i < registers.number; i++)
        digest_add(digest, cbor_bytes(cbor_at(registers, i)));
    digest_finish(digest, expected);
    assert_memory_equal(measured.input.code, expected, sizeof(expected));
}

static void the_agent_is_its_program_and_its_configuration(void **state)
{
    const uint8_t code[DICE_HASH_SIZE] = {5};
    const uint8_t config[SHA256_SIZE] = {6};
    OWNED_MEASURED measured;

    (void)state;
    measured_agent(code, config, &measured);
    assert_memory_equal(measured.input.code, code, sizeof(code));
    assert_true(
        span_equal(cbor_bytes(cbor_find_int(descriptor_of(&measured), 2)), SPAN_OF_ARRAY(config)));
}

static void a_program_is_hashed_to_its_end(void **state)
{
    char path[] = "/tmp/cocos-measured-XXXXXX";
    uint8_t bytes[200000], got[DICE_HASH_SIZE], expected[DICE_HASH_SIZE];
    int fd = mkstemp(path);
    struct err err;

    (void)state;
    unlink(path);
    memset(bytes, 'x', sizeof(bytes));
    assert_ok(file_write_fd(fd, SPAN_OF_ARRAY(bytes), &err));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_ok(measured_hash_file(fd, got, &err));
    digest_of(DIGEST_SHA512, SPAN_OF_ARRAY(bytes), expected);
    assert_memory_equal(got, expected, sizeof(got));
    close(fd);
    assert_fails(measured_hash_file(fd, got, &err), ERR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_tpm_and_log_nothing_is_claimed),
        cmocka_unit_test(a_log_alone_is_measured_whole),
        cmocka_unit_test(registers_of_the_boot_count_and_no_others),
        cmocka_unit_test(the_descriptor_holds_the_registers_that_the_code_is_of),
        cmocka_unit_test(the_agent_is_its_program_and_its_configuration),
        cmocka_unit_test(a_program_is_hashed_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
