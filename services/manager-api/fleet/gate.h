/* The gate between a VM's first word and its being called running: the evidence of its boot is
 * verified against what its image's release record foresees.
 *
 * The manager is not trusted, and neither is its verdict by anybody who has something to lose: they
 * verify for themselves, on their own connection. The gate is there so that a machine that booted
 * wrongly is found by who runs it, at once and with the reason. Where the record has no values for
 * the VM's shape there is nothing to compare with, and the VM runs unchecked, which is said.
 *
 * What is accepted is accepted of one key, the one that we tell clients. An agent that says that it
 * has another one closes the gate again, until its evidence names that: at no moment do we tell a
 * key that no evidence stands behind. Key and evidence are two files, so that the agent is given
 * some time to write both. A key that changes during a check takes an acceptance back, and never a
 * rejection. */
#ifndef COCOS_MANAGER_FLEET_GATE_H
#define COCOS_MANAGER_FLEET_GATE_H

#include "services/manager-api/fleet/tidings.h"

/* What the files of a VM say. */
struct gate_view {
    bool looked;            /* somebody did: without that nothing is decided */
    bool needed;            /* there is something to compare with */
    bool evidence;          /* the guest has put its evidence down */
    struct watch_mark mark; /* of that file */
};

/* Looks; without the lock. */
void gate_look(const struct fleet *fleet, const struct share_paths *paths, struct gate_view *ret);

/* The next step for a VM that was heard: opens, closes again, waits, gives up, or marks the entry
 * as one whose evidence is to be checked. With the lock held; may be called again and again. */
void gate_step(struct fleet *fleet, struct entry *entry, const struct gate_view *view,
               struct tidings *tidings);

/* Has a worker check the evidence of an entry that gate_step() marked. Without the lock. */
void gate_check_later(struct fleet *fleet, const char *id);

#endif
