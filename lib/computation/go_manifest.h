/* The manifest of the older, gRPC-based generation of these programs, known here so that its digest
 * is the same: digests are arrays of 32 numbers, keys base64 of DER, and the canonical form has its
 * members in a fixed order, leaves empty ones out and writes <, > and & as \u003c, \u003e and
 * \u0026. */
#ifndef COCOS_COMPUTATION_GO_MANIFEST_H
#define COCOS_COMPUTATION_GO_MANIFEST_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/json/json.h"

/* True when the document has the digests of that form. */
bool go_manifest_is(const struct json *document);

/* Its canonical form, appended to out. Errors: INPUT (a member of the wrong type). */
MUST_USE int go_manifest_write(const struct json *document, struct buf *out, struct err *err);

#endif
