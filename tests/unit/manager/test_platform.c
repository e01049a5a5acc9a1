#include "tests/unit/manager/scratch.h"

#include "services/manager-api/fleet/platform.h"

/* A host that has everything of AMD. */
static struct platform_host snp_host(void)
{
    struct platform_host host = {.kvm = true, .tee = {.cpu = {"AuthenticAMD", 0x1f}, .qemu = true}};

    for (size_t i = 0; i < TEE_COUNT; i++) {
        host.tee.module[i] = TEE_ON;
        host.hypervisor.offers[i] = TEE_ON;
    }
    return host;
}

static bool is_available(enum vm_platform platform, const struct platform_host *host)
{
    struct platform found;

    platform_judge(platform, host, &found);
    assert_string_not_equal(found.reason, "");
    assert_true(found.available || found.remedy[0] != '\0');
    return found.available;
}

static void a_plain_vm_is_always_to_be_had(void **state)
{
    const struct platform_host nothing = {.kvm = false};

    (void)state;
    assert_true(is_available(VM_PLATFORM_VM, &nothing));
    assert_false(is_available(VM_PLATFORM_SNP, &nothing));
    assert_false(is_available(VM_PLATFORM_TDX, &nothing));
}

static void what_the_host_has_is_available(void **state)
{
    struct platform_host host = snp_host();

    (void)state;
    assert_true(is_available(VM_PLATFORM_SNP, &host));
    assert_false(is_available(VM_PLATFORM_TDX, &host));
    host.tee.cpu = (struct tee_cpu){"GenuineIntel", 0};
    assert_true(is_available(VM_PLATFORM_TDX, &host));
    assert_false(is_available(VM_PLATFORM_SNP, &host));
}

static void libvirt_is_believed_as_it_is_now(void **state)
{
    struct platform_host host = snp_host();

    (void)state;
    host.hypervisor.offers[TEE_SNP] = TEE_OFF;
    assert_false(is_available(VM_PLATFORM_SNP, &host));
    host.hypervisor.offers[TEE_SNP] = TEE_ABSENT;
    assert_false(is_available(VM_PLATFORM_SNP, &host));
}

static void emulation_protects_nothing(void **state)
{
    struct platform_host host = snp_host();
    struct platform found;

    (void)state;
    host.kvm = false;
    platform_judge(VM_PLATFORM_SNP, &host, &found);
    assert_false(found.available);
    assert_non_null(strstr(found.remedy, "COCOS_MANAGER_ACCEL"));
}

static void what_proves_nothing_is_not_offered(void **state)
{
    struct platform_host host = snp_host();
    struct platform found;

    (void)state;
    platform_judge(VM_PLATFORM_SEV_ES, &host, &found);
    assert_false(found.available);
    assert_non_null(strstr(found.reason, "prove to nobody"));
    assert_false(is_available(VM_PLATFORM_SEV, &host));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_vm_is_always_to_be_had),
        cmocka_unit_test(what_the_host_has_is_available),
        cmocka_unit_test(libvirt_is_believed_as_it_is_now),
        cmocka_unit_test(emulation_protects_nothing),
        cmocka_unit_test(what_proves_nothing_is_not_offered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
