#include "lib/archive/zip.h"

#include "lib/archive/zip_format.h"
#include "lib/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK_SIZE (256 * KIB)
#define RECORD_MAX (ZIP_NAME_MAX + 256)

struct packer {
    const struct zip_limits *limits;
    unsigned flags;
    zip_sink *sink;
    void *to;
    uint64_t at;    /* bytes handed to the sink */
    uint64_t found; /* everything met in directories */
    uint64_t bytes; /* of all content */
    uint64_t names; /* bytes of all paths, which are kept to the end */
    struct zip_entry *entries;
    size_t count;
    size_t room;
    uint8_t *block;
};

/* The names in one directory; those of directories end with "/", so that sorting them sorts the
 * full paths below them too. */
struct names {
    char **items;
    size_t count;
    size_t room;
};

static void names_done(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

static void packer_done(struct packer *packer)
{
    for (size_t i = 0; i < packer->count; i++)
        free(packer->entries[i].name);
    free(packer->entries);
    free(packer->block);
}

static int emit(struct packer *packer, struct span bytes, struct err *err)
{
    packer->at += bytes.len;
    return packer->sink(packer->to, bytes, err);
}

/* --- what there is --- */

static int add_name(struct packer *packer, int dir_fd, const char *name, struct names *names,
                    struct err *err)
{
    struct stat st;

    if (packer->found++ >= packer->limits->files_max)
        return err_set(err, ERR_TOO_LARGE, "more than %llu files and directories",
                       (unsigned long long)packer->limits->files_max);
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_set_errno(err, ERR_SYSTEM, "stat '%s'", name);
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return 0;

    if (names->count == names->room) {
        names->room = names->room ? 2 * names->room : 16;
        names->items = mem_resize(names->items, names->room, sizeof(char *));
    }
    names->items[names->count++] = mem_printf("%s%s", name, S_ISDIR(st.st_mode) ? "/" : "");
    return 0;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static int list_directory(struct packer *packer, int dir_fd, struct names *names, struct err *err)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int result = 0;

    if (dir == NULL) {
        close_fd(&fd);
        return err_set_errno(err, ERR_SYSTEM, "read a directory");
    }
    while (result == 0 && (entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = add_name(packer, dir_fd, entry->d_name, names, err);
    closedir(dir);
    if (names->count > 0)
        qsort(names->items, names->count, sizeof(char *), compare_names);
    return result;
}

/* --- packing --- */

/* The entry, with its name taken, in the list that becomes the directory of the archive. */
static struct zip_entry *add_entry(struct packer *packer, char *name)
{
    if (packer->count == packer->room) {
        packer->room = packer->room ? 2 * packer->room : 16;
        packer->entries = mem_resize(packer->entries, packer->room, sizeof(struct zip_entry));
    }
    packer->entries[packer->count] = (struct zip_entry){.name = name, .offset = packer->at};
    return &packer->entries[packer->count++];
}

/* Packs exactly the size that the file had when it was opened, and finds out when it has another by
 * now: what came before has left already, so there is no going back. */
static int pack_content(struct packer *packer, int fd, struct zip_entry *entry, struct err *err)
{
    uint64_t left = entry->size;
    ssize_t got = 0;

    do {
        size_t want = left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE;

        got = read(fd, packer->block, want > 0 ? want : 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_SYSTEM, "read");
        if ((uint64_t)got > left || (got == 0 && left > 0))
            return err_set(err, ERR_INPUT, "became %s while it was packed",
                           got > 0 ? "longer" : "shorter");
        entry->crc = (uint32_t)crc32_z(entry->crc, packer->block, (size_t)got);
        if (got > 0 && emit(packer, span_of(packer->block, (size_t)got), err) < 0)
            return -1;
        left -= (uint64_t)got;
    } while (got != 0);
    return 0;
}

static int pack_open_file(struct packer *packer, int fd, const char *path, struct err *err)
{
    OWNED_BUF record = BUF_OF(RECORD_MAX);
    struct zip_entry *entry;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_set_errno(err, ERR_SYSTEM, "stat");
    if ((uint64_t)st.st_size > packer->limits->bytes_max - packer->bytes)
        return err_set(err, ERR_TOO_LARGE, "over the limit of %llu bytes",
                       (unsigned long long)packer->limits->bytes_max);
    packer->bytes += (uint64_t)st.st_size;
    packer->names += strlen(path);
    if (packer->names > ZIP_NAMES_MAX)
        return err_set(err, ERR_TOO_LARGE, "the names of the files take more than %llu bytes",
                       (unsigned long long)ZIP_NAMES_MAX);

    entry = add_entry(packer, mem_strdup(path));
    entry->size = (uint64_t)st.st_size;
    zip_add_local(&record, entry);
    if (emit(packer, buf_span(&record), err) < 0 || pack_content(packer, fd, entry, err) < 0)
        return -1;
    buf_reset(&record);
    zip_add_descriptor(&record, entry);
    return emit(packer, buf_span(&record), err);
}

/* What its owner may not read has a mode that he can change. */
static void make_readable(int dir_fd, const char *name, int access, mode_t mode)
{
    if (faccessat(dir_fd, name, access, AT_EACCESS) < 0)
        (void)!fchmodat(dir_fd, name, mode, 0);
}

static int pack_file(struct packer *packer, int dir_fd, const char *name, const char *path,
                     struct err *err)
{
    OWNED(close_fd) int fd = -1;

    make_readable(dir_fd, name, R_OK, 0600);
    if (file_open_at(dir_fd, name, &fd, err) < 0)
        return -1;
    if (pack_open_file(packer, fd, path, err) < 0)
        return err_wrap(err, "'%s'", path);
    if ((packer->flags & ZIP_FREE_AS_PACKED) != 0 && unlinkat(dir_fd, name, 0) < 0)
        return err_set_errno(err, ERR_SYSTEM, "remove '%s'", path);
    return 0;
}

static int pack_directory(struct packer *packer, int dir_fd, const char *prefix, size_t depth,
                          struct err *err);

/* name ends with "/" when it is a directory. */
static int pack_name(struct packer *packer, int dir_fd, char *name, const char *prefix,
                     size_t depth, struct err *err)
{
    OWNED(free_str) char *path = mem_printf("%s%s", prefix, name);
    OWNED(close_fd) int child_fd = -1;
    size_t len = strlen(name);

    if (strlen(path) > ZIP_NAME_MAX)
        return err_set(err, ERR_TOO_LARGE, "a path is over %d bytes", ZIP_NAME_MAX);
    if (name[len - 1] != '/')
        return pack_file(packer, dir_fd, name, path, err);

    name[len - 1] = '\0';
    make_readable(dir_fd, name, R_OK | W_OK | X_OK, 0700);
    child_fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (child_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open directory '%s'", path);
    return pack_directory(packer, child_fd, path, depth + 1, err);
}

static int pack_directory(struct packer *packer, int dir_fd, const char *prefix, size_t depth,
                          struct err *err)
{
    OWNED(names_done) struct names names = {0};

    if (depth > ZIP_DEPTH_MAX)
        return err_set(err, ERR_TOO_LARGE, "directories deeper than %d", ZIP_DEPTH_MAX);
    if (list_directory(packer, dir_fd, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++)
        if (pack_name(packer, dir_fd, names.items[i], prefix, depth, err) < 0)
            return -1;
    return 0;
}

static int pack_end(struct packer *packer, struct err *err)
{
    OWNED_BUF end = BUF_OF(RECORD_MAX);
    uint64_t offset = packer->at;

    for (size_t i = 0; i < packer->count; i++) {
        OWNED_BUF record = BUF_OF(RECORD_MAX);

        zip_add_central(&record, &packer->entries[i]);
        if (emit(packer, buf_span(&record), err) < 0)
            return -1;
    }

    zip_add_end(&end, packer->count, packer->at - offset, offset);
    return emit(packer, buf_span(&end), err);
}

int zip_pack(int dir_fd, unsigned flags, const struct zip_limits *limits, zip_sink *sink, void *to,
             struct err *err)
{
    OWNED(packer_done)
    struct packer packer = {.limits = limits, .flags = flags, .sink = sink, .to = to};

    packer.block = mem_zeroed(BLOCK_SIZE, 1);
    if (pack_directory(&packer, dir_fd, "", 0, err) < 0)
        return -1;
    return pack_end(&packer, err);
}
