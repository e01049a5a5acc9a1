/* Archives as an attacker would write them: every field can lie. */
#ifndef COCOS_TESTS_FORGE_H
#define COCOS_TESTS_FORGE_H

#include "tests/unit/archive/tree.h"

#include "lib/archive/zip.h"
#include "lib/archive/zip_format.h"

#include <sys/mman.h>
#include <zlib.h>

struct forged {
    const char *name;       /* in the directory */
    size_t name_len;        /* 0: up to its NUL */
    const char *local_name; /* NULL: the same */
    const char *data;
    size_t data_len; /* 0: up to its NUL */
    uint32_t mode;   /* 0: 0100644 */
    uint16_t method, local_method, flags, local_flags, made_by;
    bool lie_crc;
    int lie_size, lie_packed, lie_offset; /* added to the truth */
    const char *extra;
    size_t extra_len;
};

static inline size_t forged_len(const char *text, size_t len)
{
    return len > 0 ? len : text != NULL ? strlen(text) : 0;
}

static inline void forge_local(struct buf *out, const struct forged *f)
{
    const char *name = f->local_name != NULL ? f->local_name : f->name;
    size_t name_len = forged_len(name, f->local_name != NULL ? 0 : f->name_len);

    buf_add_le32(out, ZIP_LOCAL_SIG);
    buf_add_le16(out, 20);
    buf_add_le16(out, f->local_flags != 0 ? f->local_flags : f->flags);
    buf_add_le16(out, f->local_method != 0 ? f->local_method : f->method);
    buf_add_le32(out, 0);
    buf_add_le32(out, 0);
    buf_add_le32(out, 0);
    buf_add_le32(out, 0);
    buf_add_le16(out, (uint16_t)name_len);
    buf_add_le16(out, 0);
    buf_add(out, name, name_len);
    buf_add(out, f->data, forged_len(f->data, f->data_len));
}

static inline void forge_central(struct buf *out, const struct forged *f, size_t offset)
{
    size_t len = forged_len(f->data, f->data_len), name_len = forged_len(f->name, f->name_len);
    uint32_t crc = (uint32_t)crc32_z(0, (const Bytef *)(f->data ? f->data : ""), len);

    buf_add_le32(out, ZIP_CENTRAL_SIG);
    buf_add_le16(out, f->made_by != 0 ? f->made_by : 0x0314);
    buf_add_le16(out, 20);
    buf_add_le16(out, f->flags);
    buf_add_le16(out, f->method);
    buf_add_le32(out, 0);
    buf_add_le32(out, f->lie_crc ? crc ^ 1 : crc);
    buf_add_le32(out, (uint32_t)((int)len + f->lie_packed));
    buf_add_le32(out, (uint32_t)((int)len + f->lie_size));
    buf_add_le16(out, (uint16_t)name_len);
    buf_add_le16(out, (uint16_t)f->extra_len);
    buf_add_le16(out, 0);
    buf_add_le32(out, 0);
    buf_add_le32(out, (f->mode != 0 ? f->mode : 0100644) << 16);
    buf_add_le32(out, (uint32_t)((int)offset + f->lie_offset));
    buf_add(out, f->name, name_len);
    buf_add(out, f->extra, f->extra_len);
}

static inline void forge(struct buf *out, const struct forged *files, size_t count)
{
    size_t offsets[16], start;

    for (size_t i = 0; i < count; i++) {
        offsets[i] = out->len;
        forge_local(out, &files[i]);
    }
    start = out->len;
    for (size_t i = 0; i < count; i++)
        forge_central(out, &files[i], offsets[i]);
    zip_add_end(out, count, out->len - start, start);
}

/* Unpacks the bytes into the tree. */
static inline int unpack_bytes(struct span bytes, const struct tree *tree,
                               const struct zip_limits *limits, struct err *err)
{
    OWNED(close_fd) int fd = memfd_create("archive", MFD_CLOEXEC);

    if (file_write_fd(fd, bytes, err) < 0)
        fail_msg("%s", err->text);
    return zip_unpack(fd, tree->fd, limits, err);
}

#endif
