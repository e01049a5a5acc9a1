/* Makes IMA measurement lists for tests. */
#ifndef COCOS_TESTS_ATTEST_IMA_MAKE_H
#define COCOS_TESTS_ATTEST_IMA_MAKE_H

#include "lib/attest/evidence/ima_log.h"

/* A field with its length in front. */
static inline void make_field(struct buf *data, const void *bytes, size_t len)
{
    buf_add_le32(data, (uint32_t)len);
    buf_add(data, bytes, len);
}

/* The fields d-ng and n-ng, of a file whose content is its name. */
static inline void make_ng_fields(struct buf *data, const char *name)
{
    uint8_t digest[8 + SHA256_SIZE] = "sha256:";

    digest_of(DIGEST_SHA256, span_of_str(name), digest + 8);
    make_field(data, digest, sizeof(digest));
    make_field(data, name, strlen(name) + 1);
}

/* A binary entry with template digests of the algorithm; zeros for a violation. */
static inline void make_entry(struct buf *list, enum digest_alg alg, uint32_t pcr,
                              const char *template_name, struct span data, bool violation)
{
    uint8_t digest[DIGEST_SIZE_MAX] = {0};

    if (!violation)
        digest_of(alg, data, digest);
    buf_add_le32(list, pcr);
    buf_add(list, digest, digest_size(alg));
    make_field(list, template_name, strlen(template_name));
    make_field(list, data.data, data.len);
}

static inline void make_ng_entry(struct buf *list, const char *name)
{
    OWNED_BUF data = BUF_OF(4096);

    make_ng_fields(&data, name);
    make_entry(list, DIGEST_SHA1, IMA_PCR, "ima-ng", buf_span(&data), false);
}

#endif
