#include "lib/host/gpu.h"

#include "lib/base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define DEVICES "/sys/bus/pci/devices"

/* PCI Code and ID Assignment Specification, base classes and subclasses. */
#define CLASS_VGA         0x0300
#define CLASS_3D          0x0302
#define CLASS_ACCELERATOR 0x1200
#define CLASS_BRIDGE      0x06 /* the base class alone */

/* Linux include/linux/ioport.h */
#define RESOURCE_PREFETCH 0x2000u
#define RESOURCES         6 /* of a device itself; behind them stand its ROM and virtual functions */

static void close_dir(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

/* The hexadecimal number at text, which it moves behind; 0 when there is none. */
static uint64_t take_hex(const char **text)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = *text + strspn(*text, " \n"), *digit;
    uint64_t value = 0;

    if (strncmp(at, "0x", 2) == 0)
        at += 2;
    for (; *at != '\0' && (digit = strchr(digits, *at)) != NULL; at++)
        value = value << 4 | (uint64_t)(digit - digits);
    *text = at;
    return value;
}

static bool read_device(const char *root, const char *address, const char *name, struct buf *out)
{
    OWNED(free_str) char *path = mem_printf("%s" DEVICES "/%s/%s", root, address, name);
    struct err ignored;

    return file_read(path, out, &ignored) == 0;
}

static uint64_t read_hex(const char *root, const char *address, const char *name)
{
    OWNED_BUF text = BUF_OF(64);
    const char *at = NULL;

    if (!read_device(root, address, name, &text))
        return 0;
    at = buf_str(&text);
    return take_hex(&at);
}

/* Base class and subclass. */
static unsigned class_of(const char *root, const char *address)
{
    return (unsigned)(read_hex(root, address, "class") >> 8);
}

static bool is_gpu(unsigned class)
{
    return class == CLASS_VGA || class == CLASS_3D || class == CLASS_ACCELERATOR;
}

/* Each line has start, end and flags. */
static uint64_t read_window(const char *root, const char *address)
{
    OWNED_BUF text = BUF_OF(4 * KIB);
    uint64_t sum = 0;
    const char *at = NULL;

    if (!read_device(root, address, "resource", &text))
        return 0;
    at = buf_str(&text);
    for (int i = 0; i < RESOURCES && *at != '\0'; i++) {
        uint64_t start = take_hex(&at), end = take_hex(&at), flags = take_hex(&at);

        if ((flags & RESOURCE_PREFETCH) != 0 && end > start)
            sum += end - start + 1;
    }
    return sum;
}

/* Whether it can be handed over alone. */
static void judge(const char *root, struct gpu *gpu)
{
    OWNED(free_str)
    char *path = mem_printf("%s" DEVICES "/%s/iommu_group/devices", root, gpu->address);
    OWNED(close_dir) DIR *group = opendir(path);
    const struct dirent *entry;

    if (group == NULL) {
        snprintf(gpu->reason, sizeof(gpu->reason),
                 "it is in no IOMMU group: switch the IOMMU on, in the firmware's setup and the "
                 "kernel");
        return;
    }
    while ((entry = readdir(group)) != NULL) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, gpu->address) == 0 ||
            class_of(root, entry->d_name) >> 8 == CLASS_BRIDGE)
            continue;
        snprintf(gpu->reason, sizeof(gpu->reason), "it shares its IOMMU group with %.40s",
                 entry->d_name);
        return;
    }
    gpu->available = true;
}

size_t gpu_list(const char *root, struct gpu ret[static GPU_MAX])
{
    OWNED(free_str) char *path = mem_printf("%s" DEVICES, root);
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);
    size_t found = 0;

    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;

        if (strlen(name) == GPU_ADDRESS_SIZE - 1 && found < GPU_MAX &&
            is_gpu(class_of(root, name))) {
            struct gpu *gpu = &ret[found++];

            *gpu = (struct gpu){.vendor = (uint16_t)read_hex(root, name, "vendor"),
                                .device = (uint16_t)read_hex(root, name, "device"),
                                .window_bytes = read_window(root, name)};
            memcpy(gpu->address, name, GPU_ADDRESS_SIZE);
            judge(root, gpu);
        }
        free(names[i]);
    }
    free(names);
    return found;
}
