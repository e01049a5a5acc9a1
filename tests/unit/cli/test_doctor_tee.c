/* A virsh of our own comes first in PATH and prints what libvirt would print on another host. */
#include "tests/unit/manager/scratch.h"

#include "cli/doctor_tee.h"

static const struct tee_cpu milan = {"AuthenticAMD", 0x1f};

static void host_file(const struct scratch *root, const char *name, const char *text)
{
    OWNED(free_str) char *path = mem_printf("%s%s", root->path, name);
    char *slash = strrchr(path, '/');
    struct err err;

    *slash = '\0';
    assert_ok(file_make_dirs(path, 0755, &err));
    *slash = '/';
    assert_ok(file_replace(path, span_of_str(text), 0755, &err));
}

static struct scratch snp_host(const char *virsh)
{
    static char path[4096];
    struct scratch root = scratch_new();
    const char *before = getenv("PATH");

    host_file(&root, "/sys/module/kvm_amd/parameters/sev_snp", "Y\n");
    host_file(&root, "/sys/module/kvm_amd/parameters/sev_es", "Y\n");
    host_file(&root, "/dev/sev", "");
    host_file(&root, "/usr/bin/qemu-system-x86_64", "");
    host_file(&root, "/path/virsh", virsh);
    snprintf(path, sizeof(path), "%s:%s", in(&root, "path"), before);
    setenv("PATH", path, 1);
    return root;
}

#define VIRSH(name) "#!/bin/sh\ncat tests/unit/manager/capabilities/" name ".xml\n"

static void what_libvirt_offers_is_there(void **state)
{
    SCRATCH root = snp_host(VIRSH("snp"));
    struct tee_verdict verdict;

    (void)state;
    doctor_judge_tee(TEE_SNP, "qemu:///system", root.path, &milan, &verdict);
    assert_true(verdict.available);
    doctor_judge_tee(TEE_SEV_ES, "qemu:///system", root.path, &milan, &verdict);
    assert_true(verdict.available);
}

static void what_libvirt_does_not_offer_is_not(void **state)
{
    SCRATCH root = snp_host(VIRSH("neither"));
    struct tee_verdict verdict;

    (void)state;
    doctor_judge_tee(TEE_SNP, "qemu:///system", root.path, &milan, &verdict);
    assert_false(verdict.available);
    assert_non_null(strstr(verdict.reason, "does not offer it"));
    assert_non_null(strstr(verdict.remedy, "libvirt 10.5"));
}

static void a_libvirt_that_does_not_answer_has_not_said(void **state)
{
    SCRATCH root = snp_host("#!/bin/sh\necho \"<value>sev-snp</value>\"; exit 1\n");
    struct tee_verdict verdict;

    (void)state;
    doctor_judge_tee(TEE_SNP, "qemu:///system", root.path, &milan, &verdict);
    assert_false(verdict.available);
    assert_non_null(strstr(verdict.reason, "has not said"));
}

/* Nobody waits for libvirt when the processor has said no. */
static void libvirt_is_not_asked_in_vain(void **state)
{
    SCRATCH root = snp_host("#!/bin/sh\ntouch \"$(dirname \"$0\")/asked\"\n");
    struct tee_verdict verdict;

    (void)state;
    doctor_judge_tee(TEE_TDX, "qemu:///system", root.path, &milan, &verdict);
    assert_false(verdict.available);
    assert_false(is_there(&root, "path/asked"));
    doctor_judge_tee(TEE_SNP, "qemu:///system", root.path, &milan, &verdict);
    assert_true(is_there(&root, "path/asked"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_libvirt_offers_is_there),
        cmocka_unit_test(what_libvirt_does_not_offer_is_not),
        cmocka_unit_test(a_libvirt_that_does_not_answer_has_not_said),
        cmocka_unit_test(libvirt_is_not_asked_in_vain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
