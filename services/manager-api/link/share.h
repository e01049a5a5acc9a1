/* The directory of a VM on the host, and in it the two halves of the share:
 *
 *     STATE_DIR/vms/ID/            0711, so that QEMU's user can pass and nobody can look
 *         in/config.json           what the guest is told; no secrets
 *         in/manifest.json         when the VM was made with one
 *         in/launch.igvm           when the VM is made from one; the agent compares
 *         out/                     what the guest says; QEMU's user writes here
 *         console.log              what a debug image prints
 *
 * Guests may run as a user of their own. The group of that user gets in and out; the manager is
 * root or a member of it. */
#ifndef COCOS_MANAGER_LINK_SHARE_H
#define COCOS_MANAGER_LINK_SHARE_H

#include "lib/json/json.h"
#include "services/manager-api/vm/vm.h"

#define SHARE_CONFIG_VERSION 1

struct share_paths {
    char dir[VM_PATH_SIZE];
    char in[VM_PATH_SIZE];
    char out[VM_PATH_SIZE];
    char console[VM_PATH_SIZE];
};

/* Where a VM's files are. Errors: INPUT (too long). */
MUST_USE int share_paths_of(const char *state_dir, const char *id, struct share_paths *ret,
                            struct err *err);

/* What config.json says. Strings are borrowed; NULL: left out. */
struct share_config {
    const char *vm_id;
    const uint8_t *nonce; /* VM_NONCE_SIZE bytes */
    const char *owner_key;
    const char *log_level;
    bool grpc; /* with the gateway beside the agent */
    const char *cvms_url, *cvms_ca;
    const struct json *manifest;
    const char *igvm; /* path of the file */
};

/* Makes the directory with everything in it. On failure nothing of it is left. Errors: STATE (it is
 * there already), NO_SPACE, SYSTEM with what would help. */
MUST_USE int share_make(const struct share_paths *paths, const struct share_config *config,
                        const struct vm_hypervisor *hypervisor, struct err *err);

/* Removes the directory; one not there is fine. */
MUST_USE int share_remove(const struct share_paths *paths, struct err *err);

#endif
