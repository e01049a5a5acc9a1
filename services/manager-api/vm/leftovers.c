#include "services/manager-api/vm/leftovers.h"

#include "lib/base/file.h"
#include "lib/base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const system_dirs[] = {"/var/log/libvirt/qemu", "/var/log/swtpm/libvirt/qemu"};

/* NAME.log, NAME.log.0 (rotated), NAME-swtpm.log: everything that begins with the name. A name
 * holds a UUID, so nothing else does. */
static void remove_in(const char *path, const char *name)
{
    DIR *dir = opendir(path);
    const struct dirent *entry = NULL;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL)
        if (text_starts_with(entry->d_name, name))
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
}

void leftovers_remove(const char *uri, const char *name)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char path[4096];

    if (strcmp(uri, "qemu:///system") == 0)
        for (size_t i = 0; i < COUNT_OF(system_dirs); i++)
            remove_in(system_dirs[i], name);
    if (strcmp(uri, "qemu:///session") != 0)
        return;
    if (cache != NULL && cache[0] == '/')
        snprintf(path, sizeof(path), "%s/libvirt/qemu/log", cache);
    else
        snprintf(path, sizeof(path), "%s/.cache/libvirt/qemu/log", home ? home : "");
    remove_in(path, name);
}
