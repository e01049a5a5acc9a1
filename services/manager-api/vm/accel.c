#include "services/manager-api/vm/accel.h"

#include "lib/base/file.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CPUINFO_MAX (4 * MIB)

const char *const accel_choice_names[] = {"auto", "kvm", "tcg", NULL};

/* One word of a "flags : fpu vme ... vmx ..." line. */
static bool line_has_flag(struct span line, const char *flag)
{
    size_t len = strlen(flag);

    for (size_t i = 0; i + len <= line.len; i++) {
        bool starts = i == 0 || line.data[i - 1] == ' ' || line.data[i - 1] == '\t';
        bool ends = i + len == line.len || line.data[i + len] == ' ';

        if (starts && ends && span_equal(span_part(line, i, len), span_of_str(flag)))
            return true;
    }
    return false;
}

bool accel_cpu_flag(struct span cpuinfo)
{
    size_t at = 0;

    while (at < cpuinfo.len) {
        const uint8_t *end = memchr(cpuinfo.data + at, '\n', cpuinfo.len - at);
        size_t len = end ? (size_t)(end - cpuinfo.data) - at : cpuinfo.len - at;
        struct span line = span_part(cpuinfo, at, len);

        if (span_equal(span_part(line, 0, 5), span_of_str("flags")) &&
            (line_has_flag(line, "vmx") || line_has_flag(line, "svm")))
            return true;
        at += len + 1;
    }
    return false;
}

void accel_probe_host(struct accel_probe *ret)
{
    OWNED_BUF cpuinfo = BUF_OF(CPUINFO_MAX);
    OWNED(close_fd) int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    OWNED(close_fd) int vm = -1;
    struct err ignored;

    *ret = (struct accel_probe){.open_errno = kvm < 0 ? errno : 0};
    if (kvm >= 0) {
        vm = ioctl(kvm, KVM_CREATE_VM, 0UL);
        ret->create_errno = vm < 0 ? errno : 0;
    }
    if (file_read("/proc/cpuinfo", &cpuinfo, &ignored) == 0)
        ret->cpu_flag = accel_cpu_flag(buf_span(&cpuinfo));
}

/* Why KVM cannot be used; false when it can. demanded leaves the processor's word aside. */
static bool objection(const struct accel_probe *probe, bool demanded, char *out, size_t size)
{
    if (probe->open_errno != 0)
        snprintf(out, size, "/dev/kvm does not open: %s", strerror(probe->open_errno));
    else if (probe->create_errno != 0)
        snprintf(out, size, "/dev/kvm opens, but makes no VM: %s", strerror(probe->create_errno));
    else if (!probe->cpu_flag && !demanded)
        snprintf(out, size,
                 "/dev/kvm opens, but the processor shows neither vmx nor svm, so it is KVM in "
                 "software, where guests hang");
    else
        return false;
    return true;
}

int accel_decide(enum accel_choice choice, const struct accel_probe *probe, struct accel *ret,
                 struct err *err)
{
    char why[192];
    bool cannot = objection(probe, choice == ACCEL_KVM, why, sizeof(why));

    if (choice == ACCEL_KVM && cannot)
        return err_set(err, ERR_USAGE, "accel: kvm was demanded, but %s", why);
    ret->kvm = choice != ACCEL_TCG && !cannot;
    if (choice == ACCEL_TCG)
        snprintf(ret->reason, sizeof(ret->reason), "emulation, because the setting says tcg");
    else if (choice == ACCEL_KVM)
        snprintf(ret->reason, sizeof(ret->reason), "kvm, because the setting says so");
    else if (cannot)
        snprintf(ret->reason, sizeof(ret->reason), "emulation, because %s", why);
    else
        snprintf(ret->reason, sizeof(ret->reason),
                 "kvm, because /dev/kvm makes VMs and the processor has vmx or svm");
    return 0;
}
