#include "services/manager-api/fleet/launch.h"

#include "lib/base/text.h"
#include "lib/computation/manifest.h"
#include "lib/crypto/digest.h"
#include "lib/host/tee.h"

#include <stdio.h>
#include <unistd.h>

/* SEV-SNP ABI, guest policy: bit 17 is always one; SMT allowed, since most hosts have it on. No
 * debugging, no migration agent. */
#define SNP_POLICY 0x30000
/* TDX module ABI, TD attributes: no virtualisation exceptions for pages that the host took away. */
#define TDX_ATTRIBUTES 0x10000000

static int path_of(const struct image *image, const struct image_file *file, char *out,
                   struct err *err)
{
    int len = 0;

    if (file->file == NULL)
        return 0;
    len = snprintf(out, VM_PATH_SIZE, "%s/%s", image->dir, file->file);
    if (len < 0 || len >= VM_PATH_SIZE)
        return err_set(err, ERR_SYSTEM, "image '%s': the path is too long", image->record.name);
    return 0;
}

static void copy_blob(const struct json_blob *blob, uint8_t *out, size_t size)
{
    memcpy(out, blob->data, blob->len < size ? blob->len : size);
}

static void fill_snp(const struct image_protection *from, struct vm_protection *to)
{
    to->policy = from->policy != 0 ? from->policy : SNP_POLICY;
    /* Without them the launch would measure a firmware that starts whatever kernel it is given. */
    to->kernel_hashes = from->firmware.file != NULL;
    to->has_id = from->id_block.data != NULL;
    if (!to->has_id)
        return;
    copy_blob(&from->id_block, to->id_block, sizeof(to->id_block));
    copy_blob(&from->id_auth, to->id_auth, sizeof(to->id_auth));
    to->author_key = from->author_key;
}

static void fill_tdx(const struct image_protection *from, struct vm_protection *to)
{
    to->policy = from->policy != 0 ? from->policy : TDX_ATTRIBUTES;
    to->has_owner = from->mrowner.present;
    if (to->has_owner)
        memcpy(to->owner, from->mrowner.data, sizeof(to->owner));
    if (from->mrownerconfig.present)
        memcpy(to->owner_config, from->mrownerconfig.data, sizeof(to->owner_config));
    if (access(TEE_QUOTE_SOCKET, F_OK) == 0)
        snprintf(to->quote_socket, sizeof(to->quote_socket), TEE_QUOTE_SOCKET);
}

/* manifest_sha256, and zeros where the platform has room for more. */
static int bind_manifest(const struct json *document, struct vm_protection *protection,
                         struct err *err)
{
    OWNED_MANIFEST *manifest = NULL;

    if (document == NULL)
        return 0;
    if (manifest_decode(document, &manifest, err) < 0 ||
        text_parse_hex(manifest->sha256, protection->binding, SHA256_SIZE, err) < 0)
        return err_wrap(err, "manifest");
    protection->bound = true;
    return 0;
}

static int fill_secure_boot(const struct image *image, struct vm_launch *launch, struct err *err)
{
    const struct image_secure_boot *from = &image->record.secure_boot;

    return path_of(image, &from->firmware, launch->firmware, err) < 0 ||
                   path_of(image, &from->variables, launch->variables, err) < 0
               ? -1
               : path_of(image, &from->disk, launch->disk, err);
}

int launch_fill(const struct image *image, const struct json *manifest, struct vm_launch *launch,
                struct err *err)
{
    const struct image_record *record = &image->record;
    enum vm_platform platform = launch->record.platform;
    const struct image_protection *protection = image_protection_of(image, platform);

    if (launch->record.secure_boot)
        return fill_secure_boot(image, launch, err);
    snprintf(launch->cmdline, sizeof(launch->cmdline), "%s", record->cmdline.text);
    if (path_of(image, &record->kernel, launch->kernel, err) < 0 ||
        path_of(image, &record->initrd, launch->initrd, err) < 0)
        return -1;
    if (protection == NULL)
        return path_of(image, &record->firmware, launch->firmware, err);

    if (protection->cpu_model != NULL)
        snprintf(launch->place.cpu_model, VM_MODEL_SIZE, "%s", protection->cpu_model);
    if (platform == VM_PLATFORM_SNP)
        fill_snp(protection, &launch->protection);
    if (platform == VM_PLATFORM_TDX)
        fill_tdx(protection, &launch->protection);
    if (path_of(image, &protection->firmware, launch->firmware, err) < 0 ||
        path_of(image, &protection->igvm, launch->igvm, err) < 0)
        return -1;
    return bind_manifest(manifest, &launch->protection, err);
}
