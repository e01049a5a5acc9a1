#include "lib/host/tee.h"

#include "lib/base/file.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AMD   "AuthenticAMD"
#define INTEL "GenuineIntel"

#define SEV_LEAF 0x8000001f /* AMD APM volume 3, appendix E.4.17 */

const char *const tee_names[] = {"snp", "tdx", "sev", "sev-es", NULL};

/* What each of them needs. Versions: the first of Linux, QEMU and libvirt that start such guests.
 */
static const struct needs {
    const char *title;
    const char *vendor;
    unsigned cpu_bit; /* of SEV_LEAF; Intel's processors do not say */
    const char *cpu_wanted;
    const char *parameter;
    const char *versions;
    const char *switch_on;
    const char *firmware[3];
} needs[TEE_COUNT] = {
    [TEE_SNP] =
        {"SEV-SNP",
         AMD,
         1U << 4,
         "an AMD EPYC of the third generation (Milan) or newer",
         "/sys/module/kvm_amd/parameters/sev_snp",
         "Linux 6.11, QEMU 9.1 and libvirt 10.5 or newer",
         "switch on SME, SEV, SEV-SNP and 'SNP memory coverage' in the firmware's setup, and boot "
         "with iommu on (not iommu=pt) and kvm_amd.sev=1",
         {"/usr/share/ovmf/OVMF.amdsev.fd", "/usr/share/OVMF/OVMF.amdsev.fd",
          "/usr/share/edk2/ovmf/OVMF.amdsev.fd"}},
    [TEE_TDX] =
        {"TDX",
         INTEL,
         0,
         "an Intel Xeon of the fifth generation or newer with TDX",
         "/sys/module/kvm_intel/parameters/tdx",
         "Linux 6.16, QEMU 10.1 and libvirt 11.6 or newer",
         "switch on TME, TME-MT, TDX and the SEAM loader in the firmware's setup, and boot with "
         "kvm_intel.tdx=1 nohibernate",
         {"/usr/share/ovmf/OVMF.inteltdx.fd", "/usr/share/ovmf/OVMF.inteltdx.ms.fd",
          "/usr/share/edk2/ovmf/OVMF.inteltdx.fd"}},
    [TEE_SEV] = {"SEV",
                 AMD,
                 1U << 1,
                 "an AMD EPYC",
                 "/sys/module/kvm_amd/parameters/sev",
                 "Linux 4.16, QEMU 2.12 and libvirt 4.5 or newer",
                 "switch on SME and SEV in the firmware's setup, and boot with kvm_amd.sev=1",
                 {"/usr/share/ovmf/OVMF.amdsev.fd", "/usr/share/OVMF/OVMF.amdsev.fd",
                  "/usr/share/edk2/ovmf/OVMF.amdsev.fd"}},
    [TEE_SEV_ES] = {"SEV-ES",
                    AMD,
                    1U << 3,
                    "an AMD EPYC of the second generation (Rome) or newer",
                    "/sys/module/kvm_amd/parameters/sev_es",
                    "Linux 5.11, QEMU 6.0 and libvirt 8.0 or newer",
                    "switch on SEV-ES in the firmware's setup, with 'minimum SEV non-ES ASID' "
                    "above 1, and boot "
                    "with kvm_amd.sev_es=1",
                    {"/usr/share/ovmf/OVMF.amdsev.fd", "/usr/share/OVMF/OVMF.amdsev.fd",
                     "/usr/share/edk2/ovmf/OVMF.amdsev.fd"}},
};

/* --- looking ------------------------------------------------------------------ */

static void read_cpu(struct tee_cpu *ret)
{
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;

    *ret = (struct tee_cpu){.sev_eax = 0};
    if (__get_cpuid(0, &eax, &ebx, &ecx, &edx)) {
        memcpy(ret->vendor, &ebx, 4);
        memcpy(ret->vendor + 4, &edx, 4);
        memcpy(ret->vendor + 8, &ecx, 4);
    }
    if (strcmp(ret->vendor, AMD) == 0 && __get_cpuid_count(SEV_LEAF, 0, &eax, &ebx, &ecx, &edx))
        ret->sev_eax = eax;
}

/* "Y" or "1", "N" or "0"; newer kernels say numbers where older ones said letters. */
static enum tee_switch read_switch(const char *root, const char *name)
{
    OWNED(free_str) char *path = mem_printf("%s%s", root, name);
    OWNED_BUF text = BUF_OF(16);
    struct err ignored;

    if (file_read(path, &text, &ignored) < 0 || text.len == 0)
        return TEE_ABSENT;
    return text.data[0] == 'Y' || text.data[0] == '1' ? TEE_ON : TEE_OFF;
}

static bool is_there(const char *root, const char *name)
{
    OWNED(free_str) char *path = mem_printf("%s%s", root, name);

    return access(path, F_OK) == 0;
}

static int try_device(const char *root, const char *name)
{
    OWNED(free_str) char *path = mem_printf("%s%s", root, name);
    OWNED(close_fd) int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

    return fd < 0 ? errno : 0;
}

void tee_probe(const char *root, const struct tee_cpu *cpu, struct tee_probe *ret)
{
    *ret = (struct tee_probe){.sev_errno = try_device(root, "/dev/sev")};
    if (cpu != NULL)
        ret->cpu = *cpu;
    else
        read_cpu(&ret->cpu);
    ret->qemu = is_there(root, "/usr/bin/qemu-system-x86_64");
    ret->quotes = is_there(root, TEE_QUOTE_SOCKET);
    for (size_t i = 0; i < TEE_COUNT; i++) {
        ret->module[i] = read_switch(root, needs[i].parameter);
        for (size_t k = 0; k < COUNT_OF(needs[i].firmware) && ret->firmware[i][0] == '\0'; k++)
            if (is_there(root, needs[i].firmware[k]))
                snprintf(ret->firmware[i], sizeof(ret->firmware[i]), "%s", needs[i].firmware[k]);
    }
}

/* --- judging -------------------------------------------------------------------- */

static void say(char *out, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

static void say(char *out, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(out, size, format, args);
    va_end(args);
}

#define REASON(verdict, ...) say((verdict)->reason, sizeof((verdict)->reason), __VA_ARGS__)
#define REMEDY(verdict, ...) say((verdict)->remedy, sizeof((verdict)->remedy), __VA_ARGS__)

/* Each of these says what is missing and returns false, or returns true. */

static bool check_cpu(enum tee tee, const struct tee_probe *probe, struct tee_verdict *verdict)
{
    const struct needs *need = &needs[tee];
    bool vendor = strcmp(probe->cpu.vendor, need->vendor) == 0;

    if (vendor && (need->cpu_bit == 0 || (probe->cpu.sev_eax & need->cpu_bit) != 0))
        return true;
    if (!vendor)
        REASON(verdict, "the processor is of '%s', and %s is a thing of '%s'", probe->cpu.vendor,
               need->title, need->vendor);
    else
        REASON(verdict, "the processor does not show %s (CPUID 8000001F, EAX %#x)", need->title,
               probe->cpu.sev_eax);
    REMEDY(verdict, "use a machine with %s", need->cpu_wanted);
    return false;
}

static bool check_kernel(enum tee tee, const struct tee_probe *probe, struct tee_verdict *verdict)
{
    const struct needs *need = &needs[tee];

    if (probe->module[tee] == TEE_ON)
        return true;
    if (probe->module[tee] == TEE_ABSENT)
        REASON(verdict, "the kernel has no %s: it is too old, or KVM's module is not loaded",
               need->parameter);
    else
        REASON(verdict, "the kernel has %s switched off (%s)", need->title, need->parameter);
    if (probe->module[tee] == TEE_ABSENT)
        REMEDY(verdict, "it needs %s", need->versions);
    else
        REMEDY(verdict, "%s", need->switch_on);
    return false;
}

static bool check_device(enum tee tee, const struct tee_probe *probe, struct tee_verdict *verdict)
{
    if (strcmp(needs[tee].vendor, AMD) != 0 || probe->sev_errno == 0)
        return true;
    /* Whoever may not open it can still use it through libvirt, which may. */
    if (probe->sev_errno == EACCES || probe->sev_errno == EPERM || probe->sev_errno == EBUSY)
        return true;
    REASON(verdict, "/dev/sev does not open: %s", strerror(probe->sev_errno));
    REMEDY(verdict, "load the module ccp, and see 'dmesg' for what the processor's firmware says");
    return false;
}

static bool check_qemu(enum tee tee, const struct tee_probe *probe, struct tee_verdict *verdict)
{
    (void)tee;
    if (probe->qemu)
        return true;
    REASON(verdict, "there is no /usr/bin/qemu-system-x86_64");
    REMEDY(verdict, "apt-get install --no-install-recommends qemu-system-x86 (as root)");
    return false;
}

static bool check_libvirt(enum tee tee, const struct tee_probe *probe, struct tee_verdict *verdict)
{
    const struct needs *need = &needs[tee];

    if (probe->libvirt[tee] == TEE_ON)
        return true;
    if (probe->libvirt[tee] == TEE_ABSENT)
        REASON(verdict, "the host has %s; libvirt has not said whether it and its QEMU do",
               need->title);
    else
        REASON(verdict, "the host has %s, but libvirt or its QEMU does not offer it", need->title);
    REMEDY(verdict, "it needs %s; restart libvirtd after installing them", need->versions);
    return false;
}

void tee_judge(enum tee tee, const struct tee_probe *probe, struct tee_verdict *ret)
{
    static bool (*const checks[])(enum tee, const struct tee_probe *, struct tee_verdict *) = {
        check_cpu, check_kernel, check_device, check_qemu, check_libvirt,
    };
    const struct needs *need = &needs[tee];

    *ret = (struct tee_verdict){.available = true};
    for (size_t i = 0; i < COUNT_OF(checks) && ret->available; i++)
        ret->available = checks[i](tee, probe, ret);
    if (!ret->available)
        return;
    REASON(ret,
           "processor, kernel, QEMU and libvirt offer %s; its firmware comes with the image%s%s",
           need->title, probe->firmware[tee][0] != '\0' ? ", and the host has " : "",
           probe->firmware[tee]);
    if (tee == TEE_TDX && !probe->quotes)
        REMEDY(ret, "nothing listens on " TEE_QUOTE_SOCKET ": guests run, and nobody can verify "
                    "them; install and start the quote service (tdx-qgs)");
}
