/* Zip archives: unpacked below a scratch directory, which nothing may leave; what could be unpacked
 * can be packed again. */
#include "lib/archive/zip.h"
#include "lib/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct zip_limits limits = {.files_max = 32, .bytes_max = 256 * KIB};

static void require(bool ok)
{
    if (!ok)
        abort();
}

static int forget(void *to, struct span bytes, struct err *err)
{
    (void)to;
    (void)bytes;
    (void)err;
    return 0;
}

static size_t count_entries(const char *path)
{
    DIR *dir = opendir(path);
    size_t count = 0;

    require(dir != NULL);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2;
}

static void unpack(struct span archive, int dir_fd)
{
    OWNED(close_fd) int fd = memfd_create("archive", MFD_CLOEXEC);
    struct err err;

    require(file_write_fd(fd, archive, &err) == 0);
    if (zip_unpack(fd, dir_fd, &limits, &err) == 0)
        require(zip_pack(dir_fd, 0, &limits, forget, NULL, &err) == 0);
    else
        require(err.kind == ERR_INPUT || err.kind == ERR_TOO_LARGE || err.kind == ERR_UNSUPPORTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char outer[] = "/dev/shm/cocos-fuzz-zip-XXXXXX";
    OWNED(free_str) char *inner = NULL;
    OWNED(close_fd) int dir_fd = -1;
    struct err err;

    require(mkdtemp(outer) != NULL);
    inner = mem_printf("%s/inner", outer);
    require(mkdir(inner, 0700) == 0);
    dir_fd = open(inner, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(dir_fd >= 0);
    unpack(span_of(data, size), dir_fd);
    require(count_entries(outer) == 1);
    require(file_remove_tree(outer, &err) == 0);
    return 0;
}
