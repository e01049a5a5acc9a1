#include "lib/attest/reference/linux_boot.h"

#include "lib/attest/reference/shape.h"
#include "lib/base/reader.h"

#include <inttypes.h>

/* Offsets in the setup header (boot.rst, "The Real-Mode Kernel Header"). */
enum {
    AT_MAGIC = 0x202,
    AT_VERSION = 0x206,
    AT_TYPE_OF_LOADER = 0x210,
    AT_LOADFLAGS = 0x211,
    AT_RAMDISK_IMAGE = 0x218,
    AT_RAMDISK_SIZE = 0x21c,
    AT_HEAP_END_PTR = 0x224,
    AT_CMD_LINE_PTR = 0x228,
    AT_INITRD_ADDR_MAX = 0x22c,
    AT_XLOADFLAGS = 0x236
};

#define VERSION_MIN     0x20c /* xloadflags */
#define LOADER_QEMU     0xb0  /* bootloader 0xb, version 0 */
#define CAN_USE_HEAP    0x80
#define HEAP_END        (0x20000 - 0x10000 - 0x200) /* cmdline_addr - real_addr - 0x200 */
#define CMDLINE_ADDR    0x20000
#define LOADED_ABOVE_4G 0x2 /* XLF_CAN_BE_LOADED_ABOVE_4G */
#define ACPI_DATA_SIZE  (0x20000 + 0x8000)

static void put(uint8_t *head, size_t at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        head[at + i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get32(const uint8_t *head, size_t at)
{
    struct reader r = reader_of(span_of(head + at, 4));

    return read_le32(&r);
}

static uint32_t get16(const uint8_t *head, size_t at)
{
    return get32(head, at) & 0xffff;
}

/* Where QEMU puts the initrd: as high as kernel and RAM allow. */
static int place_initrd(const uint8_t *head, uint64_t ram_bytes, uint64_t initrd_size,
                        uint64_t *ret, struct err *err)
{
    uint64_t below_4g = q35_low_ram(ram_bytes);
    uint64_t max =
        get16(head, AT_XLOADFLAGS) & LOADED_ABOVE_4G ? UINT32_MAX : get32(head, AT_INITRD_ADDR_MAX);

    if (below_4g <= ACPI_DATA_SIZE)
        return err_set(err, ERR_INPUT, "linux boot: %" PRIu64 " bytes of RAM are too few",
                       ram_bytes);
    if (max >= below_4g - ACPI_DATA_SIZE)
        max = below_4g - ACPI_DATA_SIZE - 1;
    if (initrd_size >= max)
        return err_set(err, ERR_INPUT,
                       "linux boot: an initrd of %" PRIu64 " bytes does not fit into %" PRIu64
                       " bytes of RAM",
                       initrd_size, ram_bytes);
    *ret = (max - initrd_size) & ~4095ULL;
    return 0;
}

int linux_boot_patch_head(struct span kernel, uint64_t ram_bytes, uint64_t initrd_size,
                          uint8_t out[static LINUX_HEAD_SIZE], struct err *err)
{
    uint64_t initrd_addr = 0;

    if (kernel.len < LINUX_HEAD_SIZE ||
        !span_equal(span_part(kernel, AT_MAGIC, 4), span_of_str("HdrS")))
        return err_set(err, ERR_INPUT,
                       "linux boot: no setup header at offset 0x202: not a bzImage");
    memcpy(out, kernel.data, LINUX_HEAD_SIZE);
    if (get16(out, AT_VERSION) < VERSION_MIN)
        return err_set(err, ERR_INPUT, "linux boot: protocol 0x%" PRIx32 ", expected 0x%x or later",
                       get16(out, AT_VERSION), VERSION_MIN);

    put(out, AT_TYPE_OF_LOADER, LOADER_QEMU, 1);
    put(out, AT_LOADFLAGS, out[AT_LOADFLAGS] | CAN_USE_HEAP, 1);
    put(out, AT_HEAP_END_PTR, HEAP_END, 2);
    put(out, AT_CMD_LINE_PTR, CMDLINE_ADDR, 4);
    if (initrd_size > 0) {
        if (place_initrd(out, ram_bytes, initrd_size, &initrd_addr, err) < 0)
            return -1;
        put(out, AT_RAMDISK_IMAGE, initrd_addr, 4);
        put(out, AT_RAMDISK_SIZE, initrd_size, 4);
    }
    return 0;
}

static void add_utf16(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_add_le16(out, (uint8_t)*text);
}

int linux_boot_load_options(const char *cmdline, bool initrd, struct buf *out, struct err *err)
{
    for (const char *p = cmdline; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
            return err_set(err, ERR_INPUT,
                           "command line: byte 0x%02x at %zu is not printable ASCII",
                           (unsigned char)*p, (size_t)(p - cmdline));
    add_utf16(out, cmdline);
    if (initrd)
        add_utf16(out, " initrd=initrd");
    buf_add_le16(out, 0);
    return buf_check(out, "load options", err);
}
