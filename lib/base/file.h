/* Files, opened so that nobody who prepared the directory can surprise us: no links followed at the
 * last component, regular files only, sizes bounded, written through a temporary name and renamed.
 */
#ifndef COCOS_BASE_FILE_H
#define COCOS_BASE_FILE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#include <sys/types.h>

/* Opens a regular file for reading; dir_fd may be AT_FDCWD. Refuses links, devices, pipes and
 * directories, and never blocks. Returns the descriptor through ret, closed by the caller.
 * Errors: NOT_FOUND, INPUT (not a regular file), SYSTEM. */
MUST_USE int file_open_at(int dir_fd, const char *name, int *ret, struct err *err);

/* Reads a whole file that the user named (links allowed, "-" is standard input) or, with _at, one
 * that somebody else wrote into a directory we share with them (links refused). The content is
 * appended to out, whose ceiling bounds it. Errors: NOT_FOUND, TOO_LARGE, INPUT, SYSTEM. */
MUST_USE int file_read(const char *path, struct buf *out, struct err *err);
MUST_USE int file_read_at(int dir_fd, const char *name, struct buf *out, struct err *err);

/* Reads everything from fd into out. */
MUST_USE int file_read_fd(int fd, struct buf *out, struct err *err);

/* Writes all bytes, across short writes and EINTR. */
MUST_USE int file_write_fd(int fd, struct span bytes, struct err *err);

/* Replaces the file atomically: temporary file beside it, fsync, rename, fsync of the directory. On
 * failure the old content is still there and nothing is left over. */
MUST_USE int file_replace(const char *path, struct span bytes, mode_t mode, struct err *err);
MUST_USE int file_replace_at(int dir_fd, const char *name, struct span bytes, mode_t mode,
                             struct err *err);

/* Creates a file that must not exist yet; a failure leaves none. ERR_STATE when it exists. */
MUST_USE int file_create(const char *path, struct span bytes, mode_t mode, struct err *err);

/* Makes the directory and its parents; one that exists is fine. */
MUST_USE int file_make_dirs(const char *path, mode_t mode, struct err *err);

/* Removes a file or a whole tree without following links; what does not exist is fine. A tree may
 * be of any depth and its directories of any mode, and somebody may still be renaming in it: two
 * descriptors are enough, and nothing outside the tree is touched. Who goes on adding to it can
 * make it fail or keep it busy.
 */
MUST_USE int file_remove_tree(const char *path, struct err *err);
MUST_USE int file_remove_tree_at(int dir_fd, const char *name, struct err *err);

#endif
