/* MRTD: the running SHA-384 that the TDX module keeps over the pages a TD is built from.
 *
 * TDH.MEM.PAGE.ADD hashes 128 bytes "MEM.PAGE.ADD" with the GPA at 16; TDH.MR.EXTEND hashes, for
 * each chunk of 256 bytes, 128 bytes "MR.EXTEND" with the GPA at 16, then the chunk. Source: Intel
 * TDX module base specification, TDH.MEM.PAGE.ADD and TDH.MR.EXTEND. */
#ifndef COCOS_ATTEST_REFERENCE_TDX_LAUNCH_H
#define COCOS_ATTEST_REFERENCE_TDX_LAUNCH_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/crypto/digest.h"

#define TDX_PAGE_SIZE 4096u

struct tdx_launch; /* one owner; any thread */

struct tdx_launch *tdx_launch_new(void);
void tdx_launch_free(struct tdx_launch *launch);
DEFINE_OWNED(tdx_launch)

void tdx_launch_add_page(struct tdx_launch *launch, uint64_t gpa);

/* content is one page; a shorter one is filled up with zeros. */
void tdx_launch_extend_page(struct tdx_launch *launch, uint64_t gpa, struct span content);

/* The MRTD; the launch starts afresh. */
void tdx_launch_finish(struct tdx_launch *launch, uint8_t mrtd[static SHA384_SIZE]);

#endif
