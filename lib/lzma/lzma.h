/* LZMA streams of the old kind (".lzma", LZMA-alone), which UEFI firmware packs its volumes with.
 * Bytes in, bytes out: no file, no state. */
#ifndef COCOS_LZMA_LZMA_H
#define COCOS_LZMA_LZMA_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* Unpacks one whole stream that says how long its content is; the content is appended to out, whose
 * ceiling bounds it. Bytes behind the end of the stream are left alone. Errors: INPUT (no such
 * stream, damaged, cut), TOO_LARGE; out is then as it was. */
MUST_USE int lzma_unpack(struct span in, struct buf *out, struct err *err);

#endif
