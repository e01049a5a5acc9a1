#include "lib/crypto/openssl.h"

#include <stdarg.h>
#include <stdio.h>

int openssl_fail(struct err *err, enum err_kind kind, const char *format, ...)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    char text[ERR_TEXT_MAX / 2];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    ERR_clear_error();
    if (reason == NULL)
        return err_set(err, kind, "%s", text);
    return err_set(err, kind, "%s: %s", text, reason);
}

void openssl_add_bio(BIO *bio, struct buf *out)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);

    if (len > 0)
        buf_add(out, data, (size_t)len);
}
