/* For lib/archive only: the records of a zip archive (PKWARE APPNOTE 6.3.10), and what both
 * directions know of an entry. */
#ifndef COCOS_ARCHIVE_ZIP_FORMAT_H
#define COCOS_ARCHIVE_ZIP_FORMAT_H

#include "lib/base/buf.h"

#define ZIP_LOCAL_SIG      0x04034b50
#define ZIP_DESCRIPTOR_SIG 0x08074b50
#define ZIP_CENTRAL_SIG    0x02014b50
#define ZIP_END_SIG        0x06054b50
#define ZIP_END64_SIG      0x06064b50
#define ZIP_LOCATOR64_SIG  0x07064b50

/* Without what is of variable length. */
#define ZIP_LOCAL_SIZE     30
#define ZIP_CENTRAL_SIZE   46
#define ZIP_END_SIZE       22
#define ZIP_END64_SIZE     56
#define ZIP_LOCATOR64_SIZE 20

#define ZIP_MAX16 0xffffU /* "see the zip64 record" */
#define ZIP_MAX32 0xffffffffU

#define ZIP_FLAG_ENCRYPTED  0x0001
#define ZIP_FLAG_DESCRIPTOR 0x0008
#define ZIP_FLAG_PATCH      0x0020
#define ZIP_FLAG_STRONG     0x0040
#define ZIP_FLAG_UTF8       0x0800
#define ZIP_FLAG_MASKED     0x2000

#define ZIP_METHOD_STORED  0
#define ZIP_METHOD_DEFLATE 8

#define ZIP_EXTRA_ZIP64 0x0001
#define ZIP_EXTRA_TIME  0x5455

#define ZIP_HOST_UNIX 3 /* in the high byte of "version made by" */

#define ZIP_NAME_MAX  4096
#define ZIP_DEPTH_MAX 64 /* directories within one another */

/* A stored entry, as the writer has it. */
struct zip_entry {
    char *name;
    uint64_t offset; /* of its local header */
    uint64_t size;
    uint32_t crc;
};

/* Append the records of an entry, and the end of the archive after its central directory. */
void zip_add_local(struct buf *out, const struct zip_entry *entry);
void zip_add_descriptor(struct buf *out, const struct zip_entry *entry);
void zip_add_central(struct buf *out, const struct zip_entry *entry);
void zip_add_end(struct buf *out, uint64_t count, uint64_t directory_size,
                 uint64_t directory_offset);

#endif
