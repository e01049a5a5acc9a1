#include "lib/crypto/pem.h"

#include "lib/crypto/openssl.h"

#include <openssl/pem.h>

#include <stdio.h>

#define BEGIN "-----BEGIN "
#define END   "-----END "

void pem_done(struct pem *pem)
{
    OPENSSL_free(pem->label);
    OPENSSL_clear_free(pem->data, (size_t)pem->len);
    *pem = (struct pem){0};
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span text)
{
    while (text.len > 0 && is_blank(text.data[0]))
        text = span_part(text, 1, text.len);
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

static bool starts_with(struct span text, const char *prefix)
{
    return span_equal(span_part(text, 0, strlen(prefix)), span_of_str(prefix));
}

bool pem_is(struct span text)
{
    return starts_with(trim(text), "-----");
}

/* Where what stands in text first, or text.len. */
static size_t find(struct span text, const char *what)
{
    const uint8_t *at = text.len > 0 ? memmem(text.data, text.len, what, strlen(what)) : NULL;

    return at != NULL ? (size_t)(at - text.data) : text.len;
}

/* OpenSSL skips what stands around a block; we do not let it. */
static int check_alone(struct span text, struct err *err)
{
    size_t end = find(text, END);
    struct span tail = span_part(text, end, text.len);

    if (!starts_with(text, BEGIN) || end == text.len)
        return err_set(err, ERR_INPUT, "is not one PEM block");
    if (find(span_part(text, 1, text.len), BEGIN) != text.len - 1 ||
        memchr(tail.data, '\n', tail.len) != NULL)
        return err_set(err, ERR_INPUT, "has something after its first PEM block");
    return 0;
}

int pem_parse(struct span text, struct pem *ret, struct err *err)
{
    OPENSSL_OWNED(BIO) *bio = NULL;
    char *header = NULL;
    bool plain;

    if (text.len > PEM_MAX)
        return err_set(err, ERR_INPUT, "PEM text is over %llu bytes", PEM_MAX);
    text = trim(text);
    if (check_alone(text, err) < 0)
        return -1;

    bio = BIO_new_mem_buf(text.data, (int)text.len);
    openssl_require(bio != NULL);
    if (PEM_read_bio(bio, &ret->label, &header, &ret->data, &ret->len) != 1)
        return openssl_fail(err, ERR_INPUT, "PEM block cannot be read");
    plain = header[0] == '\0';
    OPENSSL_free(header);
    if (!plain) {
        pem_done(ret);
        return err_set(err, ERR_INPUT, "PEM block is encrypted or has headers");
    }
    return 0;
}
