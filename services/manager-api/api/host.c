#include "services/manager-api/api/api.h"
#include "services/manager-api/app.h"
#include "services/manager-api/fleet/images.h"
#include "services/manager-api/fleet/memory.h"
#include "services/manager-api/fleet/order.h"

#include <stdio.h>

/* {available, reason, remedy}: how everything that may be lacking is told. */
static struct json *offer(bool available, const char *reason, const char *remedy)
{
    struct json *json = json_new_object();

    json_set_bool(json, "available", available);
    json_set_str(json, "reason", reason);
    json_set_str(json, "remedy", remedy);
    return json;
}

static struct json *describe_platforms(struct fleet *fleet)
{
    struct json *json = json_new_object();
    struct platform_host host;

    fleet_host(fleet, &host);
    for (int i = 0; i < VM_PLATFORM_COUNT; i++) {
        struct platform platform;

        platform_judge((enum vm_platform)i, &host, &platform);
        json_set(json, vm_platform_names[i],
                 offer(platform.available, platform.reason,
                       platform.remedy[0] != '\0' ? platform.remedy : NULL));
    }
    return json;
}

static struct json *describe_tpm(const struct fleet_figures *figures)
{
    if (figures->hypervisor.tpm)
        return offer(true, "emulated by swtpm: a root of trust for tests, not hardware", NULL);
    if (!figures->connected)
        return offer(false, "not known while libvirt does not answer", "see libvirt");
    return offer(false, "libvirt offers no TPM emulator", "install swtpm and swtpm-tools");
}

/* The rest is the image's: what it is signed with lies beside it. */
static struct json *describe_secure_boot(const struct fleet_figures *figures)
{
    if (!figures->connected)
        return offer(false, "not known while libvirt does not answer", "see libvirt");
    if (figures->hypervisor.pretends)
        return offer(false, "libvirt's test driver runs nothing", "set COCOS_MANAGER_LIBVIRT_URI");
    return offer(true,
                 "of plain VMs, with images that have it (/secure_boot in their release record)",
                 NULL);
}

static struct json *describe_limits(const struct app *app)
{
    struct json *json = json_new_object();
    struct memory memory;
    struct err ignored;

    json_set_int(json, "max_vms", (int64_t)app->config.max_vms);
    json_set_int(json, "max_vms_per_owner", (int64_t)app->config.max_vms_per_owner);
    json_set_int(json, "max_cpus", order_cpus_max());
    if (memory_read(&memory, &ignored) == 0) {
        json_set_int(json, "memory_mib", (int64_t)memory.total_mib);
        json_set_int(json, "available_memory_mib", (int64_t)memory.available_mib);
    }
    return json;
}

static struct json *describe_versions(const struct fleet_figures *figures)
{
    struct json *json = json_new_object();

    json_set_str(json, "manager", COCOS_VERSION);
    json_set_str(json, "libvirt", figures->hypervisor.library);
    json_set_str(json, "emulator", figures->hypervisor.emulator);
    return json;
}

int api_get_host(void *arg, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = arg;
    struct json *json = json_new_object(), *part = NULL;
    struct fleet_figures figures;

    (void)rq;
    (void)err;
    fleet_count(app->fleet, &figures);
    part = json_new_object();
    json_set_str(part, "name", app->accel.kvm ? "kvm" : "tcg");
    json_set_str(part, "reason", app->accel.reason);
    json_set(json, "accelerator", part);

    part = offer(figures.connected, figures.connected ? "connected" : figures.problem, NULL);
    json_set_str(part, "uri", app->config.libvirt_uri);
    json_set(json, "libvirt", part);
    json_set(json, "platforms", describe_platforms(app->fleet));
    json_set(json, "vtpm", describe_tpm(&figures));
    json_set(json, "secure_boot", describe_secure_boot(&figures));
    json_set(json, "gpus", fleet_gpus(app->fleet));
    json_set(json, "limits", describe_limits(app));
    part = json_new_object();
    json_set_int(part, "vms", figures.on);
    json_set_int(part, "memory_mib", (int64_t)figures.memory_mib);
    json_set(json, "in_use", part);
    json_set(json, "versions", describe_versions(&figures));
    httpd_reply_json(reply, 200, json);
    return 0;
}

int api_list_images(void *arg, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = arg;
    struct json *images = NULL, *json = NULL;

    (void)rq;
    if (images_list(app->config.image_dir, &images, err) < 0)
        return -1;
    json = json_new_object();
    json_set(json, "items", images);
    json_set(json, "next", NULL);
    httpd_reply_json(reply, 200, json);
    return 0;
}
