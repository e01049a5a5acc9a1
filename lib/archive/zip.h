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

/* All paths of an archive together, in bytes: they are kept in memory until its directory is
 * written. */
#define ZIP_NAMES_MAX (16 * MIB)

struct zip_limits {
    uint64_t files_max; /* of files and directories together, and of whatever else lies there */
    uint64_t bytes_max; /* of all content together */
};

/* Writes the archive of everything under dir_fd (which stays open). Links and special files are not
 * followed and not packed; a file that changes its size meanwhile is an error. limits: borrowed.
 * Errors: TOO_LARGE (a limit, a path of more than 4 KiB, more than 64 directories within one
 * another), INPUT (a file changed), NOT_FOUND (one vanished), SYSTEM, and what the sink returns. */
MUST_USE int zip_pack(int dir_fd, unsigned flags, const struct zip_limits *limits, zip_sink *sink,
                      void *to, struct err *err);

/* Unpacks an archive, stored or deflated, from a regular file into dir_fd. Names are relative,
 * without
 * "..", control characters or links on the way; there are no special files, modes are 0644 and
 * 0755, nothing is overwritten, and limits hold whatever the archive says. An archive whose parts
 * contradict one another is refused, also where other programs would read it. On failure what was
 * unpacked so far is left for the caller to remove. Errors: INPUT (with the entry's name),
 * UNSUPPORTED (a compression), TOO_LARGE, SYSTEM, NO_SPACE. */
MUST_USE int zip_unpack(int archive_fd, int dir_fd, const struct zip_limits *limits,
                        struct err *err);

#endif
