/* Zip archives, deterministic: the same tree gives the same bytes anywhere.
 *
 * Regular files only, found recursively, sorted by full path; stored, not compressed; data
 * descriptors with signature; mode 0644; extended timestamp of 1970; DOS time and date as UTC gives
 * them for it (0x0000, 0xEC21); zip64 only where a size or count demands it. This is the form in
 * which a directory is a dataset and its SHA3-256 is the dataset's digest. */
#ifndef COCOS_ARCHIVE_ZIP_H
#define COCOS_ARCHIVE_ZIP_H

#include "lib/base/err.h"
#include "lib/base/span.h"

/* Takes the bytes of the archive in order; returns -1 with err to stop. */
typedef int zip_sink(void *to, struct span bytes, struct err *err);

enum zip_flags {
    ZIP_FREE_AS_PACKED =
        1, /* each file is removed once it is packed, so that the disk holds it once */
};

struct zip_limits {
    uint64_t files_max;
    uint64_t bytes_max; /* of all content together */
};

/* Writes the archive of everything under dir_fd (which stays open). Links and special files are not
 * followed and not packed. Errors: TOO_LARGE, SYSTEM, and what the sink returns. */
MUST_USE int zip_pack(int dir_fd, unsigned flags, const struct zip_limits *limits, zip_sink *sink,
                      void *to, struct err *err);

/* Unpacks an archive from a file descriptor into dir_fd: relative names only, no "..", no links, no
 * special files, modes 0644 and 0755, nothing overwritten, within limits. On failure what was
 * unpacked so far is left for the caller to remove. Errors: INPUT (with the entry's name),
 * TOO_LARGE, SYSTEM. */
MUST_USE int zip_unpack(int archive_fd, int dir_fd, const struct zip_limits *limits,
                        struct err *err);

#endif
