#include "cli/cache.h"

#include "lib/base/clock.h"
#include "lib/base/file.h"

#include <sys/stat.h>

#define FILE_MODE   0644
#define FOLDER_MODE 0755

void cache_done(struct cache *cache)
{
    free(cache->folder);
    cache->folder = NULL;
}

int cache_open(const char *folder, struct cache *ret, struct err *err)
{
    const char *home = getenv("HOME");

    if (folder != NULL && strcmp(folder, "none") == 0)
        *ret = (struct cache){NULL};
    else if (folder != NULL)
        *ret = (struct cache){mem_strdup(folder)};
    else if (home != NULL && home[0] == '/')
        *ret = (struct cache){mem_printf("%s/.cocos", home)};
    else
        return err_set(err, ERR_USAGE, "HOME is not set: say where the cache is (--cache)");
    return 0;
}

bool cache_exists(const struct cache *cache)
{
    struct stat st;

    return cache->folder != NULL && stat(cache->folder, &st) == 0 && S_ISDIR(st.st_mode);
}

char *cache_path(const struct cache *cache, const char *name)
{
    return mem_printf("%s/%s", cache->folder, name);
}

int cache_read(const struct cache *cache, const char *name, struct buf *out, int64_t *ret_age_s,
               struct err *err)
{
    OWNED(free_str) char *path = NULL;
    struct stat st;

    if (cache->folder == NULL)
        return err_set(err, ERR_NOT_FOUND, "there is no cache");
    path = cache_path(cache, name);
    if (file_read(path, out, err) < 0)
        return -1;
    if (ret_age_s != NULL)
        *ret_age_s = stat(path, &st) == 0 ? clock_now() - (int64_t)st.st_mtim.tv_sec : INT64_MAX;
    return 0;
}

int cache_write(const struct cache *cache, const char *name, struct span bytes, struct err *err)
{
    OWNED(free_str) char *path = NULL;
    char *slash;

    if (cache->folder == NULL)
        return err_set(err, ERR_USAGE, "there is no cache to write to (--cache none)");
    path = cache_path(cache, name);
    slash = strrchr(path, '/');
    *slash = '\0';
    if (file_make_dirs(path, FOLDER_MODE, err) < 0)
        return err_wrap(err, "cache");
    *slash = '/';
    return file_replace(path, bytes, FILE_MODE, err);
}
