#include "lib/attest/evidence/tcb_info.h"

#include "lib/base/text.h"
#include "lib/crypto/der.h"

#define TEXT_MAX  256
#define FLAG_BITS 32

static const char *const flag_names[] = {
    "not configured",
    "not secure",
    "recovery",
    "debug",
    "not replay protected",
    "not integrity protected",
    "not runtime measured",
    "not immutable",
    "not tcb",
};

/* --- parts ----------------------------------------------------------------------------------- */

/* [n] IMPLICIT UTF8String OPTIONAL. */
static struct span take_text(struct der *d, unsigned n)
{
    struct span text = span_of(NULL, 0);

    if (!der_next_is(d, DER_CONTEXT_PRIMITIVE(n)))
        return text;
    text = der_take(d, DER_CONTEXT_PRIMITIVE(n));
    if (text.len > TEXT_MAX || !text_is_utf8(text))
        der_fail(d);
    return text;
}

/* [n] IMPLICIT INTEGER OPTIONAL, of zero or more. */
static bool take_number(struct der *d, unsigned n, uint64_t *ret)
{
    struct span content;
    bool minimal;

    if (!der_next_is(d, DER_CONTEXT_PRIMITIVE(n)))
        return false;
    content = der_take(d, DER_CONTEXT_PRIMITIVE(n));
    minimal =
        content.len == 1 || (content.len > 1 && (content.data[0] != 0 || content.data[1] >= 0x80));
    if (!minimal || content.len > sizeof(*ret) + 1 || content.data[0] >= 0x80 ||
        (content.len > sizeof(*ret) && content.data[0] != 0)) {
        der_fail(d);
        return false;
    }
    *ret = 0;
    for (size_t i = 0; i < content.len; i++)
        *ret = *ret << 8 | content.data[i];
    return true;
}

/* [n] IMPLICIT BIT STRING OPTIONAL: bit 0 is the first one. */
static bool take_flags(struct der *d, unsigned n, uint32_t *ret)
{
    struct span content;
    size_t bits;

    if (!der_next_is(d, DER_CONTEXT_PRIMITIVE(n)))
        return false;
    content = der_take(d, DER_CONTEXT_PRIMITIVE(n));
    if (content.len < 1 || content.data[0] > 7 || (content.len == 1 && content.data[0] != 0) ||
        content.len > 1 + FLAG_BITS / 8) {
        der_fail(d);
        return false;
    }
    bits = 8 * (content.len - 1) - content.data[0];
    *ret = 0;
    for (size_t i = 0; i < bits; i++)
        if ((content.data[1 + i / 8] & 0x80U >> i % 8) != 0)
            *ret |= 1U << i;
    return true;
}

/* A list of {hash algorithm, digest}, which may be kept. */
static void read_fwids(struct der *d, struct span content, struct tcb_info *info)
{
    struct der list = der_of(content);

    while (der_more(&list) && !list.bad) {
        struct der item = der_of(der_take(&list, DER_SEQUENCE));
        struct tcb_fwid fwid;

        fwid.oid = der_take(&item, DER_OID);
        fwid.digest = der_take(&item, DER_OCTET_STRING);
        if (!der_end(&item) || (info != NULL && info->fwid_count == TCB_INFO_FWIDS_MAX))
            der_fail(&list);
        else if (info != NULL)
            info->fwids[info->fwid_count++] = fwid;
    }
    if (!der_end(&list) || content.len == 0)
        der_fail(d);
}

/* [11] IMPLICIT SEQUENCE OF IntegrityRegister {[0] name, [1] number, [2] digests}: form only. */
static void check_registers(struct der *d)
{
    struct der list;

    if (!der_next_is(d, DER_CONTEXT(11)))
        return;
    list = der_of(der_take(d, DER_CONTEXT(11)));
    while (der_more(&list) && !list.bad) {
        struct der item = der_of(der_take(&list, DER_SEQUENCE));
        uint64_t number;

        (void)take_text(&item, 0);
        (void)take_number(&item, 1, &number);
        read_fwids(&item, der_take(&item, DER_CONTEXT(2)), NULL);
        if (!der_end(&item))
            der_fail(&list);
    }
    if (!der_end(&list))
        der_fail(d);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void read_info(struct der *d, struct span content, struct tcb_info *info)
{
    struct der f = der_of(content);
    uint32_t mask;

    info->vendor = take_text(&f, 0);
    info->model = take_text(&f, 1);
    info->version = take_text(&f, 2);
    info->has_svn = take_number(&f, 3, &info->svn);
    info->has_layer = take_number(&f, 4, &info->layer);
    info->has_index = take_number(&f, 5, &info->index);
    if (der_next_is(&f, DER_CONTEXT(6)))
        read_fwids(&f, der_take(&f, DER_CONTEXT(6)), info);
    info->has_flags = take_flags(&f, 7, &info->flags);
    if (der_next_is(&f, DER_CONTEXT_PRIMITIVE(8)))
        info->vendor_info = der_take(&f, DER_CONTEXT_PRIMITIVE(8));
    if (der_next_is(&f, DER_CONTEXT_PRIMITIVE(9)))
        info->type = der_take(&f, DER_CONTEXT_PRIMITIVE(9));
    (void)take_flags(&f, 10, &mask);
    check_registers(&f);
    if (!der_end(&f))
        der_fail(d);
}

int tcb_info_parse(struct span content, bool multi, struct tcb_infos *ret, struct err *err)
{
    struct der outer = der_of(content);
    struct der list = multi ? der_of(der_take(&outer, DER_SEQUENCE)) : outer;
    struct der *d = multi ? &list : &outer;

    do {
        struct tcb_info info = {0};

        if (ret->count == TCB_INFO_MAX)
            return err_set(err, ERR_INPUT, "tcb info: more than %d in one certificate",
                           TCB_INFO_MAX);
        read_info(d, der_take(d, DER_SEQUENCE), &info);
        ret->items[ret->count++] = info;
    } while (multi && !list.bad && der_more(&list));
    if (!der_end(d) || !der_end(&outer))
        return err_set(err, ERR_INPUT, "tcb info: malformed at byte %zu of item %zu", d->at,
                       ret->count - 1);
    return 0;
}

void tcb_info_write_flags(uint32_t flags, struct buf *out)
{
    const char *between = "";

    for (size_t i = 0; i < COUNT_OF(flag_names); i++) {
        if ((flags & TCB_UNFIT & 1U << i) == 0)
            continue;
        buf_printf(out, "%s%s", between, flag_names[i]);
        between = ", ";
    }
}

static void set_text(struct json *json, const char *key, struct span text)
{
    OWNED_BUF copy = BUF_OF(TEXT_MAX);

    if (text.len == 0)
        return;
    buf_add_span(&copy, text);
    json_set_str(json, key, buf_str(&copy));
}

static struct json *fwids_claims(const struct tcb_info *info)
{
    struct json *list = json_new_array();

    for (size_t i = 0; i < info->fwid_count; i++) {
        struct json *fwid = json_new_object();
        OWNED_BUF oid = BUF_OF(TEXT_MAX);

        der_oid_text(info->fwids[i].oid, &oid);
        json_set_str(fwid, "algorithm", buf_str(&oid));
        json_set_hex(fwid, "digest", info->fwids[i].digest);
        json_add(list, fwid);
    }
    return list;
}

struct json *tcb_info_claims(const struct tcb_info *info)
{
    struct json *json = json_new_object();
    struct json *flags = json_new_array();
    OWNED_BUF svn = BUF_OF(32);

    set_text(json, "vendor", info->vendor);
    set_text(json, "model", info->model);
    set_text(json, "version", info->version);
    buf_printf(&svn, "%llu", (unsigned long long)info->svn);
    if (info->has_svn)
        json_set_str(json, "svn", buf_str(&svn));
    if (info->has_layer && info->layer <= JSON_INTEGER_MAX)
        json_set_int(json, "layer", (int64_t)info->layer);
    json_set(json, "fwids", fwids_claims(info));
    for (size_t i = 0; i < COUNT_OF(flag_names); i++)
        if ((info->flags & 1U << i) != 0)
            json_add(flags, json_new_str(flag_names[i]));
    json_set(json, "flags", flags);
    if (info->type.len > 0)
        json_set_hex(json, "type", info->type);
    return json;
}
