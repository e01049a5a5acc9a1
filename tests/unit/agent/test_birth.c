#include "tests/unit/unit.h"

#include "lib/crypto/digest.h"
#include "services/agent-api/pact/birth.h"

static void what_is_written_is_read(void **state)
{
    const struct birth written = {
        .platform = (char *)"vtpm",
        .log_level = 2,
        .algorithm_uid = 4000000000,
        .vm_id = (char *)"vm-1",
        .cvms_url = (char *)"https://cvms:7001",
        .cvms_via = (char *)"10.0.2.100:7001",
        .cvms_ca = (char *)"-----BEGIN\nca\n",
        .cvms_owner = (char *)"-----BEGIN\nkey\n",
        .last_event = 17,
        .manifest = {(uint8_t *)"{}", 2},
        .set = true,
        .manifest_sha256 = {.present = true, .len = SHA256_SIZE, .data = {5}},
        .failure = FAILURE_CRASH,
        .failure_detail = (char *)"why",
        .chain_tls = {(uint8_t *)"chain", 5},
    };
    OWNED_BUF text = BUF_OF(BIRTH_SIZE_MAX);
    OWNED_BIRTH read = {.set = false};
    struct err err;

    (void)state;
    birth_write(&written, &text);
    assert_ok(birth_parse(buf_span(&text), &read, &err));
    assert_int_equal(read.algorithm_uid, 4000000000);
    assert_null(read.local_socket);
    assert_null(read.owner_key);
    assert_string_equal(read.vm_id, "vm-1");
    assert_string_equal(read.cvms_url, "https://cvms:7001");
    assert_string_equal(read.cvms_via, "10.0.2.100:7001");
    assert_string_equal(read.cvms_ca, "-----BEGIN\nca\n");
    assert_string_equal(read.cvms_owner, "-----BEGIN\nkey\n");
    assert_int_equal(read.last_event, 17);
    assert_true(read.set && read.manifest_sha256.present);
    assert_int_equal(read.manifest_sha256.data[0], 5);
    assert_int_equal(read.failure, FAILURE_CRASH);
    assert_true(span_equal(span_of(read.chain_tls.data, read.chain_tls.len), span_of_str("chain")));
    assert_int_equal(read.chain_seal.len, 0);
}

static void what_is_none_is_refused(void **state)
{
    static const char *const texts[] = {"", "{", "{}", "{\"platform\":\"sim\",\"more\":1}"};
    struct birth birth;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_int_equal(birth_parse(span_of_str(texts[i]), &birth, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(what_is_written_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
