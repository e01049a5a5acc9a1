/* The tree of files that the guest sees.
 *
 * The kernel unpacks the image into its first file system, from which pivot_root() is not possible;
 * so the tree is bound over itself, which makes it a mount like any other, and then sealed
 * read-only. All that can be written lies in tmpfs mounts with ceilings. */
#ifndef COCOS_EOS_TREE_H
#define COCOS_EOS_TREE_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define TREE_SHARE     "/run/cocos/share"
#define TREE_SHARE_IN  TREE_SHARE "/in"
#define TREE_SHARE_OUT TREE_SHARE "/out"
#define TREE_STATE     "/run/cocos/state"
#define TREE_DOOR      "/run/cocos/door" /* between agent and gateway */

/* 0 when the image was unpacked to its end: the last file of the archive is there and whole. The
 * kernel goes on without a word when memory runs out half way. ERR_NO_SPACE otherwise. */
MUST_USE int tree_check_complete(const char *sentinel, struct err *err);

/* True in an image built for debugging: said by a file of the image, not by the command line, so
 * that no host can open a release image. */
bool tree_is_debug(void);

/* Makes the root movable and mounts proc, sys, dev, run, tmp, cgroup2 and what belongs to them. */
MUST_USE int tree_mount_system(struct err *err);

/* Mounts configfs, which comes with a module: reports of a confidential VM are asked for there. */
void tree_mount_config(void);

/* Mounts the two exports of the host. A host that offers none harms only itself: it is said, and
 * the empty directories stay. */
void tree_mount_share(void);

/* An empty state directory for the agent, in memory, up to the share of the free memory that
 * tree_state_bytes() gives; what an earlier agent left is gone. */
MUST_USE int tree_renew_state(struct err *err);

/* Three quarters of what is free: the rest is for the programs. */
uint64_t tree_state_bytes(uint64_t free_bytes);

/* Makes the root read-only. */
MUST_USE int tree_seal(struct err *err);

#endif
