#include "tests/unit/unit.h"

#include "lib/attest/evidence/snp_report.h"
#include "services/agent-api/attester/sev_guest.h"

#include <errno.h>
#include <linux/sev-guest.h>
#include <sys/ioctl.h>

/* A driver that answers as the real one does. */
static struct {
    uint32_t status, size;
    uint32_t certificates; /* bytes that the host has; more than there is room for must be said */
    int fails;             /* errno; 0: does not */
    unsigned calls;
    uint8_t asked[SHA512_SIZE];
    uint32_t vmpl; /* of this guest: the firmware derives keys for this level and those below */
    uint64_t key_fields;
} driver;

static int derive_key(struct snp_guest_request_ioctl *call)
{
    const struct snp_derived_key_req *ask = (void *)(uintptr_t)call->req_data;
    struct snp_derived_key_resp *answer = (void *)(uintptr_t)call->resp_data;

    driver.calls++;
    if (driver.fails != 0 || ask->vmpl < driver.vmpl) {
        call->fw_error = 0x16;
        errno = EIO;
        return -1;
    }
    driver.key_fields = ask->guest_field_select;
    memcpy(answer->data, &driver.status, 4);
    memset(answer->data + 4, 'x', 28);
    memset(answer->data + 32, 'k' + (int)ask->vmpl, 32);
    return 0;
}

static int fake_ioctl(int fd, unsigned long request, void *argument)
{
    struct snp_guest_request_ioctl *call = argument;
    struct snp_ext_report_req *ask = (void *)(uintptr_t)call->req_data;
    struct snp_report_resp *answer = (void *)(uintptr_t)call->resp_data;

    assert_true(fd >= 0);
    assert_int_equal(call->msg_version, 1);
    if (request == SNP_GET_DERIVED_KEY)
        return derive_key(call);
    assert_true(request == SNP_GET_EXT_REPORT);
    assert_int_equal(ask->certs_len % 4096, 0); /* the driver takes whole pages only */
    driver.calls++;
    if (driver.fails != 0) {
        call->fw_error = 0x16;
        errno = driver.fails;
        return -1;
    }
    if (driver.certificates > ask->certs_len) {
        call->vmm_error = SNP_GUEST_VMM_ERR_INVALID_LEN;
        ask->certs_len = (driver.certificates + 4095) & ~4095u;
        errno = EIO;
        return -1;
    }
    memcpy(driver.asked, ask->data.user_data, SHA512_SIZE);
    memset((void *)(uintptr_t)ask->certs_address, 'c', driver.certificates);
    memcpy(answer->data, &driver.status, 4);
    memcpy(answer->data + 4, &driver.size, 4);
    memset(answer->data + 32, 'r', SNP_REPORT_SIZE);
    return 0;
}

static const struct sev_guest_kernel kernel = {"/dev/null", fake_ioctl};
static const uint8_t report_data[SHA512_SIZE] = {1, 2, 3};

static int begin(void **state)
{
    (void)state;
    memset(&driver, 0, sizeof(driver));
    driver.size = SNP_REPORT_SIZE;
    return 0;
}

static void without_the_device_there_is_none(void **state)
{
    const struct sev_guest_kernel nowhere = {"/dev/no-such-device", fake_ioctl};
    struct sev_guest_answer answer;
    struct err err;

    (void)state;
    assert_fails(sev_guest_probe(&nowhere, &err), ERR_NOT_FOUND);
    assert_fails(sev_guest_report(&nowhere, report_data, &answer, &err), ERR_NOT_FOUND);
    assert_ok(sev_guest_probe(&kernel, &err));
    assert_int_equal(driver.calls, 0);
}

static void a_failure_is_told_with_the_firmwares_word(void **state)
{
    struct sev_guest_answer answer;
    struct err err;

    (void)state;
    driver.fails = EIO;
    assert_fails(sev_guest_report(&kernel, report_data, &answer, &err), ERR_SYSTEM);
    assert_non_null(strstr(err.text, "firmware 22"));
    assert_int_equal(driver.calls, 1);
}

static void what_is_no_report_is_refused(void **state)
{
    struct sev_guest_answer answer;
    struct err err;

    (void)state;
    driver.status = 0x16;
    assert_fails(sev_guest_report(&kernel, report_data, &answer, &err), ERR_SYSTEM);
    driver.status = 0;
    driver.size = SNP_REPORT_SIZE - 1;
    assert_fails(sev_guest_report(&kernel, report_data, &answer, &err), ERR_SYSTEM);
}

static void certificates_beyond_the_ceiling_are_refused(void **state)
{
    struct sev_guest_answer answer;
    struct err err;

    (void)state;
    driver.certificates = SEV_GUEST_CERTIFICATE_MAX + 1;
    assert_fails(sev_guest_report(&kernel, report_data, &answer, &err), ERR_TOO_LARGE);
}

static void the_report_comes_with_the_hosts_certificates(void **state)
{
    OWNED_SEV_GUEST_ANSWER answer = {.report = BUF_OF(0)};
    struct err err;

    (void)state;
    driver.certificates = 4097;
    assert_ok(sev_guest_report(&kernel, report_data, &answer, &err));
    assert_int_equal(answer.report.len, SNP_REPORT_SIZE);
    assert_int_equal(answer.report.data[0], 'r');
    assert_int_equal(answer.report.data[SNP_REPORT_SIZE - 1], 'r');
    assert_int_equal(answer.certificates.data[4096], 'c');
    assert_int_equal(answer.certificates.data[4097], 0);
    assert_memory_equal(driver.asked, report_data, SHA512_SIZE);
}

static void a_host_with_many_certificates_gets_more_room(void **state)
{
    OWNED_SEV_GUEST_ANSWER answer = {.report = BUF_OF(0)};
    struct err err;

    (void)state;
    driver.certificates = 20000;
    assert_ok(sev_guest_report(&kernel, report_data, &answer, &err));
    assert_int_equal(driver.calls, 2);
    assert_int_equal(answer.certificates.data[19999], 'c');
}

static void a_key_that_the_firmware_does_not_give_is_none(void **state)
{
    const struct sev_guest_kernel nowhere = {"/dev/no-such-device", fake_ioctl};
    uint8_t key[SEV_GUEST_KEY_SIZE] = {1, 2, 3};
    const uint8_t before[SEV_GUEST_KEY_SIZE] = {1, 2, 3};
    struct err err;

    (void)state;
    assert_fails(sev_guest_derive_key(&nowhere, key, &err), ERR_NOT_FOUND);
    driver.fails = EIO;
    assert_fails(sev_guest_derive_key(&kernel, key, &err), ERR_SYSTEM);
    assert_non_null(strstr(err.text, "firmware 22"));
    driver.fails = 0;
    driver.status = 0x27;
    assert_fails(sev_guest_derive_key(&kernel, key, &err), ERR_SYSTEM);
    assert_non_null(strstr(err.text, "status 39"));
    assert_memory_equal(key, before, sizeof(key));
}

static void a_key_is_derived_from_what_was_measured(void **state)
{
    uint8_t key[SEV_GUEST_KEY_SIZE], expected[SEV_GUEST_KEY_SIZE];
    struct err err;

    (void)state;
    assert_ok(sev_guest_derive_key(&kernel, key, &err));
    memset(expected, 'k', sizeof(expected));
    assert_memory_equal(key, expected, sizeof(key));
    assert_true((driver.key_fields & 8) != 0); /* the measurement */
}

static void a_guest_below_an_svsm_gets_the_key_of_its_level(void **state)
{
    uint8_t key[SEV_GUEST_KEY_SIZE], expected[SEV_GUEST_KEY_SIZE];
    struct err err;

    (void)state;
    driver.vmpl = 2;
    assert_ok(sev_guest_derive_key(&kernel, key, &err));
    memset(expected, 'k' + 2, sizeof(expected));
    assert_memory_equal(key, expected, sizeof(key));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(without_the_device_there_is_none),
        TEST(a_failure_is_told_with_the_firmwares_word),
        TEST(what_is_no_report_is_refused),
        TEST(certificates_beyond_the_ceiling_are_refused),
        TEST(the_report_comes_with_the_hosts_certificates),
        TEST(a_host_with_many_certificates_gets_more_room),
        TEST(a_key_that_the_firmware_does_not_give_is_none),
        TEST(a_key_is_derived_from_what_was_measured),
        TEST(a_guest_below_an_svsm_gets_the_key_of_its_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
