#include "cli/collateral.h"

#include "cli/input.h"
#include "lib/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define PIECE_MAX (8 * MIB)

void collateral_done(struct collateral *collateral)
{
    for (size_t i = 0; i < collateral->count; i++)
        buf_done(&collateral->files[i]);
    free(collateral->files);
    free(collateral->pieces);
    *collateral = (struct collateral){0};
}

static struct buf *next_file(struct collateral *collateral)
{
    struct buf *file = &collateral->files[collateral->count++];

    *file = BUF_OF(PIECE_MAX);
    return file;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int read_entry(int dir, const char *name, struct collateral *ret, struct err *err)
{
    struct stat what;

    if (fstatat(dir, name, &what, 0) < 0)
        return err_set_errno(err, ERR_USAGE, "'%s'", name);
    if (!S_ISREG(what.st_mode))
        return 0;
    if (ret->count == COLLATERAL_FILES_MAX)
        return err_set(err, ERR_USAGE, "more than %d files", COLLATERAL_FILES_MAX);
    return file_read_at(dir, name, next_file(ret), err);
}

static int read_directory(const char *path, struct collateral *ret, struct err *err)
{
    OWNED(close_fd) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_visible, alphasort), result = 0;

    if (dir < 0 || count < 0)
        result = err_set_errno(err, ERR_USAGE, "open");
    for (int i = 0; i < count; i++) {
        if (result == 0)
            result = read_entry(dir, entries[i]->d_name, ret, err);
        free(entries[i]);
    }
    free(entries);
    return result;
}

static bool is_directory(const char *path)
{
    struct stat what;

    return stat(path, &what) == 0 && S_ISDIR(what.st_mode);
}

int collateral_read(const char *path, struct collateral *ret, struct err *err)
{
    *ret = (struct collateral){0};
    if (path == NULL)
        return 0;
    ret->files = mem_zeroed(COLLATERAL_FILES_MAX, sizeof(struct buf));
    ret->pieces = mem_zeroed(COLLATERAL_FILES_MAX, sizeof(struct span));
    if (!is_directory(path)) {
        if (input_read(path, next_file(ret), err) < 0)
            return -1;
    } else if (read_directory(path, ret, err) < 0) {
        return err_wrap(err, "directory '%s'", path);
    }
    for (size_t i = 0; i < ret->count; i++)
        ret->pieces[i] = buf_span(&ret->files[i]);
    return 0;
}
