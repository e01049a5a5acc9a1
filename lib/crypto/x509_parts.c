#include "lib/crypto/x509_parts.h"

#include "lib/base/text.h"
#include "lib/crypto/pem.h"

#include <stdio.h>

#define EXTENSIONS_MAX  64
#define OID_COMMON_NAME "2.5.4.3"

int x509_unwrap(struct span bytes, const char *label, struct buf *out, struct err *err)
{
    OWNED_PEM block = {0};

    if (!pem_is(bytes)) {
        buf_add_span(out, bytes);
        return buf_check(out, "it", err);
    }
    if (pem_parse(bytes, &block, err) < 0)
        return -1;
    if (strcmp(block.label, label) != 0)
        return err_set(err, ERR_INPUT, "PEM block is '%.40s', expected '%s'", block.label, label);
    buf_add_span(out, buf_span(&block.content));
    return buf_check(out, "it", err);
}

int x509_split(struct span der, struct x509_signed *ret, struct err *err)
{
    struct der file = der_of(der);
    struct der outer = der_of(der_take(&file, DER_SEQUENCE));

    if (!file.bad && file.at < der.len)
        return err_set(err, ERR_INPUT, "byte %zu: something follows its end", file.at);
    ret->body = der_whole(&outer, DER_SEQUENCE);
    ret->algorithm = der_whole(&outer, DER_SEQUENCE);
    ret->signature = der_bits(&outer);
    if (file.bad || !der_end(&outer))
        return err_set(err, ERR_INPUT, "is not a signed object in DER");
    return 0;
}

/* Where the digits of a time go in RFC 3339: each 'd' is one. */
static const char time_form[] = "dddd-dd-ddTdd:dd:dd";

/* RFC 5280, 4.1.2.5: UTCTime until 2049, GeneralizedTime after; seconds, no fractions, "Z". */
int64_t x509_take_time(struct der *d)
{
    bool utc = der_next_is(d, DER_UTC_TIME);
    struct span digits = der_take(d, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME);
    char rfc3339[sizeof(time_form) + 1] = "";
    size_t at = 0, from = 0;
    int64_t seconds = 0;
    struct err err;

    if (digits.len != (utc ? 13 : 15) || digits.data[digits.len - 1] != 'Z') {
        der_fail(d);
        return 0;
    }
    if (utc) {
        memcpy(rfc3339, digits.data[0] < '5' ? "20" : "19", 2);
        at = 2;
    }
    for (; time_form[at] != '\0'; at++)
        rfc3339[at] = time_form[at] == 'd' ? (char)digits.data[from++] : time_form[at];
    rfc3339[at] = 'Z';
    if (text_parse_time(rfc3339, &seconds, &err) < 0)
        der_fail(d);
    return seconds;
}

/* A common name of 1 to X509_NAME_SIZE bytes as it is shown. */
static void show_name(struct span text, char out[static X509_NAME_SIZE])
{
    OWNED_BUF shown = BUF_OF(8 * X509_NAME_SIZE);

    text_add_printable(&shown, text, X509_NAME_SIZE - 4);
    snprintf(out, X509_NAME_SIZE, "%s", buf_str(&shown));
}

int x509_read_common_name(struct span name, char out[static X509_NAME_SIZE], struct err *err)
{
    struct der outer = der_of(name);
    struct der names = der_of(der_take(&outer, DER_SEQUENCE));
    size_t found = 0;

    out[0] = '\0';
    while (der_more(&names)) {
        struct der set = der_of(der_take(&names, DER_SET));

        do {
            struct der pair = der_of(der_take(&set, DER_SEQUENCE));
            struct span oid = der_take(&pair, DER_OID);
            unsigned tag;
            struct span value = der_any(&pair, &tag);

            if (!der_end(&pair))
                der_fail(&names);
            else if (der_oid_is(oid, OID_COMMON_NAME) && ++found == 1)
                show_name(value, out);
        } while (der_more(&set));
        if (!der_end(&set))
            der_fail(&names);
    }
    if (!der_end(&outer) || !der_end(&names))
        return err_set(err, ERR_INPUT, "has a name that is none");
    if (found > 1)
        out[0] = '\0';
    return 0;
}

/* DER leaves out what is the default, but many certificates say "critical: false". */
bool x509_next_extension(struct der *list, struct x509_extension *ret)
{
    struct der one;

    if (!der_more(list))
        return false;
    one = der_of(der_take(list, DER_SEQUENCE));
    ret->oid = der_take(&one, DER_OID);
    ret->critical = der_next_is(&one, DER_BOOLEAN) && der_boolean(&one);
    ret->content = der_take(&one, DER_OCTET_STRING);
    if (!der_end(&one))
        der_fail(list);
    return der_more(list) || der_end(list);
}

int x509_check_extensions(struct span list, struct err *err)
{
    struct der d = der_of(list);
    struct span oids[EXTENSIONS_MAX];
    struct x509_extension extension;
    size_t count = 0;

    while (x509_next_extension(&d, &extension)) {
        if (count == EXTENSIONS_MAX)
            return err_set(err, ERR_INPUT, "has more than %d extensions", EXTENSIONS_MAX);
        for (size_t i = 0; i < count; i++) {
            OWNED_BUF text = BUF_OF(256);

            if (!span_equal(oids[i], extension.oid))
                continue;
            der_oid_text(extension.oid, &text);
            return err_set(err, ERR_INPUT, "has the extension %.80s twice", buf_str(&text));
        }
        oids[count++] = extension.oid;
    }
    if (!der_end(&d))
        return err_set(err, ERR_INPUT, "has an extension that is none");
    return 0;
}
