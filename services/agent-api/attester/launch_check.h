/* Whether this machine was made from the IGVM file that its host says it was made from: what the
 * file measures to, against what the platform itself reports of its launch.
 *
 * The host gives the file, so this finds an honest host's mistake and nobody's lie: a party
 * compares the report with a file of its own (attestation validate --igvm). */
#ifndef COCOS_AGENT_ATTESTER_LAUNCH_CHECK_H
#define COCOS_AGENT_ATTESTER_LAUNCH_CHECK_H

#include "services/agent-api/attester/desk.h"

/* machine: its first attester is asked; at start, before the desk is open. Errors: INPUT (no IGVM
 * file, or none for this platform), UNTRUSTED (the machine was made from another, with both
 * digests), UNSUPPORTED (nothing here says what was measured at launch), SYSTEM. */
MUST_USE int launch_check(struct span file, const struct desk_config *machine, struct err *err);

#endif
