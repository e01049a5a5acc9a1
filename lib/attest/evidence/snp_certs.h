/* The certificate table that may follow an SNP report: what the host gave to the guest with it
 * (GHCB specification, SNP extended guest request; configfs-tsm's auxblob). It comes with the
 * evidence, so it proves nothing; it saves fetching. */
#ifndef COCOS_ATTEST_SNP_CERTS_H
#define COCOS_ATTEST_SNP_CERTS_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/span.h"

enum snp_cert_kind { SNP_CERT_VCEK, SNP_CERT_VLEK, SNP_CERT_ASK, SNP_CERT_ARK, SNP_CERT_COUNT };

struct snp_certs {
    struct span cert[SNP_CERT_COUNT]; /* borrowed; empty when not there */
};

/* Reads a table, which has at least one entry. Entries of other kinds are skipped; an entry that is
 * there twice, or reaches over the end, is refused. Bytes that no entry covers may only be zero
 * padding. offset: where the table stands in the evidence, for messages. Errors: INPUT with the
 * byte offset. */
MUST_USE int snp_certs_parse(struct span in, size_t offset, struct snp_certs *ret, struct err *err);

/* Writes the table, for wrappers that carry the certificates in another form; appended to out. */
void snp_certs_write(const struct snp_certs *certs, struct buf *out);

#endif
