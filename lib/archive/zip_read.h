/* For lib/archive only: reads the directory of a zip archive, and believes nothing that it does not
 * say twice. The end record, the central directory and the local headers must agree, fill the file
 * without gaps at its end, and never claim more data than the file has, so that no two readers see
 * two different archives in one file and no few bytes are unpacked again and again. */
#ifndef COCOS_ARCHIVE_ZIP_READ_H
#define COCOS_ARCHIVE_ZIP_READ_H

#include "lib/base/err.h"
#include "lib/base/span.h"

/* The central directory, and how far it was read. */
struct zip_directory {
    int fd;           /* borrowed */
    uint64_t at;      /* of the next record */
    uint64_t start;   /* of the first record, which is the end of the data */
    uint64_t end;     /* just after the last record */
    uint64_t count;   /* as the end record says */
    uint64_t seen;    /* records read */
    uint64_t claimed; /* bytes of the archive that the entries so far take up */
};

struct zip_item {
    char *name; /* owned; safe to create below a directory, without a "/" at its end */
    bool is_directory;
    bool is_executable;
    uint16_t flags;
    uint16_t method;
    uint32_t crc;
    uint64_t packed_size;
    uint64_t size;
    uint64_t offset; /* of the local header */
};

void zip_item_done(struct zip_item *item);
#define OWNED_ZIP_ITEM __attribute__((cleanup(zip_item_done))) struct zip_item

/* Finds the central directory. fd is a regular file. Errors: INPUT, SYSTEM. */
MUST_USE int zip_directory_find(int fd, struct zip_directory *ret, struct err *err);

/* The next entry; *ret_more is false (and *ret untouched) when there is none. Errors: INPUT,
 * SYSTEM. */
MUST_USE int zip_directory_next(struct zip_directory *directory, struct zip_item *ret,
                                bool *ret_more, struct err *err);

/* Where the data of an entry starts, after its local header was found to agree. Errors: INPUT,
 * SYSTEM. */
MUST_USE int zip_item_find_data(const struct zip_directory *directory, const struct zip_item *item,
                                uint64_t *ret_offset, struct err *err);

/* Reads exactly len bytes at offset; INPUT when the file ends before. */
MUST_USE int zip_read_at(int fd, uint64_t offset, void *to, size_t len, struct err *err);

#endif
