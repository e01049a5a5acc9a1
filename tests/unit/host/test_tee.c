#include "tests/unit/manager/scratch.h"

#include "lib/host/tee.h"

#include <errno.h>

static const struct tee_cpu milan = {"AuthenticAMD", 0x1f};
static const struct tee_cpu rome = {"AuthenticAMD", 0x0f};
static const struct tee_cpu emerald = {"GenuineIntel", 0};

/* A file of the host below the scratch directory, with its directories. */
static void host_file(const struct scratch *root, const char *name, const char *text)
{
    OWNED(free_str) char *path = mem_printf("%s%s", root->path, name);
    char *slash = strrchr(path, '/');
    struct err err;

    *slash = '\0';
    assert_ok(file_make_dirs(path, 0755, &err));
    *slash = '/';
    assert_ok(file_replace(path, span_of_str(text), 0644, &err));
}

static void make_snp_host(const struct scratch *root)
{
    host_file(root, "/sys/module/kvm_amd/parameters/sev", "Y\n");
    host_file(root, "/sys/module/kvm_amd/parameters/sev_es", "Y\n");
    host_file(root, "/sys/module/kvm_amd/parameters/sev_snp", "Y\n");
    host_file(root, "/dev/sev", "");
    host_file(root, "/usr/bin/qemu-system-x86_64", "");
}

static void make_tdx_host(const struct scratch *root)
{
    host_file(root, "/sys/module/kvm_intel/parameters/tdx", "1\n");
    host_file(root, "/usr/bin/qemu-system-x86_64", "");
    host_file(root, TEE_QUOTE_SOCKET, "");
}

/* Looks at the host and has libvirt offer everything. */
static struct tee_probe look(const struct scratch *root, const struct tee_cpu *cpu)
{
    struct tee_probe probe;

    tee_probe(root->path, cpu, &probe);
    for (size_t i = 0; i < TEE_COUNT; i++)
        probe.libvirt[i] = TEE_ON;
    return probe;
}

static void assert_missing(enum tee tee, const struct tee_probe *probe, const char *reason,
                           const char *remedy)
{
    struct tee_verdict verdict;

    tee_judge(tee, probe, &verdict);
    assert_false(verdict.available);
    if (strstr(verdict.reason, reason) == NULL || strstr(verdict.remedy, remedy) == NULL)
        fail_msg("'%s' / '%s' do not say '%s' / '%s'", verdict.reason, verdict.remedy, reason,
                 remedy);
}

static void assert_available(enum tee tee, const struct tee_probe *probe, const char *remedy)
{
    struct tee_verdict verdict;

    tee_judge(tee, probe, &verdict);
    if (!verdict.available)
        fail_msg("%s: %s", tee_names[tee], verdict.reason);
    assert_non_null(strstr(verdict.remedy, remedy));
    assert_true(remedy[0] != '\0' || verdict.remedy[0] == '\0');
}

static void an_ordinary_host_has_nothing(void **state)
{
    SCRATCH root = scratch_new();
    struct tee_probe amd = look(&root, &rome), intel = look(&root, &emerald);

    (void)state;
    assert_missing(TEE_SNP, &amd, "does not show SEV-SNP (CPUID 8000001F, EAX 0xf)", "Milan");
    assert_missing(TEE_SNP, &intel, "is of 'GenuineIntel'", "AMD EPYC");
    assert_missing(TEE_TDX, &amd, "is of 'AuthenticAMD'", "Intel Xeon");
    assert_missing(TEE_TDX, &intel, "no /sys/module/kvm_intel/parameters/tdx", "Linux 6.16");
    assert_missing(TEE_SEV, &amd, "no /sys/module/kvm_amd/parameters/sev:", "Linux 4.16");
}

static void an_snp_host_is_one(void **state)
{
    SCRATCH root = scratch_new();
    struct tee_probe probe;

    (void)state;
    make_snp_host(&root);
    probe = look(&root, &milan);
    assert_available(TEE_SNP, &probe, "");
    assert_available(TEE_SEV, &probe, "");
    assert_available(TEE_SEV_ES, &probe, "");
    assert_missing(TEE_TDX, &probe, "is of 'AuthenticAMD'", "Intel");
}

static void a_tdx_host_is_one(void **state)
{
    SCRATCH root = scratch_new();
    struct tee_probe probe;

    (void)state;
    make_tdx_host(&root);
    probe = look(&root, &emerald);
    assert_available(TEE_TDX, &probe, "");
    assert_missing(TEE_SNP, &probe, "is of 'GenuineIntel'", "AMD");
    unlink(in(&root, TEE_QUOTE_SOCKET));
    probe = look(&root, &emerald);
    assert_available(TEE_TDX, &probe, "tdx-qgs");
}

/* Each thing in the chain taken away alone. */
static void the_first_thing_missing_is_the_reason(void **state)
{
    SCRATCH root = scratch_new();
    struct tee_probe probe;

    (void)state;
    make_snp_host(&root);
    host_file(&root, "/sys/module/kvm_amd/parameters/sev_snp", "N\n");
    probe = look(&root, &milan);
    assert_missing(TEE_SNP, &probe, "switched off", "SNP memory coverage");
    assert_available(TEE_SEV, &probe, "");

    host_file(&root, "/sys/module/kvm_amd/parameters/sev_snp", "Y\n");
    unlink(in(&root, "dev/sev"));
    probe = look(&root, &milan);
    assert_missing(TEE_SNP, &probe, "/dev/sev does not open", "ccp");
    probe.sev_errno = EACCES; /* libvirt may, though we may not */
    assert_available(TEE_SNP, &probe, "");

    unlink(in(&root, "usr/bin/qemu-system-x86_64"));
    host_file(&root, "/dev/sev", "");
    probe = look(&root, &milan);
    assert_missing(TEE_SNP, &probe, "qemu-system-x86_64", "apt-get install");
}

static void libvirt_has_the_last_word(void **state)
{
    SCRATCH root = scratch_new();
    struct tee_probe probe;

    (void)state;
    make_snp_host(&root);
    probe = look(&root, &milan);
    probe.libvirt[TEE_SNP] = TEE_OFF;
    assert_missing(TEE_SNP, &probe, "does not offer it", "libvirt 10.5");
    probe.libvirt[TEE_SNP] = TEE_ABSENT;
    assert_missing(TEE_SNP, &probe, "has not said", "restart libvirtd");
}

static void firmware_of_the_host_is_named(void **state)
{
    SCRATCH root = scratch_new();
    struct tee_verdict verdict;
    struct tee_probe probe;

    (void)state;
    make_snp_host(&root);
    host_file(&root, "/usr/share/ovmf/OVMF.amdsev.fd", "");
    probe = look(&root, &milan);
    assert_string_equal(probe.firmware[TEE_SNP], "/usr/share/ovmf/OVMF.amdsev.fd");
    assert_string_equal(probe.firmware[TEE_TDX], "");
    tee_judge(TEE_SNP, &probe, &verdict);
    assert_non_null(strstr(verdict.reason, "OVMF.amdsev.fd"));
}

/* On whatever machine this runs: every sentence is whole. */
static void every_verdict_about_this_host_is_a_sentence(void **state)
{
    struct tee_probe probe;

    (void)state;
    tee_probe("", NULL, &probe);
    assert_int_equal(strlen(probe.cpu.vendor), 12);
    for (int tee = 0; tee < TEE_COUNT; tee++) {
        struct tee_verdict verdict;

        tee_judge((enum tee)tee, &probe, &verdict);
        assert_true(strlen(verdict.reason) > 10 && strlen(verdict.reason) < 255);
        assert_true(verdict.available || strlen(verdict.remedy) > 10);
        assert_true(strlen(verdict.remedy) < 255);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_host_has_nothing),
        cmocka_unit_test(an_snp_host_is_one),
        cmocka_unit_test(a_tdx_host_is_one),
        cmocka_unit_test(the_first_thing_missing_is_the_reason),
        cmocka_unit_test(libvirt_has_the_last_word),
        cmocka_unit_test(firmware_of_the_host_is_named),
        cmocka_unit_test(every_verdict_about_this_host_is_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
