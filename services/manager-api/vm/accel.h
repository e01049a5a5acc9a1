/* Hardware virtualisation or emulation: which, and why.
 *
 * An open /dev/kvm proves little: some kernels offer it on top of software, where guests hang in
 * their first instructions. So `auto` takes KVM only when the device opens, a VM can be created
 * through it, and the processor shows vmx or svm. */
#ifndef COCOS_MANAGER_VM_ACCEL_H
#define COCOS_MANAGER_VM_ACCEL_H

#include "lib/base/err.h"
#include "lib/base/span.h"

enum accel_choice { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };

extern const char *const accel_choice_names[]; /* "auto" "kvm" "tcg", NULL-terminated */

/* What was found on the host. */
struct accel_probe {
    int open_errno;   /* 0: /dev/kvm opens */
    int create_errno; /* 0: KVM_CREATE_VM works; meaningful when it opens */
    bool cpu_flag;    /* vmx or svm */
};

struct accel {
    bool kvm;
    char reason[256]; /* one sentence for people */
};

void accel_probe_host(struct accel_probe *ret);

/* True when /proc/cpuinfo's text has vmx or svm among its flags. */
bool accel_cpu_flag(struct span cpuinfo);

/* Decides. Errors: USAGE (kvm was demanded and is not to be had, with the reason). */
MUST_USE int accel_decide(enum accel_choice choice, const struct accel_probe *probe,
                          struct accel *ret, struct err *err);

#endif
