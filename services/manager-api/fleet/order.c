#include "services/manager-api/fleet/order.h"

#include "lib/api/cvms_url.h"
#include "lib/base/text.h"
#include "lib/computation/manifest.h"
#include "lib/crypto/key.h"

#include <unistd.h>

#define MEMORY_STEP (64 * MIB)

unsigned order_cpus_max(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    return online < 1 ? 1 : online > VM_CPUS_MAX ? VM_CPUS_MAX : (unsigned)online;
}

/* The best there is: what the host offers and the image can be started with. */
static enum vm_platform best_platform(const struct image *image, const struct platform_host *host)
{
    static const enum vm_platform best_first[] = {VM_PLATFORM_SNP, VM_PLATFORM_TDX};

    for (size_t i = 0; i < COUNT_OF(best_first); i++) {
        struct platform platform;

        platform_judge(best_first[i], host, &platform);
        if (platform.available && image_protection_of(image, best_first[i]) != NULL)
            return best_first[i];
    }
    return VM_PLATFORM_VM;
}

static int check_platform(const struct vm_spec *spec, const struct image *image,
                          const struct platform_host *host, enum vm_platform *ret, struct err *err)
{
    static const enum vm_platform wanted[] = {
        [API_PLATFORM_VM] = VM_PLATFORM_VM,
        [API_PLATFORM_SNP] = VM_PLATFORM_SNP,
        [API_PLATFORM_TDX] = VM_PLATFORM_TDX,
    };
    struct platform platform;
    const char *missing;

    *ret =
        spec->platform == API_PLATFORM_AUTO ? best_platform(image, host) : wanted[spec->platform];
    platform_judge(*ret, host, &platform);
    if (!platform.available)
        return err_set_at(err, ERR_UNSUPPORTED, "/platform",
                          "platform '%s': %s; %s, or ask for platform 'vm', which protects nothing",
                          vm_platform_names[*ret], platform.reason, platform.remedy);
    if (*ret == VM_PLATFORM_VM || image_protection_of(image, *ret) != NULL)
        return 0;
    missing = *ret == VM_PLATFORM_SNP ? image->record.launch.snp.missing
                                      : image->record.launch.tdx.missing;
    return err_set_at(err, ERR_UNSUPPORTED, "/image",
                      "image '%s': its release record has no firmware for platform '%s' "
                      "(/launch/%s)%s%.300s; ask for platform 'vm', which protects nothing",
                      image->record.name, vm_platform_names[*ret], vm_platform_names[*ret],
                      missing ? ": " : "", missing ? missing : "");
}

/* A protected guest's kernel is measured when it is launched, by firmware that keeps no variables.
 */
static int check_secure_boot(const struct vm_spec *spec, const struct image *image,
                             enum vm_platform platform, struct err *err)
{
    if (!spec->secure_boot)
        return 0;
    if (platform != VM_PLATFORM_VM)
        return err_set_at(err, ERR_UNSUPPORTED, "/secure_boot",
                          "secure_boot: a VM on platform '%s' has no firmware that keeps keys, and "
                          "its kernel is measured at launch; leave it out, or ask for platform "
                          "'vm'",
                          vm_platform_names[platform]);
    if (!image_has_secure_boot(&image->record))
        return err_set_at(err, ERR_UNSUPPORTED, "/secure_boot",
                          "secure_boot: image '%s' has no signed kernel (/secure_boot in its "
                          "release record); leave it out, or take another image",
                          image->record.name);
    return 0;
}

/* With Secure Boot the firmware holds the program twice, as it lies on the disk and as it runs,
 * before the kernel takes over. */
static uint32_t least_memory(const struct vm_spec *spec, const struct image_record *image)
{
    uint64_t program = spec->secure_boot ? image->secure_boot.program_bytes : 0;

    return image->min_memory_mib +
           (uint32_t)((2 * program + MEMORY_STEP - 1) / MEMORY_STEP * (MEMORY_STEP / MIB));
}

static int check_size(const struct vm_spec *spec, const struct image *image, struct err *err)
{
    const uint32_t least = least_memory(spec, &image->record);

    if (spec->cpus > order_cpus_max())
        return err_set_at(err, ERR_INPUT, "/cpus", "cpus: %u are over this host's limit of %u",
                          spec->cpus, order_cpus_max());
    if (spec->memory_mib != 0 && spec->memory_mib < least)
        return err_set_at(err, ERR_INPUT, "/memory_mib",
                          "memory_mib: %u MiB are too little for image '%s', which needs %u MiB",
                          spec->memory_mib, image->record.name, least);
    return 0;
}

static int check_key(const struct vm_spec *spec, struct err *err)
{
    OWNED_KEY *key = NULL;

    if (spec->owner_key == NULL)
        return 0;
    if (key_load_public_pem(span_of_str(spec->owner_key), &key, err) < 0) {
        err_wrap_pointer(err, "/owner_key");
        return err_wrap(err, "owner_key");
    }
    return 0;
}

static int check_manifest(const struct vm_spec *spec, struct err *err)
{
    OWNED_MANIFEST *manifest = NULL;

    if (spec->manifest == NULL)
        return 0;
    if (manifest_decode(spec->manifest, &manifest, err) < 0)
        return err_wrap_pointer(err, "/manifest");
    return 0;
}

static bool is_listed(const char *servers, const char *authority)
{
    size_t len = strlen(authority);

    for (const char *at = servers; *at != '\0'; at += *at == ',' || *at == ' ') {
        size_t name = strcspn(at, ", ");

        if (name == len && strncmp(at, authority, len) == 0)
            return true;
        at += name;
    }
    return strcmp(servers, "*") == 0;
}

int order_check_cvms(const struct vm_spec *spec, const char *servers, struct err *err)
{
    struct api_cvms_url url;

    if (spec->cvms_url == NULL && spec->cvms_ca == NULL)
        return 0;
    if (spec->cvms_url == NULL)
        return err_set_at(err, ERR_INPUT, "/cvms_ca", "cvms_ca: goes with a cvms_url");
    if (api_cvms_url_read(spec->cvms_url, &url, err) < 0) {
        err_wrap(err, "cvms_url");
        return err_wrap_pointer(err, "/cvms_url");
    }
    if (!spec->grpc)
        return err_set_at(err, ERR_INPUT, "/grpc",
                          "cvms_url: goes with grpc, as the gateway is who dials out");
    if (!url.is_plain && spec->cvms_ca == NULL)
        return err_set_at(err, ERR_INPUT, "/cvms_ca",
                          "cvms_ca: the guest knows no authority; give those of the server's "
                          "certificate");
    if (!is_listed(servers, url.authority))
        return err_set_at(err, ERR_UNSUPPORTED, "/cvms_url",
                          "cvms_url: this host connects no VM to '%s'; add it to the manager's "
                          "setting cvms_servers",
                          url.authority);
    return 0;
}

int order_check(const struct vm_spec *spec, const struct image *image,
                const struct platform_host *host, enum vm_platform *ret_platform, struct err *err)
{
    if (spec->name != NULL && !text_is_name(spec->name, VM_NAME_MAX))
        return err_set_at(err, ERR_INPUT, "/name",
                          "name: '%s' may hold letters, digits, '.', '_' and '-' only, and begins "
                          "with a letter, digit or '_'",
                          spec->name);
    if (spec->grpc && !image->record.grpc)
        return err_set_at(
            err, ERR_UNSUPPORTED, "/grpc",
            "grpc: image '%s' has no gateway for it; leave it out, or choose an image "
            "whose release record says grpc",
            image->record.name);
    if (check_platform(spec, image, host, ret_platform, err) < 0 ||
        check_secure_boot(spec, image, *ret_platform, err) < 0 ||
        check_size(spec, image, err) < 0 || check_key(spec, err) < 0 ||
        check_manifest(spec, err) < 0)
        return -1;
    return 0;
}
