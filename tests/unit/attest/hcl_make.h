/* Makes HCL reports for tests. */
#ifndef COCOS_TESTS_ATTEST_HCL_MAKE_H
#define COCOS_TESTS_ATTEST_HCL_MAKE_H

#include "lib/base/buf.h"
#include "lib/base/text.h"

#include <string.h>

#define RUNTIME                                                                                    \
    "{\"keys\":[{\"kid\":\"HCLEkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"AAAA\"},"             \
    "{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}],"                         \
    "\"vm-configuration\":{\"secure-boot\":true}}"

/* A blob around this runtime data; report: 1184 bytes, or NULL for any. */
static inline void make_blob(struct buf *out, uint32_t type, const char *runtime,
                             const uint8_t *report)
{
    buf_add_str(out, "HCLA");
    memset(buf_grow(out, 28 + 1184), 0x11, 28 + 1184);
    if (report != NULL)
        memcpy(out->data + out->len - 1184, report, 1184);
    buf_add_le32(out, (uint32_t)strlen(runtime) + 20);
    buf_add_le32(out, 1);
    buf_add_le32(out, type);
    buf_add_le32(out, 1);
    buf_add_le32(out, (uint32_t)strlen(runtime));
    buf_add_str(out, runtime);
}

/* Runtime data that names a key with this modulus of 256 bytes. */
static inline void make_runtime(struct buf *out, struct span modulus)
{
    OWNED_BUF text = BUF_OF(512);

    text_encode_base64url(modulus, &text);
    buf_printf(out, RUNTIME, buf_str(&text));
}

#endif
