#include "lib/attest/reference/volume.h"

#include "lib/base/reader.h"
#include "lib/lzma/lzma.h"

#include <inttypes.h>

#define GUID_SIZE     16u
#define VOLUME_ALIGN  4096u
#define FILE_HEADER   24u /* EFI_FFS_FILE_HEADER; a large file has its size behind it */
#define SECTION_SMALL 4u
#define SIZE_IN_24    0xffffffu /* the size stands behind the header */

enum file_type { FILE_VOLUME_IMAGE = 0x0b };
enum file_attribute { FILE_LARGE = 0x01 };
enum section_type { SECTION_GUID_DEFINED = 0x02, SECTION_VOLUME_IMAGE = 0x17 };

/* GUIDs as they lie in memory. */
static const uint8_t guid_lzma[GUID_SIZE] = {0x98, 0x58, 0x4e, 0xee, 0x14, 0x39, 0x59, 0x42,
                                             0x9d, 0x6e, 0xdc, 0x7b, 0xd7, 0x94, 0x03, 0xcf};
static const uint8_t guid_pei[GUID_SIZE] = {0x9b, 0x07, 0x38, 0x69, 0x03, 0xb5, 0x3d, 0x4e,
                                            0x9d, 0x24, 0xb2, 0x83, 0x37, 0xa2, 0x58, 0x06};
static const uint8_t guid_dxe[GUID_SIZE] = {0xc9, 0xbd, 0xb8, 0x7c, 0xeb, 0xf8, 0x34, 0x4f,
                                            0xaa, 0xea, 0x3e, 0xe4, 0xaf, 0x65, 0x16, 0xa1};

/* A volume's header, as far as anything here needs it. */
struct volume {
    struct span bytes; /* the whole volume */
    struct span name;  /* GUID; empty when it has none */
    size_t files;      /* where the files begin */
};

/* A piece of a chain of files or sections. */
struct piece {
    uint8_t type;
    struct span guid; /* of a GUID-defined section: which one */
    struct span body;
    size_t next; /* where the next one begins */
};

static uint32_t read_le24(struct reader *r)
{
    uint32_t low = read_le16(r);

    return low | (uint32_t)read_u8(r) << 16;
}

static size_t aligned(size_t at, size_t to)
{
    return (at + to - 1) / to * to;
}

/* The volume at the start of in; false when there is none. */
static bool read_volume(struct span in, struct volume *ret)
{
    struct reader r = reader_of(in);
    uint64_t length;
    uint16_t header, extended;
    struct span signature;

    read_skip(&r, 32);
    length = read_le64(&r);
    signature = read_span(&r, 4);
    read_skip(&r, 4);
    header = read_le16(&r);
    read_skip(&r, 2);
    extended = read_le16(&r);
    if (r.short_read || !span_equal(signature, span_of_str("_FVH")) || length > in.len ||
        header > length || extended > length)
        return false;

    *ret = (struct volume){span_part(in, 0, (size_t)length), span_of(NULL, 0), header};
    if (extended == 0)
        return true;
    r = reader_of(span_part(ret->bytes, extended, ret->bytes.len));
    ret->name = read_span(&r, GUID_SIZE);
    ret->files = aligned((size_t)extended + read_le32(&r), 8);
    return !r.short_read;
}

/* The file at an offset of a volume: 1, 0 at the end of the files, -1. */
static int read_file(struct span volume, size_t at, struct piece *ret, struct err *err)
{
    struct reader r = reader_of(span_part(volume, at, volume.len));
    size_t header = FILE_HEADER;
    uint64_t size;
    uint8_t attributes;

    *ret = (struct piece){0};
    read_skip(&r, GUID_SIZE + 2);
    ret->type = read_u8(&r);
    attributes = read_u8(&r);
    size = read_le24(&r);
    read_skip(&r, 1);
    if (r.short_read || (ret->type == 0xff && size == SIZE_IN_24))
        return 0; /* free space is all ones */
    if ((attributes & FILE_LARGE) != 0) {
        size = read_le64(&r);
        header += 8;
    }
    if (size < header || size > volume.len - at)
        return err_set(err, ERR_INPUT, "firmware: a file at %zu of a volume has %" PRIu64 " bytes",
                       at, size);
    ret->body = span_part(volume, at + header, (size_t)size - header);
    ret->next = aligned(at + (size_t)size, 8);
    return 1;
}

/* The section at an offset, likewise. */
static int read_section(struct span in, size_t at, struct piece *ret, struct err *err)
{
    struct reader r = reader_of(span_part(in, at, in.len));
    size_t body;
    uint64_t size = read_le24(&r);

    *ret = (struct piece){.type = read_u8(&r)};
    if (size == SIZE_IN_24)
        size = read_le32(&r);
    body = r.at;
    if (r.short_read)
        return 0;
    if (ret->type == SECTION_GUID_DEFINED) {
        ret->guid = read_span(&r, GUID_SIZE);
        body = read_le16(&r);
    }
    if (r.short_read || body < SECTION_SMALL || size < body || size > in.len - at)
        return err_set(err, ERR_INPUT, "firmware: a section at %zu of a file has %" PRIu64 " bytes",
                       at, size);
    ret->body = span_part(in, at + body, (size_t)size - body);
    ret->next = aligned(at + (size_t)size, 4);
    return 1;
}

/* Remembers the volumes that are asked for. */
static int keep_volumes(struct volumes *volumes, struct err *err)
{
    struct span all = buf_span(&volumes->unpacked);
    struct piece section;
    size_t at = 0;
    int found;

    while ((found = read_section(all, at, &section, err)) > 0) {
        struct volume inner;

        if (section.type == SECTION_VOLUME_IMAGE && read_volume(section.body, &inner)) {
            if (span_equal(inner.name, SPAN_OF_ARRAY(guid_pei)))
                volumes->pei = inner.bytes;
            if (span_equal(inner.name, SPAN_OF_ARRAY(guid_dxe)))
                volumes->dxe = inner.bytes;
        }
        at = section.next;
    }
    return found;
}

/* Unpacks the first packed section of a file. */
static int unpack_file(struct span file, struct volumes *volumes, struct err *err)
{
    struct piece section;
    size_t at = 0;
    int found;

    while ((found = read_section(file, at, &section, err)) > 0) {
        if (section.type == SECTION_GUID_DEFINED &&
            span_equal(section.guid, SPAN_OF_ARRAY(guid_lzma)))
            return lzma_unpack(section.body, &volumes->unpacked, err) < 0
                       ? err_wrap(err, "firmware")
                       : keep_volumes(volumes, err);
        at = section.next;
    }
    return found;
}

static int search_volume(const struct volume *volume, struct volumes *volumes, struct err *err)
{
    struct piece file;
    size_t at = volume->files;
    int found;

    while (volumes->unpacked.len == 0 && (found = read_file(volume->bytes, at, &file, err)) != 0) {
        if (found < 0 ||
            (file.type == FILE_VOLUME_IMAGE && unpack_file(file.body, volumes, err) < 0))
            return -1;
        at = file.next;
    }
    return 0;
}

/* What is found; neither volume need be there. */
static int unpack(struct span image, struct volumes *ret, struct err *err)
{
    OWNED_VOLUMES volumes = {.unpacked = BUF_OF(VOLUMES_UNPACKED_MAX)};
    struct volume volume;
    size_t at = 0;

    while (volumes.unpacked.len == 0 && at < image.len) {
        if (!read_volume(span_part(image, at, image.len), &volume)) {
            at += VOLUME_ALIGN;
            continue;
        }
        if (search_volume(&volume, &volumes, err) < 0)
            return -1;
        at += volume.bytes.len < VOLUME_ALIGN ? VOLUME_ALIGN : volume.bytes.len;
    }
    *ret = volumes;
    volumes = (struct volumes){0};
    return 0;
}

static int refuse(const char *volumes, struct err *err)
{
    return err_set(err, ERR_INPUT,
                   "firmware: no %s in it: not an OVMF image, or one that does not unpack itself",
                   volumes);
}

int volumes_unpack_main(struct span image, struct volumes *ret, struct err *err)
{
    OWNED_VOLUMES volumes = {0};

    if (unpack(image, &volumes, err) < 0)
        return -1;
    if (volumes.dxe.len == 0)
        return refuse("DXEFV", err);
    *ret = volumes;
    volumes = (struct volumes){0};
    return 0;
}

int volumes_unpack(struct span image, struct volumes *ret, struct err *err)
{
    OWNED_VOLUMES volumes = {0};

    if (unpack(image, &volumes, err) < 0)
        return -1;
    if (volumes.pei.len == 0 || volumes.dxe.len == 0)
        return refuse("PEIFV and DXEFV", err);
    *ret = volumes;
    volumes = (struct volumes){0};
    return 0;
}

static bool holds(const struct volumes *volumes, struct span bytes)
{
    return memmem(volumes->dxe.data, volumes->dxe.len, bytes.data, bytes.len) != NULL;
}

bool volumes_measure_td(const struct volumes *volumes)
{
    /* The name of the file that the driver is, in UTF-16. */
    static const uint8_t name[] = {'T', 0, 'd', 0, 'T', 0, 'c', 0, 'g', 0,
                                   '2', 0, 'D', 0, 'x', 0, 'e', 0, 0,   0};

    return holds(volumes, SPAN_OF_ARRAY(name));
}

bool volumes_take_whole_kernel(const struct volumes *volumes)
{
    return holds(volumes, span_of_str("etc/boot/")); /* OvmfPkg/QemuKernelLoaderFsDxe */
}

void volumes_done(struct volumes *volumes)
{
    buf_done(&volumes->unpacked);
    *volumes = (struct volumes){0};
}
