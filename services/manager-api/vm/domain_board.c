#include "services/manager-api/vm/domain_board.h"

#include <stdio.h>

/* What each platform asks of the board. */
static const struct {
    const char *security; /* libvirt's type of launchSecurity */
    const char *model;    /* of the processor; NULL: the host's own, whole */
    bool private_memory;
} kinds[VM_PLATFORM_COUNT] = {
    [VM_PLATFORM_SNP] = {"sev-snp", "EPYC", true},
    [VM_PLATFORM_TDX] = {"tdx", NULL, true},
    [VM_PLATFORM_SEV] = {"sev", "EPYC", false},
    [VM_PLATFORM_SEV_ES] = {"sev", "EPYC", false},
};

static bool is_protected(const struct vm_launch *launch)
{
    return kinds[launch->record.platform].security != NULL;
}

static void leaf_number(struct xml *xml, const char *element, const char *const attrs[],
                        uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    xml_leaf_with(xml, element, attrs, text);
}

/* --- memory and processors --------------------------------------------------- */

/* The memory of SNP and TDX guests is private; what they share with the host lies in a memfd. */
static void write_backing(struct xml *xml, const struct vm_launch *launch)
{
    const struct vm_place *place = &launch->place;
    bool memfd = place->memfd || kinds[launch->record.platform].private_memory;

    if (!memfd && !place->hugepages)
        return;
    xml_open(xml, "memoryBacking");
    if (place->hugepages)
        xml_leaf_with(xml, "hugepages", XML_NO_ATTRS, NULL);
    if (memfd) {
        xml_leaf_with(xml, "source", XML_ATTRS("type", "memfd"), NULL);
        xml_leaf_with(xml, "access", XML_ATTRS("mode", "shared"), NULL);
    }
    xml_close(xml);
}

static void write_size(struct xml *xml, const struct vm_launch *launch)
{
    const struct vm_place *place = &launch->place;
    char node[16];

    leaf_number(xml, "memory", XML_ATTRS("unit", "MiB"), launch->record.memory_mib);
    write_backing(xml, launch);
    if (place->cpuset[0] != '\0')
        leaf_number(xml, "vcpu", XML_ATTRS("placement", "static", "cpuset", place->cpuset),
                    launch->record.cpus);
    else
        leaf_number(xml, "vcpu", XML_NO_ATTRS, launch->record.cpus);
    if (!place->has_node)
        return;
    snprintf(node, sizeof(node), "%u", place->node);
    xml_open(xml, "numatune");
    xml_leaf_with(xml, "memory", XML_ATTRS("mode", "strict", "nodeset", node), NULL);
    xml_close(xml);
}

/* The model of a processor is measured with the launch of an SNP guest, so it is named and not
 * taken from the host; a TDX guest gets the host's whatever is named. Under emulation qemu64 boots
 * faster than max, which emulates what nobody uses. */
static void write_cpu(struct xml *xml, const struct vm_launch *launch)
{
    const char *model = kinds[launch->record.platform].model;

    if (launch->place.cpu_model[0] != '\0')
        model = launch->place.cpu_model;
    if (!is_protected(launch) && !launch->kvm)
        model = "qemu64";

    if (launch->record.platform == VM_PLATFORM_TDX)
        xml_open_with(xml, "cpu", XML_ATTRS("mode", "host-passthrough", "check", "none"));
    else if (model == NULL)
        xml_open_with(xml, "cpu", XML_ATTRS("mode", "host-model", "check", "partial"));
    else
        xml_open_with(xml, "cpu", XML_ATTRS("mode", "custom", "match", "exact", "check", "none"));
    if (model != NULL && launch->record.platform != VM_PLATFORM_TDX)
        xml_leaf_with(xml, "model", XML_ATTRS("fallback", "forbid"), model);
    if (launch->place.gpu_count > 0) /* their memory lies above what a model can address */
        xml_leaf_with(xml, "maxphysaddr", XML_ATTRS("mode", "passthrough"), NULL);
    xml_close(xml);
}

/* --- firmware ------------------------------------------------------------------ */

/* The enrolled keys lie in a variable store, of which each VM gets a copy that goes with it; system
 * management mode keeps the guest from writing there what no key signed. The kernel is not QEMU's
 * to hand over: it would change the header that is signed, and firmware of that age starts such a
 * kernel whoever signed it. */
static void write_secure_boot(struct xml *xml, const struct vm_launch *launch)
{
    xml_leaf_with(xml, "loader", XML_ATTRS("readonly", "yes", "secure", "yes", "type", "pflash"),
                  launch->firmware);
    xml_leaf_with(xml, "nvram", XML_ATTRS("template", launch->variables), NULL);
}

/* The variable store is left out on purpose: with one, what a guest writes there would change what
 * the next boot measures, and there would be a file to lose. A protected guest's firmware is read
 * into its memory and measured there; an IGVM file brings its own. */
static void write_boot(struct xml *xml, const struct vm_launch *launch)
{
    xml_open(xml, "os");
    xml_leaf_with(xml, "type", XML_ATTRS("arch", "x86_64", "machine", "q35"), "hvm");
    if (launch->record.secure_boot)
        write_secure_boot(xml, launch);
    else if (launch->igvm[0] == '\0' && is_protected(launch))
        xml_leaf_with(xml, "loader", XML_ATTRS("type", "rom", "format", "raw", "stateless", "yes"),
                      launch->firmware);
    else if (launch->igvm[0] == '\0')
        xml_leaf_with(xml, "loader",
                      XML_ATTRS("readonly", "yes", "type", "pflash", "stateless", "yes"),
                      launch->firmware);
    if (launch->kernel[0] != '\0') {
        xml_leaf(xml, "kernel", launch->kernel);
        xml_leaf(xml, "initrd", launch->initrd);
        xml_leaf(xml, "cmdline", launch->cmdline);
    }
    xml_close(xml);
}

static void write_features(struct xml *xml, const struct vm_launch *launch)
{
    xml_open(xml, "features");
    xml_leaf_with(xml, "acpi", XML_NO_ATTRS, NULL);
    xml_leaf_with(xml, "apic", XML_NO_ATTRS, NULL);
    if (kinds[launch->record.platform].private_memory)
        xml_leaf_with(xml, "smm", XML_ATTRS("state", "off"), NULL);
    if (launch->record.secure_boot)
        xml_leaf_with(xml, "smm", XML_ATTRS("state", "on"), NULL);
    if (launch->record.platform == VM_PLATFORM_TDX) /* the host's kernel cannot emulate it */
        xml_leaf_with(xml, "ioapic", XML_ATTRS("driver", "qemu"), NULL);
    xml_close(xml);
}

/* With sleep states on, firmware that is built for system management mode does not come up. */
static void write_power(struct xml *xml)
{
    xml_open(xml, "pm");
    xml_leaf_with(xml, "suspend-to-mem", XML_ATTRS("enabled", "no"), NULL);
    xml_leaf_with(xml, "suspend-to-disk", XML_ATTRS("enabled", "no"), NULL);
    xml_close(xml);
}

void domain_write_board(struct xml *xml, const struct vm_launch *launch)
{
    write_size(xml, launch);
    write_boot(xml, launch);
    write_features(xml, launch);
    write_cpu(xml, launch);
    xml_leaf_with(xml, "clock", XML_ATTRS("offset", "utc"), NULL);
    xml_leaf(xml, "on_poweroff", "destroy");
    xml_leaf(xml, "on_reboot", "destroy"); /* a guest that reboots has lost what it measured */
    xml_leaf(xml, "on_crash", "destroy");
    if (launch->record.secure_boot)
        write_power(xml);
}

/* --- protection ------------------------------------------------------------------ */

static void write_snp(struct xml *xml, const struct vm_protection *protection)
{
    if (protection->has_id) {
        xml_leaf_base64(xml, "idBlock", SPAN_OF_ARRAY(protection->id_block));
        xml_leaf_base64(xml, "idAuth", SPAN_OF_ARRAY(protection->id_auth));
    }
    if (protection->bound) /* SEV-SNP ABI, SNP_LAUNCH_FINISH: 32 bytes of host data */
        xml_leaf_base64(xml, "hostData", span_of(protection->binding, 32));
}

static void write_tdx(struct xml *xml, const struct vm_protection *protection)
{
    if (protection->bound)
        xml_leaf_base64(xml, "mrConfigId", SPAN_OF_ARRAY(protection->binding));
    if (protection->has_owner) {
        xml_leaf_base64(xml, "mrOwner", SPAN_OF_ARRAY(protection->owner));
        xml_leaf_base64(xml, "mrOwnerConfig", SPAN_OF_ARRAY(protection->owner_config));
    }
    if (protection->quote_socket[0] != '\0')
        xml_leaf_with(xml, "quoteGenerationService", XML_ATTRS("path", protection->quote_socket),
                      NULL);
}

void domain_write_security(struct xml *xml, const struct vm_launch *launch)
{
    const struct vm_protection *protection = &launch->protection;
    enum vm_platform platform = launch->record.platform;
    char policy[24];

    if (!is_protected(launch))
        return;
    xml_open_with(xml, "launchSecurity", XML_ATTRS("type", kinds[platform].security));
    if (platform != VM_PLATFORM_TDX && protection->kernel_hashes)
        xml_attr(xml, "kernelHashes", "yes");
    if (platform == VM_PLATFORM_SNP && protection->has_id && protection->author_key)
        xml_attr(xml, "authorKey", "yes");
    if (platform == VM_PLATFORM_SNP && protection->vlek)
        xml_attr(xml, "vcek", "no");
    snprintf(policy, sizeof(policy), "0x%llx", (unsigned long long)protection->policy);
    xml_leaf(xml, "policy", policy);
    if (platform == VM_PLATFORM_SNP)
        write_snp(xml, protection);
    if (platform == VM_PLATFORM_TDX)
        write_tdx(xml, protection);
    xml_close(xml);
}

bool domain_has_tpm(const struct vm_launch *launch)
{
    return !kinds[launch->record.platform].private_memory;
}
