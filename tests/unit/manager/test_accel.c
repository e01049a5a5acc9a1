#include "tests/unit/unit.h"

#include "services/manager-api/vm/accel.h"
#include "services/manager-api/vm/capabilities.h"

#include <errno.h>

static const struct accel_probe no_device = {.open_errno = ENOENT};
static const struct accel_probe no_vm = {.create_errno = ENODEV, .cpu_flag = true};
static const struct accel_probe software = {.cpu_flag = false};
static const struct accel_probe hardware = {.cpu_flag = true};

static void auto_takes_kvm_only_when_all_three_signs_agree(void **state)
{
    struct accel accel;
    struct err err;

    (void)state;
    assert_ok(accel_decide(ACCEL_AUTO, &no_device, &accel, &err));
    assert_false(accel.kvm);
    assert_non_null(strstr(accel.reason, "does not open"));
    assert_ok(accel_decide(ACCEL_AUTO, &no_vm, &accel, &err));
    assert_false(accel.kvm);
    assert_non_null(strstr(accel.reason, "makes no VM"));
    assert_ok(accel_decide(ACCEL_AUTO, &software, &accel, &err));
    assert_false(accel.kvm);
    assert_non_null(strstr(accel.reason, "vmx nor svm"));
    assert_ok(accel_decide(ACCEL_AUTO, &hardware, &accel, &err));
    assert_true(accel.kvm);
}

static void kvm_on_demand_fails_with_the_reason(void **state)
{
    struct accel accel;
    struct err err;

    (void)state;
    assert_fails(accel_decide(ACCEL_KVM, &no_device, &accel, &err), ERR_USAGE);
    assert_non_null(strstr(err.text, "/dev/kvm does not open"));
    assert_fails(accel_decide(ACCEL_KVM, &no_vm, &accel, &err), ERR_USAGE);
    assert_ok(accel_decide(ACCEL_KVM, &software, &accel, &err));
    assert_true(accel.kvm);
}

static void tcg_on_demand_never_takes_kvm(void **state)
{
    struct accel accel;
    struct err err;

    (void)state;
    assert_ok(accel_decide(ACCEL_TCG, &hardware, &accel, &err));
    assert_false(accel.kvm);
}

static void cpu_flags_are_whole_words_of_flag_lines(void **state)
{
    static const struct {
        const char *text;
        bool found;
    } cases[] = {
        {"", false},
        {"flags\t\t: fpu vme svm\n", true},
        {"processor: 0\nflags\t\t: fpu vmx pse\nbugs: x\n", true},
        {"flags\t\t: vmx", true},
        {"flags\t\t: fpu svm_lock nvmx vmxx\n", false},
        {"vmx flags\t: ept vpid\nmodel name: svm\n", false},
        {"vmx\n", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(accel_cpu_flag(span_of_str(cases[i].text)), cases[i].found);
}

static const char host[] =
    "<capabilities><host><secmodel><model>none</model><doi>0</doi></secmodel>"
    "<secmodel><model>dac</model><doi>0</doi><baselabel type='kvm'>+1:+2</baselabel>"
    "<baselabel type='qemu'>+64055:+107</baselabel></secmodel></host></capabilities>";

static void the_user_of_guests_is_found(void **state)
{
    struct vm_hypervisor found = {.uid = 9};

    (void)state;
    capabilities_read_user(span_of_str(host), &found);
    assert_true(found.has_user);
    assert_int_equal(found.uid, 64055);
    assert_int_equal(found.gid, 107);
}

static void odd_users_are_no_users(void **state)
{
    static const char *const labels[] = {"",    "root:root",      "+0", "+1:+2:+3", "+1:+2 x",
                                         "1:2", "+99999999999:+1"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(labels); i++) {
        OWNED(free_str)
        char *xml =
            mem_printf("<capabilities><host><secmodel><model>dac</model>"
                       "<baselabel type='qemu'>%s</baselabel></secmodel></host></capabilities>",
                       labels[i]);
        struct vm_hypervisor found = {0};

        capabilities_read_user(span_of_str(xml), &found);
        assert_false(found.has_user);
    }
    struct vm_hypervisor found = {0};
    capabilities_read_user(span_of_str("<not xml"), &found);
    assert_false(found.has_user);
}

static void tpm_emulators_are_found(void **state)
{
    static const char with[] =
        "<domainCapabilities><devices><tpm supported='yes'><enum "
        "name='model'><value>tpm-crb</value>"
        "</enum><enum name='backendModel'><value>passthrough</value><value>emulator</value></enum>"
        "</tpm></devices></domainCapabilities>";
    static const char without[] =
        "<domainCapabilities><devices><tpm supported='no'/></devices></domainCapabilities>";
    struct vm_hypervisor found = {0};

    (void)state;
    capabilities_read_devices(span_of_str(with), &found);
    assert_true(found.tpm);
    capabilities_read_devices(span_of_str(without), &found);
    assert_false(found.tpm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auto_takes_kvm_only_when_all_three_signs_agree),
        cmocka_unit_test(kvm_on_demand_fails_with_the_reason),
        cmocka_unit_test(tcg_on_demand_never_takes_kvm),
        cmocka_unit_test(cpu_flags_are_whole_words_of_flag_lines),
        cmocka_unit_test(the_user_of_guests_is_found),
        cmocka_unit_test(odd_users_are_no_users),
        cmocka_unit_test(tpm_emulators_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
