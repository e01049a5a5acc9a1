/* One record of a Canonical Event Log, from JSON or from TLV. Private to evidence/cel.c. */
#ifndef COCOS_ATTEST_EVIDENCE_CEL_DECODE_H
#define COCOS_ATTEST_EVIDENCE_CEL_DECODE_H

#include "lib/attest/evidence/cel.h"
#include "lib/base/reader.h"

/* number and offset of ret are left alone. The record borrows its content from json. Errors: INPUT
 * with a pointer. */
MUST_USE int cel_decode_json(const struct json *json, struct cel_record *ret, struct err *err);

/* Reads the four TLVs of a record at the reader. Errors: INPUT. */
MUST_USE int cel_decode_tlv(struct reader *r, struct cel_record *ret, struct err *err);

#endif
