#include "lib/attest/evidence/ima_template.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define OLD_DIGEST_SIZE 20

static const struct ima_field fields[] = {
    {"d", IMA_DIGEST_RAW, 0},
    {"n", IMA_NAME_RAW, 0},
    {"d-ng", IMA_DIGEST_ALG, 0},
    {"d-ngv2", IMA_DIGEST_TYPE_ALG, 0},
    {"d-modsig", IMA_DIGEST_ALG, 0},
    {"n-ng", IMA_STRING, 0},
    {"sig", IMA_HEX, 0},
    {"buf", IMA_HEX, 0},
    {"modsig", IMA_HEX, 0},
    {"evmsig", IMA_HEX, 0},
    {"xattrnames", IMA_STRING, 0},
    {"xattrlengths", IMA_HEX, 0},
    {"xattrvalues", IMA_HEX, 0},
    {"iuid", IMA_UINT, 4},
    {"igid", IMA_UINT, 4},
    {"imode", IMA_UINT, 2},
};

struct named_template {
    const char *name, *format;
};

static const struct named_template templates[] = {
    {"ima", "d|n"},
    {"ima-ng", "d-ng|n-ng"},
    {"ima-sig", "d-ng|n-ng|sig"},
    {"ima-ngv2", "d-ngv2|n-ng"},
    {"ima-sigv2", "d-ngv2|n-ng|sig"},
    {"ima-buf", "d-ng|n-ng|buf"},
    {"ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig"},
    {"evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode"},
};

struct hash_name {
    const char *name;
    size_t size;
};

/* As the kernel's crypto/hash_info.c calls them, and older spellings. */
static const struct hash_name hash_names[] = {
    {"md5", 16},      {"sha1", 20},     {"rmd160", 20},   {"sha224", 28},      {"sha256", 32},
    {"sha384", 48},   {"sha512", 64},   {"sm3", 32},      {"sm3-256", 32},     {"sm3_256", 32},
    {"sha3-256", 32}, {"sha3-384", 48}, {"sha3-512", 64}, {"streebog256", 32}, {"streebog512", 64},
    {"wp256", 32},    {"wp384", 48},    {"wp512", 64},
};

/* --- templates ------------------------------------------------------------------------------- */

static bool equals(struct span text, const char *wanted)
{
    return span_equal(text, span_of_str(wanted));
}

/* Cuts off what stands before the separator, and the separator; all of it when there is none. */
static struct span cut(struct span *from, char separator)
{
    const uint8_t *end = from->len > 0 ? memchr(from->data, separator, from->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - from->data) : from->len;
    struct span head = span_part(*from, 0, len);

    *from = span_part(*from, len + (end != NULL ? 1 : 0), from->len);
    return head;
}

static const struct ima_field *find_field(struct span id)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (equals(id, fields[i].id))
            return &fields[i];
    return NULL;
}

bool ima_template_find(struct span name, struct ima_template *ret)
{
    struct ima_template found = {.old = equals(name, "ima")};
    struct span format = name;

    for (size_t i = 0; i < COUNT_OF(templates); i++)
        if (equals(name, templates[i].name))
            format = span_of_str(templates[i].format);

    while (format.len > 0) {
        const struct ima_field *field = find_field(cut(&format, '|'));

        if (field == NULL || found.count == IMA_TEMPLATE_FIELDS_MAX)
            return false;
        found.fields[found.count++] = field;
    }
    *ret = found;
    return found.count > 0;
}

/* --- fields, binary -------------------------------------------------------------------------- */

static int check_digest(struct span alg, struct span digest, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(hash_names); i++) {
        if (!equals(alg, hash_names[i].name))
            continue;
        if (digest.len != hash_names[i].size)
            return err_set(err, ERR_INPUT, "%zu bytes are no %s digest", digest.len,
                           hash_names[i].name);
        return 0;
    }
    return err_set(err, ERR_INPUT, "hash algorithm '%.*s' is not known",
                   alg.len < 16 ? (int)alg.len : 16, (const char *)alg.data);
}

/* "[type:]alg:" NUL digest. */
static int split_digest(enum ima_field_form form, struct span value, struct ima_fields *ret,
                        struct err *err)
{
    struct span rest = value, prefix = cut(&rest, '\0');

    if (prefix.len == value.len || prefix.len == 0 || prefix.data[prefix.len - 1] != ':' ||
        !text_is_utf8(prefix))
        return err_set(err, ERR_INPUT, "a digest without its algorithm");
    prefix = span_part(prefix, 0, prefix.len - 1);
    if (form == IMA_DIGEST_TYPE_ALG)
        cut(&prefix, ':');
    if (check_digest(prefix, rest, err) < 0)
        return -1;
    ret->alg = prefix;
    ret->digest = rest;
    return 0;
}

static int split_string(struct span value, struct ima_fields *ret, struct err *err)
{
    if (value.len == 0 || memchr(value.data, '\0', value.len) != value.data + value.len - 1)
        return err_set(err, ERR_INPUT, "a text without its end");
    if (ret->name.data == NULL)
        ret->name = span_part(value, 0, value.len - 1);
    return 0;
}

static int split_field(const struct ima_field *field, struct span value, struct ima_fields *ret,
                       struct err *err)
{
    struct ima_fields other = {0};

    switch (field->form) {
    case IMA_DIGEST_ALG:
    case IMA_DIGEST_TYPE_ALG:
        if (value.len == 0 && strcmp(field->id, "d-modsig") == 0)
            return 0;
        return split_digest(field->form, value, ret->digest.data != NULL ? &other : ret, err);
    case IMA_STRING: return split_string(value, ret, err);
    case IMA_UINT:
        if (value.len != field->width)
            return err_set(err, ERR_INPUT, "%zu bytes instead of %u", value.len, field->width);
        return 0;
    case IMA_DIGEST_RAW: ret->digest = value; return 0;
    case IMA_NAME_RAW: ret->name = value; return 0;
    case IMA_HEX: return 0;
    }
    return 0;
}

int ima_template_read(const struct ima_template *template, struct reader *r, struct ima_fields *ret,
                      struct err *err)
{
    struct ima_fields found = {0};

    for (size_t i = 0; i < template->count; i++) {
        const struct ima_field *field = template->fields[i];
        bool bare = template->old && field->form == IMA_DIGEST_RAW;
        uint32_t len = bare ? OLD_DIGEST_SIZE : read_le32(r);
        struct span value = read_span(r, len);

        if (r->short_read)
            return err_set(err, ERR_INPUT, "the log ends inside field '%s'", field->id);
        if (template->old && field->form == IMA_NAME_RAW && len >= IMA_NAME_PADDED)
            return err_set(err, ERR_INPUT, "a name of %u bytes", len);
        if (split_field(field, value, &found, err) < 0)
            return err_wrap(err, "field '%s'", field->id);
    }
    *ret = found;
    return 0;
}

/* --- fields, from text ----------------------------------------------------------------------- */

/* "sha256:hex" becomes "sha256:" NUL bytes. */
static int encode_digest(struct span text, struct buf *out, struct err *err)
{
    size_t colon = text.len;

    if (text.len == 0)
        return 0;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    buf_add_span(out, span_part(text, 0, colon));
    buf_add_u8(out, 0);
    return text_decode_hex(span_part(text, colon, text.len), out, err);
}

static int encode_uint(struct span text, unsigned width, struct buf *out, struct err *err)
{
    uint64_t value, max = width < 8 ? (1ull << (8 * width)) - 1 : UINT64_MAX;
    char digits[24];

    if (text.len >= sizeof(digits))
        return err_set(err, ERR_INPUT, "not a number");
    snprintf(digits, sizeof(digits), "%.*s", (int)text.len, (const char *)text.data);
    if (text_parse_u64(digits, max, &value, err) < 0)
        return -1;
    for (unsigned i = 0; i < width; i++)
        buf_add_u8(out, (uint8_t)(value >> (8 * i)));
    return 0;
}

static int encode_value(const struct ima_field *field, struct span text, struct buf *out,
                        struct err *err)
{
    switch (field->form) {
    case IMA_DIGEST_RAW:
    case IMA_HEX: return text_decode_hex(text, out, err);
    case IMA_NAME_RAW: buf_add_span(out, text); return 0;
    case IMA_DIGEST_ALG:
    case IMA_DIGEST_TYPE_ALG: return encode_digest(text, out, err);
    case IMA_STRING:
        buf_add_span(out, text);
        buf_add_u8(out, 0);
        return 0;
    case IMA_UINT: return encode_uint(text, field->width, out, err);
    }
    return 0;
}

static void put_le32(uint8_t *at, size_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static int encode_field(const struct ima_template *template, const struct ima_field *field,
                        struct span text, struct buf *out, struct err *err)
{
    bool bare = template->old && field->form == IMA_DIGEST_RAW;
    size_t start = out->len;

    if (!bare)
        buf_add_le32(out, 0);
    if (encode_value(field, text, out, err) < 0)
        return err_wrap(err, "field '%s'", field->id);
    if (buf_check(out, "the entry", err) < 0)
        return -1;
    if (!bare)
        put_le32(out->data + start, out->len - start - 4);
    else if (out->len - start != OLD_DIGEST_SIZE)
        return err_set(err, ERR_INPUT, "field '%s': not %d bytes", field->id, OLD_DIGEST_SIZE);
    return 0;
}

int ima_template_encode(const struct ima_template *template, struct span text, struct buf *out,
                        struct err *err)
{
    for (size_t i = 0; i < template->count; i++) {
        const struct ima_field *field = template->fields[i];
        bool last = i + 1 == template->count;
        /* Old kernels leave blanks in names, which is seen at the end of a line only. */
        bool rest = last && (field->form == IMA_STRING || field->form == IMA_NAME_RAW);
        struct span value = rest ? text : cut(&text, ' ');

        if (encode_field(template, field, value, out, err) < 0)
            return -1;
        if (last && !rest && text.len > 0)
            return err_set(err, ERR_INPUT, "something after the last field");
    }
    return 0;
}

/* --- fields, to text ------------------------------------------------------------------------- */

static void print_hex(struct span bytes, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.len; i++) {
        buf_add_u8(out, (uint8_t)digits[bytes.data[i] >> 4]);
        buf_add_u8(out, (uint8_t)digits[bytes.data[i] & 0xf]);
    }
}

static void print_uint(struct span value, struct buf *out)
{
    uint64_t number = 0;

    for (size_t i = value.len; i > 0; i--)
        number = number << 8 | value.data[i - 1];
    buf_printf(out, "%llu", (unsigned long long)number);
}

static void print_value(const struct ima_field *field, struct span value, struct buf *out)
{
    struct span prefix;

    switch (field->form) {
    case IMA_DIGEST_RAW:
    case IMA_HEX: print_hex(value, out); break;
    case IMA_NAME_RAW: text_add_printable(out, value, IMA_TEMPLATE_DATA_MAX); break;
    case IMA_STRING:
        text_add_printable(out, span_part(value, 0, value.len - 1), IMA_TEMPLATE_DATA_MAX);
        break;
    case IMA_DIGEST_ALG:
    case IMA_DIGEST_TYPE_ALG:
        prefix = cut(&value, '\0');
        buf_add_span(out, prefix);
        print_hex(value, out);
        break;
    case IMA_UINT: print_uint(value, out); break;
    }
}

int ima_template_print(const struct ima_template *template, struct span data, struct buf *out,
                       struct err *err)
{
    struct reader check = reader_of(data), r = reader_of(data);
    struct ima_fields unused;

    if (ima_template_read(template, &check, &unused, err) < 0)
        return -1;
    for (size_t i = 0; i < template->count; i++) {
        const struct ima_field *field = template->fields[i];
        bool bare = template->old && field->form == IMA_DIGEST_RAW;
        uint32_t len = bare ? OLD_DIGEST_SIZE : read_le32(&r);

        buf_add_u8(out, ' ');
        print_value(field, read_span(&r, len), out);
    }
    return 0;
}
