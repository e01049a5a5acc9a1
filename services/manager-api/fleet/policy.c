#include "services/manager-api/fleet/policy.h"

#include "lib/base/file.h"
#include "lib/program/log.h"
#include "services/manager-api/fleet/entry.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define POLICY_FILE      "policy.json"
#define POLICY_FILE_MAX  (256 * KIB)
#define POLICY_FILE_MODE 0600

static void path_of(const struct share_paths *paths, char out[static VM_PATH_SIZE + 16])
{
    snprintf(out, VM_PATH_SIZE + 16, "%s/" POLICY_FILE, paths->dir);
}

int policy_keep(const struct share_paths *paths, const struct image_record *image,
                const struct image_vm *vm, struct err *err)
{
    OWNED_JSON *kept = json_new_object();
    OWNED_BUF text = BUF_OF(POLICY_FILE_MAX);
    struct json *policy = NULL;
    char path[VM_PATH_SIZE + 16];

    if (image_make_policy(image, vm, &policy, err) == 0)
        json_set(kept, "policy", policy);
    else
        json_set_str(kept, "refused", err->text);
    json_write(kept, &text);
    if (buf_check(&text, "the VM's policy", err) < 0)
        return -1;
    path_of(paths, path);
    return file_replace(path, buf_span(&text), POLICY_FILE_MODE, err);
}

int policy_find(const struct share_paths *paths, struct json **ret, struct err *err)
{
    OWNED(close_fd) int fd = -1;
    OWNED_BUF text = BUF_OF(POLICY_FILE_MAX);
    OWNED_JSON *kept = NULL;
    char path[VM_PATH_SIZE + 16];

    path_of(paths, path);
    if (file_open_at(AT_FDCWD, path, &fd, err) < 0 || file_read_fd(fd, &text, err) < 0 ||
        json_parse(buf_span(&text), &kept, err) < 0) {
        log_warn("%s", err->text);
        /* What lies there will not mend itself; a host that is short of something may. */
        if (err->kind != ERR_NOT_FOUND)
            return err_set(err, err->kind == ERR_SYSTEM ? ERR_SYSTEM : ERR_INTERNAL,
                           "the reference values of this VM cannot be read");
        return err_set(err, ERR_STATE,
                       "no reference values were kept when this VM was made; make it anew");
    }
    if (json_get_str(kept, "refused") != NULL)
        return err_set(err, ERR_STATE, "%s", json_get_str(kept, "refused"));
    if (json_get(kept, "policy") == NULL)
        return err_set(err, ERR_INTERNAL, "the reference values of this VM cannot be read");
    *ret = json_new_copy(json_get(kept, "policy"));
    return 0;
}

int policy_find_own(const struct share_paths *paths, struct json **ret, struct err *err)
{
    static const char *const excused[] = {"crl", "collateral"};

    if (policy_find(paths, ret, err) < 0)
        return -1;
    if (json_get(*ret, "snp") == NULL && json_get(*ret, "tdx") == NULL)
        return 0;
    if (json_get(*ret, "waive") == NULL)
        json_set(*ret, "waive", json_new_array());
    for (size_t i = 0; i < COUNT_OF(excused); i++)
        json_add(json_edit(*ret, "waive"), json_new_str(excused[i]));
    return 0;
}

int fleet_policy(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                 struct json **ret, struct err *err)
{
    struct share_paths paths;

    if (fleet_paths(fleet, caller, id, &paths, err) < 0)
        return -1;
    return policy_find(&paths, ret, err);
}
