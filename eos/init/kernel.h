/* What process 1 asks of the kernel besides modules. A wish that an older kernel does not know is
 * said and left. */
#ifndef COCOS_EOS_KERNEL_H
#define COCOS_EOS_KERNEL_H

/* Hands every controller of cgroup2 to the groups below the root. */
void kernel_share_controllers(void);

/* Settings under /proc/sys that close doors nobody needs; the last one ends the loading of modules.
 */
void kernel_lock_doors(void);

#endif
