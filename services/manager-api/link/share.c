#include "services/manager-api/link/share.h"

#include "services/manager-api/vm/domain.h"

#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CONFIG_MAX   (64 * KIB)
#define MANIFEST_MAX (4 * MIB)
#define IGVM_MAX     (256 * MIB) /* what an agent reads */

#define DIR_MODE     0711
#define IN_MODE      0750
#define OUT_MODE     0770
#define FILE_MODE    0640
#define CONSOLE_MODE 0600
#define GROUP_BITS                                                                                 \
    0070 /* of those modes; nobody needs them when QEMU runs as the manager's own user */

int share_paths_of(const char *state_dir, const char *id, struct share_paths *ret, struct err *err)
{
    int len = snprintf(ret->console, sizeof(ret->console), "%s/vms/%s/console.log", state_dir, id);

    if (len < 0 || (size_t)len >= sizeof(ret->console))
        return err_set(err, ERR_INPUT, "state directory '%.80s...': the path is too long",
                       state_dir);
    snprintf(ret->dir, sizeof(ret->dir), "%s/vms/%s", state_dir, id);
    snprintf(ret->in, sizeof(ret->in), "%s/vms/%s/in", state_dir, id);
    snprintf(ret->out, sizeof(ret->out), "%s/vms/%s/out", state_dir, id);
    return 0;
}

/* Lets the group of QEMU's user in. */
static int give_to_group(const char *path, const struct vm_hypervisor *hypervisor, mode_t mode,
                         struct err *err)
{
    if (hypervisor->has_user && lchown(path, (uid_t)-1, hypervisor->gid) < 0)
        return err_set_errno(
            err, ERR_SYSTEM,
            "'%s' cannot be given to group %u, as which VMs run (run the manager as "
            "root, or as a member of that group)",
            path, hypervisor->gid);
    if (!hypervisor->has_user)
        mode &= ~(mode_t)GROUP_BITS;
    if (chmod(path, mode) < 0) /* mkdir() and open() took the umask away */
        return err_set_errno(err, ERR_SYSTEM, "'%s': chmod", path);
    return 0;
}

static int make_dir(const char *path, mode_t mode, struct err *err)
{
    if (mkdir(path, mode) < 0)
        return err_set_errno(err, errno == EEXIST ? ERR_STATE : ERR_SYSTEM, "'%s': mkdir", path);
    if (chmod(path, mode) < 0)
        return err_set_errno(err, ERR_SYSTEM, "'%s': chmod", path);
    return 0;
}

/* QEMU keeps the guest's owners and modes in extended attributes, which some file systems lack. */
static int check_attributes(const char *path, struct err *err)
{
    static const char probe[] = "user.cocos.probe";

    if (setxattr(path, probe, "", 0, 0) < 0)
        return err_set_errno(err, ERR_SYSTEM,
                             "'%s': this file system keeps no extended attributes, which the share "
                             "needs (tmpfs? choose another state directory)",
                             path);
    removexattr(path, probe);
    return 0;
}

static int write_in(const struct share_paths *paths, const char *name, struct span text,
                    const struct vm_hypervisor *hypervisor, struct err *err)
{
    char path[VM_PATH_SIZE + 64];

    snprintf(path, sizeof(path), "%s/%s", paths->in, name);
    if (file_create(path, text, FILE_MODE, err) < 0)
        return -1;
    return give_to_group(path, hypervisor, FILE_MODE, err);
}

static int write_config(const struct share_paths *paths, const struct share_config *config,
                        const struct vm_hypervisor *hypervisor, struct err *err)
{
    OWNED_JSON *json = json_new_object();
    OWNED_BUF text = BUF_OF(CONFIG_MAX);

    json_set_int(json, "version", SHARE_CONFIG_VERSION);
    json_set_str(json, "vm_id", config->vm_id);
    json_set_base64(json, "boot_nonce", span_of(config->nonce, VM_NONCE_SIZE));
    if (config->owner_key != NULL)
        json_set_str(json, "owner_key", config->owner_key);
    if (config->log_level != NULL)
        json_set_str(json, "log_level", config->log_level);
    if (config->grpc)
        json_set_bool(json, "grpc", true);
    if (config->cvms_url != NULL) {
        json_set_str(json, "cvms_url", config->cvms_url);
        json_set_str(json, "cvms_via", DOMAIN_CVMS);
    }
    if (config->cvms_ca != NULL)
        json_set_str(json, "cvms_ca", config->cvms_ca);
    json_write(json, &text);
    if (buf_check(&text, "the VM's configuration", err) < 0)
        return -1;
    return write_in(paths, "config.json", buf_span(&text), hypervisor, err);
}

static int write_manifest(const struct share_paths *paths, const struct json *manifest,
                          const struct vm_hypervisor *hypervisor, struct err *err)
{
    OWNED_BUF text = BUF_OF(MANIFEST_MAX);

    json_write(manifest, &text);
    if (buf_check(&text, "the manifest", err) < 0)
        return -1;
    return write_in(paths, "manifest.json", buf_span(&text), hypervisor, err);
}

static int write_igvm(const struct share_paths *paths, const char *from,
                      const struct vm_hypervisor *hypervisor, struct err *err)
{
    OWNED_BUF file = BUF_OF(IGVM_MAX);

    if (file_read_at(AT_FDCWD, from, &file, err) < 0)
        return err_wrap(err, "'%s'", from);
    return write_in(paths, "launch.igvm", buf_span(&file), hypervisor, err);
}

static int fill(const struct share_paths *paths, const struct share_config *config,
                const struct vm_hypervisor *hypervisor, struct err *err)
{
    if (make_dir(paths->in, IN_MODE, err) < 0 || make_dir(paths->out, OUT_MODE, err) < 0 ||
        give_to_group(paths->in, hypervisor, IN_MODE, err) < 0 ||
        give_to_group(paths->out, hypervisor, OUT_MODE, err) < 0)
        return -1;
    if (!hypervisor->pretends && check_attributes(paths->out, err) < 0)
        return -1;
    /* Made here, so that it is ours to read whoever writes into it. */
    if (file_create(paths->console, span_of("", 0), CONSOLE_MODE, err) < 0 ||
        write_config(paths, config, hypervisor, err) < 0)
        return -1;
    if (config->igvm != NULL && write_igvm(paths, config->igvm, hypervisor, err) < 0)
        return -1;
    return config->manifest ? write_manifest(paths, config->manifest, hypervisor, err) : 0;
}

int share_make(const struct share_paths *paths, const struct share_config *config,
               const struct vm_hypervisor *hypervisor, struct err *err)
{
    struct err ignored;

    if (make_dir(paths->dir, DIR_MODE, err) < 0)
        return err_wrap(err, "the VM's directory");
    if (fill(paths, config, hypervisor, err) < 0) {
        if (file_remove_tree(paths->dir, &ignored) < 0)
            return err_wrap(err, "the VM's directory (which could not be removed again)");
        return err_wrap(err, "the VM's directory");
    }
    return 0;
}

int share_remove(const struct share_paths *paths, struct err *err)
{
    return file_remove_tree(paths->dir, err);
}
