/* Release records as text: the least that is one, and more members behind it. */
#ifndef COCOS_TESTS_API_RECORD_MAKE_H
#define COCOS_TESTS_API_RECORD_MAKE_H

#include "tests/unit/unit.h"

#include "lib/api/image.h"
#include "lib/crypto/digest.h"

/* more: ",\"reference\":{...}", or "". */
static inline int make_record(const char *more, struct image_record *ret, struct err *err)
{
    static const char *const parts[] = {"kernel", "initrd", "firmware"};
    OWNED_BUF text = BUF_OF(64 * KIB);
    OWNED_JSON *json = NULL;
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    digest_of(DIGEST_SHA256, span_of_str(""), digest);
    text_hex(digest, sizeof(digest), hex);
    buf_printf(&text, "{\"version\":1,\"name\":\"eos\",\"eos_version\":\"0.1\",\"debug\":false");
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        buf_printf(&text, ",\"%s\":{\"file\":\"f\",\"sha256\":\"%s\",\"bytes\":3}", parts[i], hex);
    buf_printf(&text,
               ",\"cmdline\":{\"text\":\"\",\"sha256\":\"%s\"},\"min_memory_mib\":256,"
               "\"default_memory_mib\":512%s}",
               hex, more);
    assert_int_equal(json_parse(buf_span(&text), &json, err), 0);
    return image_record_decode(json, ret, err);
}

#endif
