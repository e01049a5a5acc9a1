/* What process 1 asks of the kernel besides modules. A wish that an older kernel does not know is
 * said and left. */
#ifndef COCOS_EOS_KERNEL_H
#define COCOS_EOS_KERNEL_H

#include <stdbool.h>

/* A file of the kernel's and what is written there. */
struct kernel_setting {
    const char *path;
    const char *value;
};

/* False, and said, when it could not be. */
bool kernel_set(const struct kernel_setting *setting);

/* Hands every controller of cgroup2 to the groups below the root. */
void kernel_share_controllers(void);

/* Settings under /proc/sys that close doors nobody needs; the last one ends the loading of modules.
 */
void kernel_lock_doors(void);

#endif
