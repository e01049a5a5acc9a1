#include "lib/base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void buf_done(struct buf *buf)
{
    if (buf->secret && buf->data != NULL)
        mem_wipe(buf->data, buf->room);
    free(buf->data);
    *buf = BUF_OF(buf->max);
}

void buf_reset(struct buf *buf)
{
    if (buf->secret && buf->data != NULL)
        mem_wipe(buf->data, buf->room);
    buf->len = 0;
    buf->overflow = false;
}

/* A secret moves by hand, so that realloc() leaves no copy behind. */
static void resize(struct buf *buf, size_t room)
{
    if (!buf->secret) {
        buf->data = mem_resize(buf->data, room, 1);
    } else {
        uint8_t *fresh = mem_zeroed(room, 1);

        if (buf->data != NULL) {
            memcpy(fresh, buf->data, buf->len);
            mem_wipe(buf->data, buf->room);
            free(buf->data);
        }
        buf->data = fresh;
    }
    buf->room = room;
}

static bool make_room(struct buf *buf, size_t len)
{
    size_t need, room;

    if (buf->overflow || len > buf->max - buf->len) {
        buf->overflow = true;
        return false;
    }
    need = buf->len + len + 1;
    if (need <= buf->room)
        return true;

    room = buf->room < 64 ? 64 : buf->room;
    while (room < need)
        room *= 2;
    resize(buf, room > buf->max + 1 ? buf->max + 1 : room);
    return true;
}

uint8_t *buf_grow(struct buf *buf, size_t len)
{
    uint8_t *at;

    if (!make_room(buf, len))
        return NULL;
    at = buf->data + buf->len;
    buf->len += len;
    buf->data[buf->len] = '\0';
    return at;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
    uint8_t *at = buf_grow(buf, len);

    if (at != NULL && len > 0)
        memcpy(at, bytes, len);
}

void buf_add_span(struct buf *buf, struct span bytes)
{
    buf_add(buf, bytes.data, bytes.len);
}

void buf_add_str(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_add_u8(struct buf *buf, uint8_t value)
{
    buf_add(buf, &value, 1);
}

static void add_le(struct buf *buf, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        buf_add_u8(buf, (uint8_t)(value >> (8 * i)));
}

static void add_be(struct buf *buf, uint64_t value, size_t width)
{
    for (size_t i = width; i > 0; i--)
        buf_add_u8(buf, (uint8_t)(value >> (8 * (i - 1))));
}

void buf_add_be16(struct buf *buf, uint16_t value)
{
    add_be(buf, value, 2);
}

void buf_add_be32(struct buf *buf, uint32_t value)
{
    add_be(buf, value, 4);
}

void buf_add_le16(struct buf *buf, uint16_t value)
{
    add_le(buf, value, 2);
}

void buf_add_le32(struct buf *buf, uint32_t value)
{
    add_le(buf, value, 4);
}

void buf_add_le64(struct buf *buf, uint64_t value)
{
    add_le(buf, value, 8);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);

    if (length < 0 || !make_room(buf, (size_t)length)) {
        buf->overflow = true;
    } else {
        vsnprintf((char *)buf->data + buf->len, (size_t)length + 1, format, again);
        buf->len += (size_t)length;
    }
    va_end(again);
}

void buf_cut(struct buf *buf, size_t len)
{
    if (len >= buf->len)
        return;
    if (buf->secret)
        mem_wipe(buf->data + len, buf->len - len);
    buf->len = len;
    buf->data[len] = '\0';
}

void buf_drop_front(struct buf *buf, size_t len)
{
    if (len > buf->len)
        len = buf->len;
    if (len == 0)
        return;
    memmove(buf->data, buf->data + len, buf->len - len + 1);
    buf->len -= len;
}

struct span buf_span(const struct buf *buf)
{
    return span_of(buf->data, buf->len);
}

const char *buf_str(const struct buf *buf)
{
    return buf->len > 0 ? (const char *)buf->data : "";
}

char *buf_take(struct buf *buf)
{
    char *text = buf->data != NULL ? (char *)buf->data : mem_copy("", 0);

    text[buf->len] = '\0';
    *buf = BUF_OF(buf->max);
    return text;
}

int buf_check(const struct buf *buf, const char *what, struct err *err)
{
    if (buf->overflow)
        return err_set(err, ERR_TOO_LARGE, "%s: over the limit of %zu bytes", what, buf->max);
    return 0;
}
