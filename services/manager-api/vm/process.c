#include "services/manager-api/vm/process.h"

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "services/manager-api/vm/domain.h"

#include <stdio.h>
#include <stdlib.h>

#define PID_MAX_ROOM (1 << 22) /* PID_MAX_LIMIT of the kernel */

void process_run_dir(const char *uri, char *out, size_t size)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *home = getenv("HOME");

    out[0] = '\0';
    if (strcmp(uri, "qemu:///system") == 0)
        snprintf(out, size, "/run/libvirt/qemu");
    if (strcmp(uri, "qemu:///session") != 0)
        return;
    if (runtime != NULL && runtime[0] == '/')
        snprintf(out, size, "%s/libvirt/qemu/run", runtime);
    else
        snprintf(out, size, "%s/.cache/libvirt/qemu/run", home ? home : "");
}

pid_t process_of(const struct vm_hypervisor *hypervisor, const char *id)
{
    OWNED(free_str) char *path = NULL;
    OWNED_BUF text = BUF_OF(32);
    char name[DOMAIN_NAME_SIZE];
    uint64_t pid = 0;
    struct err ignored;

    if (hypervisor->run_dir[0] == '\0')
        return 0;
    domain_name(id, name);
    path = mem_printf("%s/%s.pid", hypervisor->run_dir, name);
    if (file_read(path, &text, &ignored) < 0)
        return 0;
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        buf_cut(&text, text.len - 1);
    if (text_parse_u64(buf_str(&text), PID_MAX_ROOM, &pid, &ignored) < 0)
        return 0;
    return (pid_t)pid;
}
