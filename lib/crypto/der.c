#include "lib/crypto/der.h"

#include <inttypes.h>
#include <stdlib.h>

#define LENGTH_BYTES_MAX 4
#define TAG_NUMBER_LONG  0x1f
#define OID_CONTENT_MAX  64

struct der der_of(struct span content)
{
    return (struct der){.in = content};
}

void der_fail(struct der *d)
{
    d->bad = true;
}

bool der_more(const struct der *d)
{
    return !d->bad && d->at < d->in.len;
}

bool der_end(const struct der *d)
{
    return !d->bad && d->at == d->in.len;
}

bool der_next_is(const struct der *d, unsigned tag)
{
    return der_more(d) && d->in.data[d->at] == tag;
}

/* Reads the header at rest's front: the length of header and content. False when it is not DER. */
static bool read_header(struct span rest, size_t *ret_header, size_t *ret_content)
{
    size_t header = 2, len;

    if (rest.len < 2 || (rest.data[0] & TAG_NUMBER_LONG) == TAG_NUMBER_LONG)
        return false;
    len = rest.data[1];
    if (len >= 0x80) {
        size_t bytes = len & 0x7f;

        if (bytes == 0 || bytes > LENGTH_BYTES_MAX || rest.len < 2 + bytes || rest.data[2] == 0)
            return false;
        len = 0;
        for (size_t i = 0; i < bytes; i++)
            len = len << 8 | rest.data[2 + i];
        header += bytes;
        if (len < 0x80)
            return false; /* it had a shorter form */
    }
    if (len > rest.len - header)
        return false;
    *ret_header = header;
    *ret_content = len;
    return true;
}

/* The next element, if it has the tag (0: any); without its header unless whole is set. */
static struct span take(struct der *d, unsigned tag, bool whole)
{
    struct span rest = span_part(d->in, d->at, d->in.len);
    size_t header = 0, content = 0;

    if (d->bad || !read_header(rest, &header, &content) || (tag != 0 && rest.data[0] != tag)) {
        d->bad = true;
        return span_of(NULL, 0);
    }
    d->at += header + content;
    return whole ? span_part(rest, 0, header + content) : span_part(rest, header, content);
}

struct span der_take(struct der *d, unsigned tag)
{
    return take(d, tag, false);
}

struct span der_whole(struct der *d, unsigned tag)
{
    return take(d, tag, true);
}

struct span der_any(struct der *d, unsigned *ret_tag)
{
    *ret_tag = der_more(d) ? d->in.data[d->at] : 0;
    return take(d, 0, false);
}

static struct span checked(struct der *d, struct span content, bool good)
{
    if (!d->bad && good)
        return content;
    d->bad = true;
    return span_of(NULL, 0);
}

struct span der_integer(struct der *d)
{
    struct span content = der_take(d, DER_INTEGER);
    bool padded = content.len >= 2 && ((content.data[0] == 0x00 && content.data[1] < 0x80) ||
                                       (content.data[0] == 0xff && content.data[1] >= 0x80));

    return checked(d, content, content.len > 0 && !padded);
}

struct span der_unsigned(struct der *d)
{
    struct span content = der_integer(d);

    content = checked(d, content, content.len > 0 && content.data[0] < 0x80);
    return content.len > 0 && content.data[0] == 0 ? span_part(content, 1, content.len) : content;
}

uint64_t der_u64(struct der *d)
{
    struct span magnitude = der_unsigned(d);
    uint64_t value = 0;

    magnitude = checked(d, magnitude, magnitude.len <= sizeof(value));
    for (size_t i = 0; i < magnitude.len; i++)
        value = value << 8 | magnitude.data[i];
    return value;
}

bool der_boolean(struct der *d)
{
    struct span content = der_take(d, DER_BOOLEAN);

    content =
        checked(d, content, content.len == 1 && (content.data[0] == 0 || content.data[0] == 0xff));
    return content.len == 1 && content.data[0] == 0xff;
}

struct span der_bits(struct der *d)
{
    struct span content = der_take(d, DER_BIT_STRING);

    content = checked(d, content, content.len > 0 && content.data[0] == 0);
    return span_part(content, 1, content.len);
}

/* --- object identifiers --------------------------------------------------------------------------
 */

/* The content of an OID as it is written with dots; its length. */
static size_t encode_oid(const char *dotted, uint8_t out[static OID_CONTENT_MAX])
{
    uint64_t first = 0;
    size_t len = 0;

    for (size_t i = 0; *dotted != '\0'; i++) {
        uint8_t bytes[10];
        size_t at = sizeof(bytes);
        char *end;
        uint64_t arc = strtoull(dotted, &end, 10);

        dotted = *end == '.' ? end + 1 : end;
        if (i == 0) {
            first = arc;
            continue;
        }
        if (i == 1)
            arc += 40 * first;
        bytes[--at] = (uint8_t)(arc & 0x7f);
        while ((arc >>= 7) > 0)
            bytes[--at] = (uint8_t)(0x80 | (arc & 0x7f));
        if (len + sizeof(bytes) - at > OID_CONTENT_MAX)
            return 0; /* longer than any that we know by name */
        memcpy(out + len, bytes + at, sizeof(bytes) - at);
        len += sizeof(bytes) - at;
    }
    return len;
}

void der_add_oid(const char *dotted, struct buf *out)
{
    uint8_t content[OID_CONTENT_MAX];

    buf_add(out, content, encode_oid(dotted, content));
}

bool der_oid_is(struct span oid, const char *dotted)
{
    uint8_t content[OID_CONTENT_MAX];

    return oid.len > 0 && span_equal(oid, span_of(content, encode_oid(dotted, content)));
}

void der_oid_text(struct span oid, struct buf *out)
{
    bool first = true;
    uint64_t arc = 0;

    if (oid.len == 0 || oid.len > OID_CONTENT_MAX || oid.data[oid.len - 1] >= 0x80) {
        buf_add_str(out, "?");
        return;
    }
    for (size_t i = 0; i < oid.len; i++) {
        arc = arc << 7 | (oid.data[i] & 0x7f);
        if (oid.data[i] >= 0x80)
            continue;
        if (first) {
            uint64_t root = arc < 80 ? arc / 40 : 2;

            buf_printf(out, "%" PRIu64 ".%" PRIu64, root, arc - 40 * root);
        } else {
            buf_printf(out, ".%" PRIu64, arc);
        }
        first = false;
        arc = 0;
    }
}
