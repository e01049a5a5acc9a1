#include "services/manager-api/vm/domain.h"

#include "lib/base/text.h"
#include "services/manager-api/vm/record.h"
#include "services/manager-api/vm/xml.h"

#include <stdio.h>

#define QEMU_URI "http://libvirt.org/schemas/domain/qemu/1.0"

/* name, value, name, value ..., NULL */
#define ATTRS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_ATTRS   ((const char *const[]){NULL})

static void element(struct xml *xml, const char *name, const char *const attrs[])
{
    xml_open(xml, name);
    for (size_t i = 0; attrs[i] != NULL; i += 2)
        xml_attr(xml, attrs[i], attrs[i + 1]);
}

static void leaf(struct xml *xml, const char *name, const char *const attrs[], const char *text)
{
    element(xml, name, attrs);
    if (text != NULL)
        xml_text(xml, text);
    xml_close(xml);
}

void domain_name(const char *id, char out[static DOMAIN_NAME_SIZE])
{
    snprintf(out, DOMAIN_NAME_SIZE, DOMAIN_PREFIX "%.*s", VM_ID_SIZE - 1, id);
}

bool domain_id(const char *name, char out[static VM_ID_SIZE])
{
    const char *id = name + strlen(DOMAIN_PREFIX);

    if (!text_starts_with(name, DOMAIN_PREFIX) || strlen(id) != VM_ID_SIZE - 1)
        return false;
    for (size_t i = 0; i < VM_ID_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? id[i] != '-' : strchr("0123456789abcdef", id[i]) == NULL)
            return false;
    }
    memcpy(out, id, VM_ID_SIZE);
    return true;
}

static void write_metadata(struct xml *xml, const struct vm_record *record)
{
    xml_open(xml, "metadata");
    xml_open_namespace(xml, VM_RECORD_PREFIX, "vm", VM_RECORD_URI);
    vm_record_write(record, xml);
    xml_close(xml);
    xml_close(xml);
}

/* The variable store is left out on purpose: with one, what a guest writes there would change what
 * the next boot measures, and there would be a file to lose. */
static void write_boot(struct xml *xml, const struct vm_launch *launch)
{
    xml_open(xml, "os");
    leaf(xml, "type", ATTRS("arch", "x86_64", "machine", "q35"), "hvm");
    leaf(xml, "loader", ATTRS("readonly", "yes", "type", "pflash", "stateless", "yes"),
         launch->firmware);
    xml_leaf(xml, "kernel", launch->kernel);
    xml_leaf(xml, "initrd", launch->initrd);
    xml_leaf(xml, "cmdline", launch->cmdline);
    xml_close(xml);
}

static void write_board(struct xml *xml, const struct vm_launch *launch)
{
    char number[24];

    snprintf(number, sizeof(number), "%u", launch->record.memory_mib);
    leaf(xml, "memory", ATTRS("unit", "MiB"), number);
    snprintf(number, sizeof(number), "%u", launch->record.cpus);
    leaf(xml, "vcpu", NO_ATTRS, number);
    write_boot(xml, launch);
    xml_open(xml, "features");
    leaf(xml, "acpi", NO_ATTRS, NULL);
    leaf(xml, "apic", NO_ATTRS, NULL);
    xml_close(xml);

    /* Under emulation qemu64 boots faster than max, which emulates what nobody uses. */
    if (launch->kvm) {
        leaf(xml, "cpu", ATTRS("mode", "host-model", "check", "partial"), NULL);
    } else {
        element(xml, "cpu", ATTRS("mode", "custom", "match", "exact", "check", "none"));
        leaf(xml, "model", ATTRS("fallback", "forbid"), "qemu64");
        xml_close(xml);
    }
    leaf(xml, "clock", ATTRS("offset", "utc"), NULL);
    xml_leaf(xml, "on_poweroff", "destroy");
    xml_leaf(xml, "on_reboot", "destroy"); /* a guest that reboots has lost what it measured */
    xml_leaf(xml, "on_crash", "destroy");
}

/* mapped: links, devices and owners that the guest makes exist for the guest only. The modes are
 * those that its files get on the host, where the manager reads them as a member of QEMU's group.
 */
static void write_exports(struct xml *xml, const struct vm_launch *launch)
{
    element(xml, "filesystem", ATTRS("type", "mount", "accessmode", "mapped"));
    leaf(xml, "source", ATTRS("dir", launch->in_dir), NULL);
    leaf(xml, "target", ATTRS("dir", "cocos-in"), NULL);
    leaf(xml, "readonly", NO_ATTRS, NULL);
    xml_close(xml);
    element(xml, "filesystem",
            ATTRS("type", "mount", "accessmode", "mapped", "fmode", "0640", "dmode", "0770"));
    leaf(xml, "source", ATTRS("dir", launch->out_dir), NULL);
    leaf(xml, "target", ATTRS("dir", "cocos-out"), NULL);
    xml_close(xml);
}

static void write_console(struct xml *xml, const char *path)
{
    /* A log of a null device goes through virtlogd, which keeps it from growing without end. */
    element(xml, "serial", ATTRS("type", "null"));
    if (path[0] != '\0')
        leaf(xml, "log", ATTRS("file", path, "append", "on"), NULL);
    leaf(xml, "target", ATTRS("port", "0"), NULL);
    xml_close(xml);
}

static void write_devices(struct xml *xml, const struct vm_launch *launch)
{
    xml_open(xml, "devices");
    leaf(xml, "controller", ATTRS("type", "usb", "model", "none"), NULL);
    leaf(xml, "memballoon", ATTRS("model", "none"), NULL);
    write_console(xml, launch->console);
    write_exports(xml, launch);
    element(xml, "rng", ATTRS("model", "virtio"));
    leaf(xml, "backend", ATTRS("model", "random"), "/dev/urandom");
    xml_close(xml);
    element(xml, "tpm", ATTRS("model", "tpm-crb"));
    leaf(xml, "backend", ATTRS("type", "emulator", "version", "2.0"), NULL);
    xml_close(xml);
    xml_close(xml);
}

static void write_arguments(struct xml *xml, uint16_t port)
{
    char net[128], brake[96];
    const char *arguments[] = {
        "-netdev", net,  "-device", "virtio-net-pci,netdev=cocosnet,romfile=,bus=pcie.0,addr=0x1e",
        "-set",    brake};

    snprintf(net, sizeof(net), "user,id=cocosnet,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:%u-:%u",
             port, DOMAIN_AGENT_PORT);
    /* libvirt calls the second export fsdev-fs1 and has no element for its speed. */
    snprintf(brake, sizeof(brake), "fsdev.fsdev-fs1.throttling.bps-write=%llu",
             DOMAIN_SHARE_BYTES_PER_SECOND);
    xml_open(xml, "qemu:commandline");
    for (size_t i = 0; i < COUNT_OF(arguments); i++)
        leaf(xml, "qemu:arg", ATTRS("value", arguments[i]), NULL);
    xml_close(xml);
}

int domain_encode(const struct vm_launch *launch, const char *type, struct buf *out,
                  struct err *err)
{
    OWNED_XML xml = xml_new();
    char name[DOMAIN_NAME_SIZE];

    domain_name(launch->record.id, name);
    element(&xml, "domain", ATTRS("type", type));
    xml_bind(&xml, "qemu", QEMU_URI);
    xml_leaf(&xml, "name", name);
    xml_leaf(&xml, "uuid", launch->record.id);
    write_metadata(&xml, &launch->record);
    write_board(&xml, launch);
    write_devices(&xml, launch);
    write_arguments(&xml, launch->record.port);
    xml_close(&xml);
    if (xml_finish(&xml, out, err) < 0)
        return err_wrap(err, "definition of VM %s", launch->record.id);
    return 0;
}
