/* Writes the wire format of protocol buffers; reading is pb_reader.h. Private to evidence/. */
#ifndef COCOS_ATTEST_EVIDENCE_PB_WRITER_H
#define COCOS_ATTEST_EVIDENCE_PB_WRITER_H

#include "lib/base/buf.h"

/* Each appends one field. What is empty is left out; a number is written also when it is zero. */
void pb_add_number(struct buf *out, uint32_t field, uint64_t value);
void pb_add_bytes(struct buf *out, uint32_t field, struct span bytes);

#endif
