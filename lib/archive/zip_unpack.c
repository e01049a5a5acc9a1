#include "lib/archive/zip.h"

#include "lib/archive/zip_format.h"
#include "lib/archive/zip_read.h"
#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK_SIZE (64 * KIB)

struct unpacker {
    struct zip_directory directory;
    const struct zip_limits *limits;
    int dir_fd;
    uint64_t made;  /* files and directories */
    uint64_t bytes; /* of all content */
    uint8_t *packed;
    uint8_t *plain;
};

/* The file that is being written. */
struct output {
    int fd;
    uint64_t left; /* bytes still to come */
    uint32_t crc;
};

static void unpacker_done(struct unpacker *unpacker)
{
    free(unpacker->packed);
    free(unpacker->plain);
}

static int count_one(struct unpacker *unpacker, struct err *err)
{
    if (unpacker->made++ >= unpacker->limits->files_max)
        return err_set(err, ERR_TOO_LARGE, "more than %llu files and directories",
                       (unsigned long long)unpacker->limits->files_max);
    return 0;
}

/* --- places --- */

/* Opens one directory below fd (which is closed), and makes it when it is not there. */
static int enter(struct unpacker *unpacker, int *fd, const char *name, struct err *err)
{
    OWNED(close_fd) int parent_fd = *fd;

    *fd = -1;
    if (mkdirat(parent_fd, name, 0755) == 0) {
        if (count_one(unpacker, err) < 0)
            return -1;
    } else if (errno != EEXIST) {
        return err_set_errno(err, ERR_SYSTEM, "make directory '%s'", name);
    }
    *fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0)
        return err_set(err, ERR_INPUT, "'%s' is in the way", name);
    return 0;
}

/* Opens the directory that path (which is cut into pieces) belongs in, step by step and through no
 * link; *ret_name is the last step. */
static int open_place(struct unpacker *unpacker, char *path, const char **ret_name, int *ret,
                      struct err *err)
{
    OWNED(close_fd) int fd = openat(unpacker->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *slash;

    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open the directory to unpack into");
    while ((slash = strchr(path, '/')) != NULL) {
        *slash = '\0';
        if (enter(unpacker, &fd, path, err) < 0)
            return -1;
        path = slash + 1;
    }
    *ret_name = path;
    *ret = fd;
    fd = -1;
    return 0;
}

static int create(int dir_fd, const char *name, mode_t mode, int *ret, struct err *err)
{
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

    if (fd < 0 && (errno == EEXIST || errno == ELOOP))
        return err_set(err, ERR_INPUT, "is there already");
    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "create");
    *ret = fd;
    return fchmod(fd, mode) < 0 ? err_set_errno(err, ERR_SYSTEM, "chmod") : 0;
}

/* --- content --- */

static int put(struct output *out, struct span bytes, struct err *err)
{
    if (bytes.len > out->left)
        return err_set(err, ERR_INPUT, "is longer than the archive says");
    out->left -= bytes.len;
    out->crc = (uint32_t)crc32_z(out->crc, bytes.data, bytes.len);
    return file_write_fd(out->fd, bytes, err);
}

/* Reads the next block of packed bytes and moves on. */
static int take_block(struct unpacker *unpacker, uint64_t *offset, uint64_t *left, struct span *ret,
                      struct err *err)
{
    size_t len = *left < BLOCK_SIZE ? (size_t)*left : BLOCK_SIZE;

    if (zip_read_at(unpacker->directory.fd, *offset, unpacker->packed, len, err) < 0)
        return -1;
    *offset += len;
    *left -= len;
    *ret = span_of(unpacker->packed, len);
    return 0;
}

static int copy_stored(struct unpacker *unpacker, uint64_t offset, uint64_t left,
                       struct output *out, struct err *err)
{
    struct span block;

    while (left > 0)
        if (take_block(unpacker, &offset, &left, &block, err) < 0 || put(out, block, err) < 0)
            return -1;
    return 0;
}

/* Inflates what one block holds; *status is zlib's. */
static int inflate_block(struct unpacker *unpacker, z_stream *stream, struct output *out,
                         int *status, struct err *err)
{
    do {
        stream->next_out = unpacker->plain;
        stream->avail_out = BLOCK_SIZE;
        *status = inflate(stream, Z_NO_FLUSH);
        if (*status != Z_OK && *status != Z_STREAM_END && *status != Z_BUF_ERROR)
            return err_set(err, ERR_INPUT, "compressed data is damaged");
        if (put(out, span_of(unpacker->plain, BLOCK_SIZE - stream->avail_out), err) < 0)
            return -1;
    } while (*status == Z_OK && stream->avail_out == 0);
    return 0;
}

static int inflate_all(struct unpacker *unpacker, z_stream *stream, uint64_t offset, uint64_t left,
                       struct output *out, struct err *err)
{
    int status = Z_OK;

    while (left > 0 && status != Z_STREAM_END) {
        struct span block;

        if (take_block(unpacker, &offset, &left, &block, err) < 0)
            return -1;
        stream->next_in = (Bytef *)block.data;
        stream->avail_in = (uInt)block.len;
        if (inflate_block(unpacker, stream, out, &status, err) < 0)
            return -1;
    }
    if (status != Z_STREAM_END || left > 0 || stream->avail_in > 0)
        return err_set(err, ERR_INPUT, "compressed data does not end where the archive says");
    return 0;
}

static int copy_deflated(struct unpacker *unpacker, uint64_t offset, uint64_t left,
                         struct output *out, struct err *err)
{
    z_stream stream = {0};
    int result;

    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) /* negative: without zlib's own header */
        abort();
    result = inflate_all(unpacker, &stream, offset, left, out, err);
    inflateEnd(&stream);
    return result;
}

static int copy_content(struct unpacker *unpacker, const struct zip_item *item, int fd,
                        struct err *err)
{
    struct output out = {.fd = fd, .left = item->size};
    uint64_t offset;
    int result;

    if (zip_item_find_data(&unpacker->directory, item, &offset, err) < 0)
        return -1;
    result = item->method == ZIP_METHOD_STORED
                 ? copy_stored(unpacker, offset, item->packed_size, &out, err)
                 : copy_deflated(unpacker, offset, item->packed_size, &out, err);
    if (result < 0)
        return -1;
    if (out.left > 0)
        return err_set(err, ERR_INPUT, "is shorter than the archive says");
    if (out.crc != item->crc)
        return err_set(err, ERR_INPUT, "checksum is wrong");
    return 0;
}

/* --- entries --- */

static int unpack_item(struct unpacker *unpacker, const struct zip_item *item, struct err *err)
{
    OWNED(free_str) char *path = mem_strdup(item->name);
    OWNED(close_fd) int place_fd = -1;
    OWNED(close_fd) int fd = -1;
    const char *name = path;

    if (item->size > unpacker->limits->bytes_max - unpacker->bytes)
        return err_set(err, ERR_TOO_LARGE, "over the limit of %llu bytes",
                       (unsigned long long)unpacker->limits->bytes_max);
    unpacker->bytes += item->size;
    if (open_place(unpacker, path, &name, &place_fd, err) < 0)
        return -1;
    if (item->is_directory)
        return enter(unpacker, &place_fd, name, err);

    if (count_one(unpacker, err) < 0 ||
        create(place_fd, name, item->is_executable ? 0755 : 0644, &fd, err) < 0)
        return -1;
    return copy_content(unpacker, item, fd, err);
}

int zip_unpack(int archive_fd, int dir_fd, const struct zip_limits *limits, struct err *err)
{
    OWNED(unpacker_done) struct unpacker unpacker = {.limits = limits, .dir_fd = dir_fd};
    bool more;

    if (zip_directory_find(archive_fd, &unpacker.directory, err) < 0)
        return -1;
    unpacker.packed = mem_zeroed(BLOCK_SIZE, 1);
    unpacker.plain = mem_zeroed(BLOCK_SIZE, 1);
    for (;;) {
        OWNED_ZIP_ITEM item = {0};

        if (zip_directory_next(&unpacker.directory, &item, &more, err) < 0)
            return -1;
        if (!more)
            return 0;
        if (unpack_item(&unpacker, &item, err) < 0)
            return err_wrap(err, "'%s'", item.name);
    }
}
