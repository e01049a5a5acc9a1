/* The Authenticode digest of a PE file: what firmware extends into PCR 4 for an image it starts,
 * and what a Secure Boot signature covers. Source: Microsoft, Windows Authenticode Portable
 * Executable Signature Format, "Calculating the PE Image Hash"; edk2 SecurityPkg, HashPeImage(). */
#ifndef COCOS_ATTEST_REFERENCE_PE_H
#define COCOS_ATTEST_REFERENCE_PE_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/crypto/digest.h"

#define PE_SECTIONS_MAX 96

/* A file whose first bytes may have been changed in memory before the firmware saw it, as QEMU does
 * with a kernel's setup header: head replaces the first head.len bytes of file (empty: nothing is
 * replaced). */
struct pe_image {
    struct span file;
    struct span head;
};

/* The digest over everything but the checksum, the certificate table's entry and the certificates.
 * out holds digest_size(alg). Errors: INPUT naming the offset for anything that is no well-formed
 * PE32 or PE32+. */
MUST_USE int pe_authenticode(const struct pe_image *image, enum digest_alg alg, uint8_t *out,
                             struct err *err);

/* A section as it is in the file, and how large it is in memory: a larger one is filled up with
 * zeros, of a smaller one the rest is padding. */
struct pe_section {
    struct span data;
    uint32_t memory_size;
};

/* The section of that name. Errors: NOT_FOUND, INPUT (as above, or there are two). */
MUST_USE int pe_find_section(struct span file, const char *name, struct pe_section *ret,
                             struct err *err);

#endif
