#include "lib/http/signature.h"

#include "lib/base/text.h"

#define BLANKS         " \t"
#define KEY_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-.*"

void content_digest_write(const uint8_t sha256[static SHA256_SIZE], struct buf *out)
{
    buf_add_str(out, "sha-256=:");
    text_encode_base64(span_of(sha256, SHA256_SIZE), out);
    buf_add_str(out, ":");
}

/* One member, `key=:base64:`; moves *at behind it. */
static int take_member(const char **at, struct span *ret_key, struct span *ret_value,
                       struct err *err)
{
    size_t length = strspn(*at, KEY_CHARACTERS);
    const char *value = *at + length;

    *ret_key = span_of(*at, length);
    if (length == 0 || strncmp(value, "=:", 2) != 0)
        return err_set(err, ERR_MALFORMED, "Content-Digest: 'algorithm=:base64:' is expected");
    value += 2;
    length = strcspn(value, ":");
    if (value[length] != ':')
        return err_set(err, ERR_MALFORMED, "Content-Digest: the closing colon is missing");
    *ret_value = span_of(value, length);
    *at = value + length + 1;
    return 0;
}

static int read_sha256(struct span value, uint8_t out[static SHA256_SIZE], struct err *err)
{
    OWNED_BUF bytes = BUF_OF(SHA256_SIZE);

    if (text_decode_base64(value, &bytes, err) < 0 || bytes.len != SHA256_SIZE)
        return err_set(err, ERR_MALFORMED, "Content-Digest: sha-256 must be base64 of 32 bytes");
    memcpy(out, bytes.data, SHA256_SIZE);
    return 0;
}

int content_digest_read(const char *value, uint8_t out[static SHA256_SIZE], struct err *err)
{
    struct span key, member;
    uint8_t sha256[SHA256_SIZE];
    int found = 0;

    value += strspn(value, BLANKS);
    for (;;) {
        if (take_member(&value, &key, &member, err) < 0)
            return -1;
        if (span_equal(key, span_of_str("sha-256"))) {
            found++;
            if (read_sha256(member, sha256, err) < 0)
                return -1;
        }
        value += strspn(value, BLANKS);
        if (*value == '\0')
            break;
        if (*value++ != ',')
            return err_set(err, ERR_MALFORMED, "Content-Digest: a comma is expected");
        value += strspn(value, BLANKS);
    }
    if (found != 1)
        return err_set(err, ERR_MALFORMED, "Content-Digest: exactly one sha-256 is expected");
    memcpy(out, sha256, SHA256_SIZE);
    return 0;
}
