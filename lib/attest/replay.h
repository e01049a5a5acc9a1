/* Replays of logs as JSON, the way `cocos-cli eventlog replay` and `ima replay` print them
 * (contract.md). For people and scripts that compare with registers they read themselves: a replay
 * alone proves nothing. */
#ifndef COCOS_ATTEST_REPLAY_H
#define COCOS_ATTEST_REPLAY_H

#include "lib/crypto/digest.h"
#include "lib/json/json.h"

/* {"pcrs": {"0": hex}} with the registers that the log extends. Takes a TCG event log, or a
 * canonical one in JSON. Errors: INPUT, MALFORMED, NOT_FOUND (no such bank). */
MUST_USE int replay_event_log(struct span log, enum digest_alg alg, struct json **ret,
                              struct err *err);

/* {"rtmrs": {"0": hex, ... "3": hex}}, all four. Errors: INPUT, NOT_FOUND (no SHA-384 bank). */
MUST_USE int replay_ccel(struct span log, struct json **ret, struct err *err);

/* {"pcr10": hex, "entries": n, "violations": n, "boot_aggregate": hex or null}, SHA-256 bank.
 * Errors: INPUT. */
MUST_USE int replay_ima(struct span log, struct json **ret, struct err *err);

#endif
