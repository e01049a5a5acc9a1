/* For policy.c only: the members of the vtpm part whose keys or texts no table can describe. */
#ifndef COCOS_ATTEST_POLICY_VTPM_H
#define COCOS_ATTEST_POLICY_VTPM_H

#include "lib/attest/policy.h"

#define POLICY_PCRS_MAX     96 /* 24 registers in 4 banks */
#define POLICY_PCR_VALUES   4096
#define POLICY_EK_ROOTS_MAX 64

/* Reads vtpm->pcrs and vtpm->ek_roots, as written, into vtpm->pcr and vtpm->ek_root. Errors: INPUT
 * with a pointer that begins at the part. */
MUST_USE int policy_vtpm_read(struct policy_vtpm *vtpm, struct err *err);

void policy_vtpm_done(struct policy_vtpm *vtpm);

/* Reads one text or a list of texts; appended to strings, which the caller releases. */
MUST_USE int policy_read_texts(const struct json *json, size_t max, size_t item_max,
                               struct json_strings *strings, struct err *err);
void policy_strings_done(struct json_strings *strings);

/* 0 when the text is lower-case hex of len bytes. */
MUST_USE int policy_check_hex(const char *text, size_t len, struct err *err);

#endif
