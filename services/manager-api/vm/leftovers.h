/* What libvirt leaves on the host when a definition is removed: the logs of QEMU and of the TPM
 * emulator. */
#ifndef COCOS_MANAGER_VM_LEFTOVERS_H
#define COCOS_MANAGER_VM_LEFTOVERS_H

/* Removes the logs that carry the definition's name, as far as they lie on this host and we may;
 * what cannot be removed stays and does no harm. */
void leftovers_remove(const char *uri, const char *name);

#endif
