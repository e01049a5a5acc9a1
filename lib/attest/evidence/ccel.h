/* The event log of a TDX guest (ACPI table CCEL).
 *
 * The format is that of the crypto-agile TCG log; the registers are counted otherwise: index 0 is
 * MRTD, which nobody extends after launch, and 1 to 4 are the runtime registers RTMR0 to RTMR3.
 * They start as zeros and hash with SHA-384. */
#ifndef COCOS_ATTEST_EVIDENCE_CCEL_H
#define COCOS_ATTEST_EVIDENCE_CCEL_H

#include "lib/attest/evidence/tcg_log.h"

/* tcg_log_parse(), and every event belongs to a runtime register. Errors: INPUT. */
MUST_USE int ccel_parse(struct span in, struct tcg_log *ret, struct err *err);

/* Replays a log of ccel_parse(): register i of ret is RTMR i. NOT_FOUND when the log has no SHA-384
 * bank; INPUT. */
MUST_USE int ccel_replay(const struct tcg_log *log, struct pcr_bank *ret, struct err *err);

/* The RTMR of an extended event of ccel_parse(). */
unsigned ccel_register_of(const struct tcg_event *event);

#endif
