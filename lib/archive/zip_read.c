#include "lib/archive/zip_read.h"

#include "lib/archive/zip_format.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define REFUSED_FLAGS (ZIP_FLAG_ENCRYPTED | ZIP_FLAG_PATCH | ZIP_FLAG_STRONG | ZIP_FLAG_MASKED)

void zip_item_done(struct zip_item *item)
{
    free(item->name);
    *item = (struct zip_item){0};
}

int zip_read_at(int fd, uint64_t offset, void *to, size_t len, struct err *err)
{
    uint8_t *at = to;

    while (len > 0) {
        ssize_t got = pread(fd, at, len, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_SYSTEM, "read");
        if (got == 0)
            return err_set(err, ERR_INPUT, "archive ends too early");
        at += got;
        len -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

/* --- the end of the archive --- */

static int bad_end(struct err *err)
{
    return err_set(err, ERR_INPUT, "is no zip archive, or its end is damaged");
}

/* The end record is followed by a comment that fills the file. */
static int find_end(int fd, uint64_t size, uint64_t *ret_at, struct err *err)
{
    size_t len = size < ZIP_END_SIZE + ZIP_MAX16 ? (size_t)size : ZIP_END_SIZE + ZIP_MAX16;
    OWNED(free_str) char *tail = mem_zeroed(len, 1);

    if (zip_read_at(fd, size - len, tail, len, err) < 0)
        return -1;
    for (size_t comment = 0; comment + ZIP_END_SIZE <= len; comment++) {
        size_t at = len - ZIP_END_SIZE - comment;
        struct reader r = reader_of(span_part(span_of(tail, len), at, len));

        if (read_le32(&r) != ZIP_END_SIG)
            continue;
        read_skip(&r, 16);
        if (read_le16(&r) == comment) {
            *ret_at = size - len + at;
            return 0;
        }
    }
    return bad_end(err);
}

/* Reads the zip64 end record when there is one before the end record at `end`, and moves the end of
 * the directory in front of it. */
static int read_end64(int fd, uint64_t end, struct zip_directory *ret, bool *ret_found,
                      struct err *err)
{
    uint8_t bytes[ZIP_END64_SIZE];
    uint64_t at, length, count;
    struct reader r;

    *ret_found = false;
    if (end < ZIP_LOCATOR64_SIZE + ZIP_END64_SIZE)
        return 0;
    if (zip_read_at(fd, end - ZIP_LOCATOR64_SIZE, bytes, ZIP_LOCATOR64_SIZE, err) < 0)
        return -1;
    r = reader_of(SPAN_OF_ARRAY(bytes));
    if (read_le32(&r) != ZIP_LOCATOR64_SIG)
        return 0;
    if (read_le32(&r) != 0)
        return bad_end(err);
    at = read_le64(&r);
    if (read_le32(&r) != 1 || at > end - ZIP_LOCATOR64_SIZE - ZIP_END64_SIZE)
        return bad_end(err);

    if (zip_read_at(fd, at, bytes, ZIP_END64_SIZE, err) < 0)
        return -1;
    r = reader_of(SPAN_OF_ARRAY(bytes));
    if (read_le32(&r) != ZIP_END64_SIG)
        return bad_end(err);
    length = read_le64(&r);
    read_skip(&r, 4); /* versions */
    if (read_le64(&r) != 0 || length != end - ZIP_LOCATOR64_SIZE - at - 12)
        return bad_end(err);
    count = read_le64(&r);
    ret->count = read_le64(&r);
    ret->end = read_le64(&r); /* its length, for now */
    ret->start = read_le64(&r);
    if (count != ret->count || ret->start > at || ret->end != at - ret->start)
        return bad_end(err);
    ret->end = at;
    *ret_found = true;
    return 0;
}

/* What the end record says must be what the zip64 record says, or "see there". */
static bool agrees(uint64_t said, uint64_t known, uint64_t see_there)
{
    return said == known || said == see_there;
}

int zip_directory_find(int fd, struct zip_directory *ret, struct err *err)
{
    struct zip_directory found = {.fd = fd};
    uint64_t end = 0, disks, count, count_here, length, start;
    uint8_t bytes[ZIP_END_SIZE];
    struct reader r = reader_of(SPAN_OF_ARRAY(bytes));
    struct stat st;
    bool zip64;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(err, ERR_INPUT, "is not a regular file");
    if (find_end(fd, (uint64_t)st.st_size, &end, err) < 0 ||
        zip_read_at(fd, end, bytes, sizeof(bytes), err) < 0)
        return -1;
    read_skip(&r, 4);
    disks = read_le32(&r);
    count_here = read_le16(&r);
    count = read_le16(&r);
    length = read_le32(&r);
    start = read_le32(&r);

    if (read_end64(fd, end, &found, &zip64, err) < 0)
        return -1;
    if (!zip64) {
        found.start = start;
        found.end = end;
        found.count = count;
    }
    if (disks != 0 || count_here != count || found.start > found.end ||
        !agrees(count, found.count, zip64 ? ZIP_MAX16 : count) ||
        !agrees(length, found.end - found.start, zip64 ? ZIP_MAX32 : found.end - found.start) ||
        !agrees(start, found.start, zip64 ? ZIP_MAX32 : start))
        return bad_end(err);
    found.at = found.start;
    *ret = found;
    return 0;
}

/* --- one entry --- */

/* A relative path without empty, "." and ".." steps, and without control characters; a directory's
 * ends with one "/". Fills the name and what it says. */
static int take_name(struct span name, struct zip_item *item, struct err *err)
{
    OWNED_BUF shown = BUF_OF(256);
    size_t step = 0, depth = 1;
    bool bad = false;

    text_add_printable(&shown, name, 200);
    if (name.len > 0 && name.data[name.len - 1] == '/') {
        item->is_directory = true;
        name.len--;
    }
    for (size_t i = 0; i <= name.len && !bad; i++) {
        const uint8_t *start = name.data + step;

        if (i < name.len && name.data[i] != '/') {
            bad = name.data[i] < 0x20 || name.data[i] == 0x7f;
            continue;
        }
        bad = i == step || i - step > NAME_MAX || (i - step == 1 && start[0] == '.') ||
              (i - step == 2 && start[0] == '.' && start[1] == '.');
        depth += i < name.len;
        step = i + 1;
    }
    if (bad || name.len > ZIP_NAME_MAX || depth > ZIP_DEPTH_MAX)
        return err_set(err, ERR_INPUT, "'%s' is no name that can be unpacked", buf_str(&shown));
    item->name = mem_copy(name.data, name.len);
    return 0;
}

/* The 64-bit values of those fields that say "see there" (APPNOTE 4.5.3). */
static bool take_zip64(struct span extra, struct zip_item *item)
{
    uint64_t *const fields[] = {&item->size, &item->packed_size, &item->offset};
    struct reader r = reader_of(extra);
    struct reader values = reader_of(span_of(NULL, 0));

    while (!r.short_read && reader_rest(&r).len >= 4) {
        uint16_t id = read_le16(&r);
        struct span body = read_span(&r, read_le16(&r));

        if (id == ZIP_EXTRA_ZIP64)
            values = reader_of(body);
    }
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (*fields[i] == ZIP_MAX32)
            *fields[i] = read_le64(&values);
    return !r.short_read && !values.short_read;
}

/* Links and devices say so in the mode of a Unix host. */
static int take_mode(uint16_t made_by, uint32_t attributes, struct zip_item *item, struct err *err)
{
    mode_t mode = made_by >> 8 == ZIP_HOST_UNIX ? attributes >> 16 : 0;

    if ((mode & S_IFMT) != 0 && !S_ISREG(mode) && !S_ISDIR(mode))
        return err_set(err, ERR_INPUT, "is a link or a special file");
    if ((S_ISDIR(mode) && !item->is_directory) || (S_ISREG(mode) && item->is_directory))
        return err_set(err, ERR_INPUT,
                       "is a file by its name and a directory by its mode, or the "
                       "other way round");
    item->is_executable = (mode & 0111) != 0;
    return 0;
}

static int check_item(const struct zip_item *item, struct zip_directory *directory, struct err *err)
{
    uint64_t header = ZIP_LOCAL_SIZE + strlen(item->name);

    if ((item->flags & REFUSED_FLAGS) != 0)
        return err_set(err, ERR_INPUT, "is encrypted or a patch");
    if (item->method != ZIP_METHOD_STORED && item->method != ZIP_METHOD_DEFLATE)
        return err_set(err, ERR_UNSUPPORTED, "compression method %u", item->method);
    if (item->method == ZIP_METHOD_STORED && item->size != item->packed_size)
        return err_set(err, ERR_INPUT, "is stored with two different sizes");
    if (item->is_directory && item->size != 0)
        return err_set(err, ERR_INPUT, "is a directory with content");
    if (item->offset > directory->start || item->packed_size > directory->start ||
        directory->claimed > directory->start - item->packed_size)
        return err_set(err, ERR_INPUT, "claims more bytes than the archive has");
    directory->claimed += item->packed_size + header;
    return 0;
}

/* What only the parser wants to know of a central record's fixed part. */
struct central {
    uint16_t made_by;
    uint16_t name_len, extra_len, comment_len;
    uint16_t disk;
    uint32_t attributes;
};

static bool read_central(const uint8_t bytes[static ZIP_CENTRAL_SIZE], struct central *ret,
                         struct zip_item *item)
{
    struct reader r = reader_of(span_of(bytes, ZIP_CENTRAL_SIZE));

    if (read_le32(&r) != ZIP_CENTRAL_SIG)
        return false;
    ret->made_by = read_le16(&r);
    read_skip(&r, 2); /* version needed */
    item->flags = read_le16(&r);
    item->method = read_le16(&r);
    read_skip(&r, 4); /* time and date */
    item->crc = read_le32(&r);
    item->packed_size = read_le32(&r);
    item->size = read_le32(&r);
    ret->name_len = read_le16(&r);
    ret->extra_len = read_le16(&r);
    ret->comment_len = read_le16(&r);
    ret->disk = read_le16(&r);
    read_skip(&r, 2); /* internal attributes */
    ret->attributes = read_le32(&r);
    item->offset = read_le32(&r);
    return !r.short_read;
}

int zip_directory_next(struct zip_directory *directory, struct zip_item *ret, bool *ret_more,
                       struct err *err)
{
    OWNED(free_str) char *tail = NULL;
    OWNED_ZIP_ITEM item = {0};
    uint8_t fixed[ZIP_CENTRAL_SIZE];
    struct central central;
    size_t len;

    *ret_more = directory->at < directory->end;
    if (!*ret_more)
        return directory->seen == directory->count ? 0 : bad_end(err);
    if (zip_read_at(directory->fd, directory->at, fixed, sizeof(fixed), err) < 0)
        return -1;
    if (!read_central(fixed, &central, &item) || central.disk != 0)
        return err_set(err, ERR_INPUT, "directory of the archive is damaged");
    len = (size_t)central.name_len + central.extra_len;
    directory->at += sizeof(fixed);
    if (directory->end - directory->at < len + central.comment_len)
        return err_set(err, ERR_INPUT, "directory of the archive is cut off");

    tail = mem_zeroed(len, 1);
    if (zip_read_at(directory->fd, directory->at, tail, len, err) < 0 ||
        take_name(span_of(tail, central.name_len), &item, err) < 0)
        return -1;
    if (!take_zip64(span_of(tail + central.name_len, central.extra_len), &item))
        return err_set(err, ERR_INPUT, "'%s': extra fields are damaged", item.name);
    if (take_mode(central.made_by, central.attributes, &item, err) < 0 ||
        check_item(&item, directory, err) < 0)
        return err_wrap(err, "'%s'", item.name);
    directory->at += len + central.comment_len;
    directory->seen++;
    *ret = item;
    item = (struct zip_item){0};
    return 0;
}

int zip_item_find_data(const struct zip_directory *directory, const struct zip_item *item,
                       uint64_t *ret_offset, struct err *err)
{
    char name[ZIP_NAME_MAX + 1];
    uint8_t fixed[ZIP_LOCAL_SIZE];
    struct reader r = reader_of(SPAN_OF_ARRAY(fixed));
    size_t name_len = strlen(item->name) + item->is_directory, extra_len;
    bool same;

    if (directory->start - item->offset < ZIP_LOCAL_SIZE + name_len)
        return err_set(err, ERR_INPUT, "lies outside of the archive");
    if (zip_read_at(directory->fd, item->offset, fixed, sizeof(fixed), err) < 0 ||
        zip_read_at(directory->fd, item->offset + sizeof(fixed), name, name_len, err) < 0)
        return -1;

    same = read_le32(&r) == ZIP_LOCAL_SIG;
    read_skip(&r, 2); /* version needed */
    same = read_le16(&r) == item->flags && same;
    same = read_le16(&r) == item->method && same;
    read_skip(&r, 16); /* time, date, checksum, sizes: the directory has them for sure */
    same = read_le16(&r) == name_len && same;
    extra_len = read_le16(&r);
    same = same && span_equal(span_of(name, strlen(item->name)), span_of_str(item->name));
    if (!same)
        return err_set(err, ERR_INPUT, "is another file in the directory than at its place");

    *ret_offset = item->offset + ZIP_LOCAL_SIZE + name_len + extra_len;
    if (*ret_offset > directory->start || item->packed_size > directory->start - *ret_offset)
        return err_set(err, ERR_INPUT, "reaches beyond the end of the archive");
    return 0;
}
