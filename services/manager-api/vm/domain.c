#include "services/manager-api/vm/domain.h"

#include "lib/base/text.h"
#include "services/manager-api/vm/domain_board.h"
#include "services/manager-api/vm/record.h"
#include "services/manager-api/vm/xml.h"

#include <stdio.h>

#define QEMU_URI "http://libvirt.org/schemas/domain/qemu/1.0"

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

/* mapped: links, devices and owners that the guest makes exist for the guest only. The modes are
 * those that its files get on the host, where the manager reads them as a member of QEMU's group.
 */
static void write_exports(struct xml *xml, const struct vm_launch *launch)
{
    xml_open_with(xml, "filesystem", XML_ATTRS("type", "mount", "accessmode", "mapped"));
    xml_leaf_with(xml, "source", XML_ATTRS("dir", launch->in_dir), NULL);
    xml_leaf_with(xml, "target", XML_ATTRS("dir", "cocos-in"), NULL);
    xml_leaf_with(xml, "readonly", XML_NO_ATTRS, NULL);
    xml_close(xml);
    xml_open_with(
        xml, "filesystem",
        XML_ATTRS("type", "mount", "accessmode", "mapped", "fmode", "0640", "dmode", "0770"));
    xml_leaf_with(xml, "source", XML_ATTRS("dir", launch->out_dir), NULL);
    xml_leaf_with(xml, "target", XML_ATTRS("dir", "cocos-out"), NULL);
    xml_close(xml);
}

static void write_console(struct xml *xml, const char *path)
{
    /* A log of a null device goes through virtlogd, which keeps it from growing without end. */
    xml_open_with(xml, "serial", XML_ATTRS("type", "null"));
    if (path[0] != '\0')
        xml_leaf_with(xml, "log", XML_ATTRS("file", path, "append", "on"), NULL);
    xml_leaf_with(xml, "target", XML_ATTRS("port", "0"), NULL);
    xml_close(xml);
}

/* libvirt takes them from the host's drivers and gives them back. */
static void write_gpus(struct xml *xml, const struct vm_place *place)
{
    char domain[8], bus[8], slot[8], function[8];

    for (unsigned i = 0; i < place->gpu_count; i++) {
        const struct vm_pci *gpu = &place->gpus[i];

        snprintf(domain, sizeof(domain), "0x%04x", gpu->domain);
        snprintf(bus, sizeof(bus), "0x%02x", gpu->bus);
        snprintf(slot, sizeof(slot), "0x%02x", gpu->slot);
        snprintf(function, sizeof(function), "0x%x", gpu->function);
        xml_open_with(xml, "hostdev",
                      XML_ATTRS("mode", "subsystem", "type", "pci", "managed", "yes"));
        xml_leaf_with(xml, "driver", XML_ATTRS("name", "vfio"), NULL);
        xml_open(xml, "source");
        xml_leaf_with(xml, "address",
                      XML_ATTRS("domain", domain, "bus", bus, "slot", slot, "function", function),
                      NULL);
        xml_close(xml);
        xml_close(xml);
    }
}

/* The window above 4 GiB in which large devices show their memory. */
static void write_pci_window(struct xml *xml, uint32_t gib)
{
    char kib[24];

    if (gib == 0)
        return;
    snprintf(kib, sizeof(kib), "%llu", (unsigned long long)gib * MIB);
    xml_open_with(xml, "controller", XML_ATTRS("type", "pci", "index", "0", "model", "pcie-root"));
    xml_leaf_with(xml, "pcihole64", XML_ATTRS("unit", "KiB"), kib);
    xml_close(xml);
}

/* What the firmware starts. The place is fixed because its path is measured. The guest has no
 * driver for it. */
static void write_disk(struct xml *xml, const char *path)
{
    xml_open_with(xml, "disk", XML_ATTRS("type", "file", "device", "disk"));
    xml_leaf_with(xml, "driver", XML_ATTRS("name", "qemu", "type", "raw"), NULL);
    xml_leaf_with(xml, "source", XML_ATTRS("file", path), NULL);
    xml_leaf_with(xml, "target", XML_ATTRS("dev", "vda", "bus", "virtio"), NULL);
    xml_leaf_with(xml, "readonly", XML_NO_ATTRS, NULL);
    xml_leaf_with(xml, "boot", XML_ATTRS("order", "1"), NULL);
    xml_leaf_with(xml, "address",
                  XML_ATTRS("type", "pci", "domain", "0x0000", "bus", "0x00", "slot",
                            DOMAIN_DISK_SLOT, "function", "0x0"),
                  NULL);
    xml_close(xml);
}

static void write_devices(struct xml *xml, const struct vm_launch *launch)
{
    xml_open(xml, "devices");
    write_pci_window(xml, launch->place.pci_window_gib);
    xml_leaf_with(xml, "controller", XML_ATTRS("type", "usb", "model", "none"), NULL);
    if (launch->record.secure_boot)
        write_disk(xml, launch->disk);
    xml_leaf_with(xml, "memballoon", XML_ATTRS("model", "none"), NULL);
    write_console(xml, launch->console);
    write_exports(xml, launch);
    xml_open_with(xml, "rng", XML_ATTRS("model", "virtio"));
    xml_leaf_with(xml, "backend", XML_ATTRS("model", "random"), "/dev/urandom");
    xml_close(xml);
    if (domain_has_tpm(launch)) {
        xml_open_with(xml, "tpm", XML_ATTRS("model", "tpm-crb"));
        xml_leaf_with(xml, "backend", XML_ATTRS("type", "emulator", "version", "2.0"), NULL);
        xml_close(xml);
    }
    write_gpus(xml, &launch->place);
    xml_close(xml);
}

static void write_argument(struct xml *xml, const char *option, const char *value)
{
    xml_leaf_with(xml, "qemu:arg", XML_ATTRS("value", option), NULL);
    xml_leaf_with(xml, "qemu:arg", XML_ATTRS("value", value), NULL);
}

/* In QEMU's options a comma ends a value, and two of them are one. */
static void write_igvm(struct xml *xml, const char *path)
{
    OWNED_BUF object = BUF_OF(2 * VM_PATH_SIZE + 64);

    buf_add_str(&object, "igvm-cfg,id=cocosigvm,file=");
    for (const char *at = path; *at != '\0'; at++)
        buf_add_str(&object, *at == ',' ? ",," : ((const char[]){*at, '\0'}));
    write_argument(xml, "-object", buf_str(&object));
    write_argument(xml, "-machine", "igvm-cfg=cocosigvm");
}

/* From 9.2 on QEMU counts in milliseconds, and from 10.0 on it no longer knows the word for
 * seconds. */
#define QEMU_RECONNECT_MS 9002000

/* One stream of bytes to the computation server, whatever connections the guest makes of it. */
static void write_cvms(struct xml *xml, const struct vm_launch *launch)
{
    const char *authority = launch->record.cvms, *colon = strrchr(authority, ':');
    bool milliseconds = launch->emulator_version >= QEMU_RECONNECT_MS;
    char text[VM_CVMS_SIZE + 64];
    int len = colon == NULL ? 0 : (int)(colon - authority);

    /* QEMU has the addresses of IPv6 without their brackets. */
    if (len > 2 && authority[0] == '[') {
        authority++;
        len -= 2;
    }
    snprintf(text, sizeof(text), "socket,id=cocoscvms,host=%.*s,port=%s,%s", len, authority,
             colon == NULL ? "" : colon + 1, milliseconds ? "reconnect-ms=1000" : "reconnect=1");
    write_argument(xml, "-chardev", text);
}

static void write_network(struct xml *xml, const struct vm_launch *launch)
{
    const struct vm_record *record = &launch->record;
    char text[256], grpc[64] = "";
    size_t len;

    if (record->grpc_port != 0)
        snprintf(grpc, sizeof(grpc), ",hostfwd=tcp:127.0.0.1:%u-:%u", record->grpc_port,
                 DOMAIN_GRPC_PORT);
    snprintf(text, sizeof(text),
             "user,id=cocosnet,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:%u-:%u%s", record->port,
             DOMAIN_AGENT_PORT, grpc);
    if (record->cvms[0] != '\0') {
        write_cvms(xml, launch);
        len = strlen(text);
        snprintf(text + len, sizeof(text) - len, ",guestfwd=tcp:" DOMAIN_CVMS "-chardev:cocoscvms");
    }
    write_argument(xml, "-netdev", text);
    write_argument(xml, "-device", "virtio-net-pci,netdev=cocosnet,romfile=,bus=pcie.0,addr=0x1e");
}

/* What libvirt has no element for. */
static void write_arguments(struct xml *xml, const struct vm_launch *launch)
{
    uint32_t window = launch->place.pci_window_gib;
    char text[128];

    xml_open(xml, "qemu:commandline");
    write_network(xml, launch);
    /* libvirt calls the second export fsdev-fs1 and has no element for its speed. */
    snprintf(text, sizeof(text), "fsdev.fsdev-fs1.throttling.bps-write=%llu",
             DOMAIN_SHARE_BYTES_PER_SECOND);
    write_argument(xml, "-set", text);
    if (launch->igvm[0] != '\0')
        write_igvm(xml, launch->igvm);
    if (window != 0) {
        snprintf(text, sizeof(text), "name=opt/ovmf/X-PciMmio64Mb,string=%llu",
                 (unsigned long long)window * KIB);
        write_argument(xml, "-fw_cfg", text);
    }
    xml_close(xml);
}

int domain_encode(const struct vm_launch *launch, const char *type, struct buf *out,
                  struct err *err)
{
    OWNED_XML xml = xml_new();
    char name[DOMAIN_NAME_SIZE];

    domain_name(launch->record.id, name);
    xml_open_with(&xml, "domain", XML_ATTRS("type", type));
    xml_bind(&xml, "qemu", QEMU_URI);
    xml_leaf(&xml, "name", name);
    xml_leaf(&xml, "uuid", launch->record.id);
    write_metadata(&xml, &launch->record);
    domain_write_board(&xml, launch);
    domain_write_security(&xml, launch);
    write_devices(&xml, launch);
    write_arguments(&xml, launch);
    xml_close(&xml);
    if (xml_finish(&xml, out, err) < 0)
        return err_wrap(err, "definition of VM %s", launch->record.id);
    return 0;
}
