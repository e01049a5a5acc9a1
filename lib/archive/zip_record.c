/* The records as the archive/zip package of Go writes them, byte for byte, also where zip64 begins:
 * the digest of a directory must come out the same as elsewhere. */
#include "lib/archive/zip_format.h"

#include "lib/base/text.h"

#define VERSION_20      20
#define VERSION_45      45 /* the first with zip64 */
#define MADE_BY         (ZIP_HOST_UNIX << 8 | VERSION_20)
#define DOS_TIME        0x0000
#define DOS_DATE        0xec21 /* 1970 in a field that counts from 1980 */
#define FILE_ATTRIBUTES (0100644U << 16)
#define TIME_SIZE       9
#define ZIP64_SIZE      28

static bool is_large(const struct zip_entry *entry)
{
    return entry->size >= ZIP_MAX32;
}

/* A name that reads differently in the DOS, Japanese or Korean code pages is marked as UTF-8. */
static uint16_t flags_of(const char *name)
{
    bool plain = true;

    for (const uint8_t *c = (const uint8_t *)name; *c != '\0'; c++)
        plain = plain && *c >= 0x20 && *c <= 0x7d && *c != '\\';
    if (!plain && text_is_utf8(span_of_str(name)))
        return ZIP_FLAG_DESCRIPTOR | ZIP_FLAG_UTF8;
    return ZIP_FLAG_DESCRIPTOR;
}

/* Version needed, flags, method, time and date: alike in both headers. */
static void add_common(struct buf *out, const struct zip_entry *entry, uint16_t version)
{
    buf_add_le16(out, version);
    buf_add_le16(out, flags_of(entry->name));
    buf_add_le16(out, ZIP_METHOD_STORED);
    buf_add_le16(out, DOS_TIME);
    buf_add_le16(out, DOS_DATE);
}

static void add_time(struct buf *out)
{
    buf_add_le16(out, ZIP_EXTRA_TIME);
    buf_add_le16(out, TIME_SIZE - 4);
    buf_add_u8(out, 1); /* the time of modification follows, and no other */
    buf_add_le32(out, 0);
}

static void add_zip64(struct buf *out, const struct zip_entry *entry)
{
    buf_add_le16(out, ZIP_EXTRA_ZIP64);
    buf_add_le16(out, ZIP64_SIZE - 4);
    buf_add_le64(out, entry->size);
    buf_add_le64(out, entry->size);
    buf_add_le64(out, entry->offset);
}

void zip_add_local(struct buf *out, const struct zip_entry *entry)
{
    buf_add_le32(out, ZIP_LOCAL_SIG);
    add_common(out, entry, VERSION_20);
    buf_add_le32(out, 0); /* checksum and both sizes come in the descriptor */
    buf_add_le32(out, 0);
    buf_add_le32(out, 0);
    buf_add_le16(out, (uint16_t)strlen(entry->name));
    buf_add_le16(out, TIME_SIZE);
    buf_add_str(out, entry->name);
    add_time(out);
}

void zip_add_descriptor(struct buf *out, const struct zip_entry *entry)
{
    buf_add_le32(out, ZIP_DESCRIPTOR_SIG);
    buf_add_le32(out, entry->crc);
    for (int i = 0; i < 2; i++) {
        if (is_large(entry))
            buf_add_le64(out, entry->size);
        else
            buf_add_le32(out, (uint32_t)entry->size);
    }
}

void zip_add_central(struct buf *out, const struct zip_entry *entry)
{
    bool zip64 = is_large(entry) || entry->offset >= ZIP_MAX32;
    uint32_t size = zip64 ? ZIP_MAX32 : (uint32_t)entry->size;

    buf_add_le32(out, ZIP_CENTRAL_SIG);
    buf_add_le16(out, MADE_BY);
    add_common(out, entry, is_large(entry) ? VERSION_45 : VERSION_20);
    buf_add_le32(out, entry->crc);
    buf_add_le32(out, size);
    buf_add_le32(out, size);
    buf_add_le16(out, (uint16_t)strlen(entry->name));
    buf_add_le16(out, TIME_SIZE + (zip64 ? ZIP64_SIZE : 0));
    buf_add_le16(out, 0); /* no comment */
    buf_add_le16(out, 0); /* disk */
    buf_add_le16(out, 0); /* internal attributes */
    buf_add_le32(out, FILE_ATTRIBUTES);
    buf_add_le32(out, entry->offset > ZIP_MAX32 ? ZIP_MAX32 : (uint32_t)entry->offset);
    buf_add_str(out, entry->name);
    add_time(out);
    if (zip64)
        add_zip64(out, entry);
}

static void add_end64(struct buf *out, uint64_t count, uint64_t directory_size,
                      uint64_t directory_offset)
{
    buf_add_le32(out, ZIP_END64_SIG);
    buf_add_le64(out, ZIP_END64_SIZE - 12); /* what follows this field */
    buf_add_le16(out, VERSION_45);
    buf_add_le16(out, VERSION_45);
    buf_add_le32(out, 0); /* this disk, and the directory's */
    buf_add_le32(out, 0);
    buf_add_le64(out, count); /* on this disk, and of all */
    buf_add_le64(out, count);
    buf_add_le64(out, directory_size);
    buf_add_le64(out, directory_offset);

    buf_add_le32(out, ZIP_LOCATOR64_SIG);
    buf_add_le32(out, 0);
    buf_add_le64(out, directory_offset + directory_size);
    buf_add_le32(out, 1); /* disks */
}

void zip_add_end(struct buf *out, uint64_t count, uint64_t directory_size,
                 uint64_t directory_offset)
{
    bool zip64 = count >= ZIP_MAX16 || directory_size >= ZIP_MAX32 || directory_offset >= ZIP_MAX32;

    if (zip64)
        add_end64(out, count, directory_size, directory_offset);
    buf_add_le32(out, ZIP_END_SIG);
    buf_add_le16(out, 0);
    buf_add_le16(out, 0);
    buf_add_le16(out, zip64 ? ZIP_MAX16 : (uint16_t)count);
    buf_add_le16(out, zip64 ? ZIP_MAX16 : (uint16_t)count);
    buf_add_le32(out, zip64 ? ZIP_MAX32 : (uint32_t)directory_size);
    buf_add_le32(out, zip64 ? ZIP_MAX32 : (uint32_t)directory_offset);
    buf_add_le16(out, 0);
}
