#include "eos/init/kernel.h"

#include "eos/init/say.h"
#include "lib/base/file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct kernel_setting SETTINGS[] = {
    {"/proc/sys/kernel/kptr_restrict", "2"},
    {"/proc/sys/kernel/dmesg_restrict", "1"},
    {"/proc/sys/kernel/unprivileged_bpf_disabled", "1"},
    {"/proc/sys/kernel/perf_event_paranoid", "3"},
    {"/proc/sys/kernel/sysrq", "0"},
    {"/proc/sys/kernel/core_pattern", ""},
    {"/proc/sys/kernel/panic_on_oops", "1"},
    {"/proc/sys/kernel/kexec_load_disabled", "1"},
    {"/proc/sys/fs/suid_dumpable", "0"},
    {"/proc/sys/kernel/modules_disabled", "1"},
};

/* The kernel's own files are written in place, with one write. */
bool kernel_set(const struct kernel_setting *setting)
{
    const char *path = setting->path, *value = setting->value;
    OWNED(close_fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

    /* An empty value is an empty line to the kernel: a write of nothing would not reach it. */
    if (fd < 0 || (*value ? write(fd, value, strlen(value)) : write(fd, "\n", 1)) < 0) {
        say("%s stays as it is: %m", path);
        return false;
    }
    return true;
}

void kernel_share_controllers(void)
{
    OWNED_BUF have = BUF_OF(KIB);
    OWNED_BUF want = BUF_OF(2 * KIB);
    struct err err = {0};
    char *rest = NULL;

    if (file_read("/sys/fs/cgroup/cgroup.controllers", &have, &err) < 0) {
        say("%s", err.text);
        return;
    }
    OWNED(free_str) char *text = buf_take(&have);
    for (char *name = strtok_r(text, " \n", &rest); name; name = strtok_r(NULL, " \n", &rest))
        buf_printf(&want, "+%s ", name);
    kernel_set(&(struct kernel_setting){"/sys/fs/cgroup/cgroup.subtree_control", buf_str(&want)});
}

void kernel_lock_doors(void)
{
    for (size_t i = 0; i < COUNT_OF(SETTINGS); i++)
        kernel_set(&SETTINGS[i]);
}
