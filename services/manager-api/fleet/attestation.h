/* What came of the gate's checks: the last verdict, kept beside the VM's share, and how things
 * stand now, which the picture in memory says. A verdict that says something else is of the past,
 * and is not shown. */
#ifndef COCOS_MANAGER_FLEET_ATTESTATION_H
#define COCOS_MANAGER_FLEET_ATTESTATION_H

#include "services/manager-api/fleet/entry.h"
#include "services/manager-api/fleet/judge.h"

/* Keeps a verdict, in place of the last one. What cannot be kept is said in the log. */
void attestation_keep(const struct fleet *fleet, const struct judgement *judgement);

/* For an entry that an earlier manager made: what that one found. */
void attestation_recall(const struct share_paths *paths, struct entry *entry);

#endif
