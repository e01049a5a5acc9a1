#include "lib/crypto/pem.h"
#include "lib/crypto/x509.h"

#include <stdlib.h>

#define BEGIN "-----BEGIN "
#define END   "-----END "

void x509_list_done(struct x509_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        x509_free(list->items[i]);
    free(list->items);
    *list = (struct x509_list){0};
}

static int append(struct span bytes, size_t max, struct x509_list *list, struct err *err)
{
    OWNED_X509 *cert = NULL;

    if (list->count >= max)
        return err_set(err, ERR_INPUT, "more than %zu certificates", max);
    if (x509_parse(bytes, &cert, err) < 0)
        return -1;
    list->items = mem_resize(list->items, list->count + 1, sizeof(struct x509 *));
    list->items[list->count++] = GIVE(cert);
    return 0;
}

/* Where what stands in text first; text.len when it does not. */
static size_t find(struct span text, const char *what)
{
    const uint8_t *at = text.len > 0 ? memmem(text.data, text.len, what, strlen(what)) : NULL;

    return at != NULL ? (size_t)(at - text.data) : text.len;
}

/* Takes the next block, from its BEGIN to the end of its END line, off the front of rest. False
 * when there is none, complete, any more. */
static bool next_block(struct span *rest, struct span *block)
{
    struct span from = span_part(*rest, find(*rest, BEGIN), rest->len);
    size_t end = find(from, END);
    size_t line = end < from.len ? find(span_part(from, end, from.len), "\n") : 0;

    if (end == from.len)
        return false;
    *block = span_part(from, 0, end + line);
    *rest = span_part(from, end + line, from.len);
    return true;
}

static bool stands_in(struct span block, struct span known)
{
    while (block.len > 0 && block.data[block.len - 1] == '\n')
        block.len--;
    return known.len >= block.len && block.len > 0 &&
           memmem(known.data, known.len, block.data, block.len) != NULL;
}

int x509_list_parse_others(struct span bytes, struct span known, size_t max, struct x509_list *list,
                           struct err *err)
{
    struct span block;
    size_t count = 0;

    if (find(bytes, BEGIN) == bytes.len)
        return append(bytes, max, list, err);
    while (next_block(&bytes, &block)) {
        if (!stands_in(block, known) && append(block, max, list, err) < 0)
            return err_wrap(err, "block %zu", count + 1);
        count++;
    }
    if (count == 0 || find(bytes, BEGIN) < bytes.len)
        return err_set(err, ERR_INPUT, "block %zu: has no end", count + 1);
    return 0;
}

int x509_list_parse(struct span bytes, size_t max, struct x509_list *list, struct err *err)
{
    return x509_list_parse_others(bytes, span_of(NULL, 0), max, list, err);
}
