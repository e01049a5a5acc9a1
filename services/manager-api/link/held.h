/* What a process holds open below a directory although no name leads there any more.
 *
 * A guest may open a file in its share, remove it and go on writing: no look into the directory
 * finds it, and the host's disk fills all the same. The kernel shows each open file of a process,
 * so they can be counted there by whoever may look: root, or the process's own user. */
#ifndef COCOS_MANAGER_LINK_HELD_H
#define COCOS_MANAGER_LINK_HELD_H

#include "lib/base/err.h"

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define HELD_FILES_MAX 64

struct held {
    unsigned files; /* without a name; at most HELD_FILES_MAX + 1 are counted */
    uint64_t bytes; /* of those */
};

/* Looks at pid's open files below the directory that dir_fd is. Errors: NOT_FOUND (no such
 * process), SYSTEM (it may not be looked at). */
MUST_USE int held_count(pid_t pid, int dir_fd, struct held *ret, struct err *err);

/* Bytes of a file: what it says, or what it occupies, whichever is more. */
uint64_t held_file_bytes(const struct stat *info);

#endif
