#include "services/agent-api/engine/store.h"

#include "lib/archive/zip.h"
#include "lib/base/file.h"
#include "services/agent-api/engine/writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define UNPACKED_FILES_MAX 1000000
#define RESULT_NAME        "result.zip"
#define SEALED_NAME        "result.sealed"

struct store {
    char *dir;
    int dir_fd;
    int lock_fd;
    atomic_uint resets; /* how often everything was removed; what began before has no place */
    atomic_uint next;
    char *algorithm, *requirements, *datasets, *sandbox;
};

struct incoming {
    struct store *store;
    unsigned resets;
    int fd;
    struct writer *writer;
    struct digest *digest;
    uint64_t bytes;
    char name[32];     /* "incoming/N" */
    char unpacked[40]; /* "incoming/N.d", or "" */
};

/* What store_reset() makes; the algorithm's user reads datasets. */
static const struct {
    const char *name;
    mode_t mode;
} directories[] = {{"incoming", 0700}, {"datasets", 0755}, {"sandbox", 0700}};

static const char *const files[] = {"algorithm", "requirements", RESULT_NAME, SEALED_NAME};

/* Where something is kept, and with which mode. Nobody may write any of it. */
static const struct {
    const char *name; /* NULL: in datasets/ under its own */
    mode_t mode;
} places[] = {
    [STORE_ALGORITHM] = {"algorithm", 0555},
    [STORE_REQUIREMENTS] = {"requirements", 0444},
    [STORE_DATASET] = {NULL, 0444},
    [STORE_RESULT] = {RESULT_NAME, 0400},
    [STORE_SEALED_RESULT] = {SEALED_NAME, 0400},
};

/* --- the directory --- */

static int lock(struct store *store, struct err *err)
{
    store->lock_fd =
        openat(store->dir_fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "lock '%s'", store->dir);
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, ERR_STATE, "another agent uses '%s'", store->dir);
    return 0;
}

/* What somebody has open, a result that is being sent or an upload that hangs, would keep its bytes
 * as long as that takes. */
static void empty_file(int dir_fd, const char *name)
{
    OWNED(close_fd) int kept = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    OWNED(close_fd) int fd = -1;
    struct stat status;

    /* Even its owner may only read what is kept. */
    if (kept >= 0 && fstat(kept, &status) == 0 && S_ISREG(status.st_mode) &&
        fchmod(kept, 0600) == 0)
        fd = openat(dir_fd, name, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

    if (fd >= 0 && ftruncate(fd, 0) < 0)
        unlinkat(dir_fd, name, 0); /* it is removed anyway, only later */
}

static void empty_incoming(const struct store *store)
{
    int dir_fd = openat(store->dir_fd, "incoming", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = dir_fd >= 0 ? fdopendir(dir_fd) : NULL;
    struct dirent *entry;

    if (dir == NULL) {
        close_fd(&dir_fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL)
        empty_file(dir_fd, entry->d_name);
    closedir(dir);
}

static int remove_all(struct store *store, struct err *err)
{
    empty_file(store->dir_fd, RESULT_NAME);
    empty_file(store->dir_fd, SEALED_NAME);
    empty_incoming(store);
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (file_remove_tree_at(store->dir_fd, files[i], err) < 0)
            return -1;
    for (size_t i = 0; i < COUNT_OF(directories); i++)
        if (file_remove_tree_at(store->dir_fd, directories[i].name, err) < 0)
            return -1;
    return 0;
}

int store_reset(struct store *store, struct err *err)
{
    atomic_fetch_add(&store->resets, 1);
    if (remove_all(store, err) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(directories); i++)
        if (mkdirat(store->dir_fd, directories[i].name, 0700) < 0 ||
            fchmodat(store->dir_fd, directories[i].name, directories[i].mode, 0) < 0)
            return err_set_errno(err, ERR_SYSTEM, "make '%s/%s'", store->dir, directories[i].name);
    return 0;
}

static int open_dir(struct store *store, const char *dir, struct err *err)
{
    if (file_make_dirs(dir, 0700, err) < 0)
        return -1;
    store->dir = mem_strdup(dir);
    store->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->dir_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open '%s'", dir);
    return 0;
}

int store_open(const char *dir, struct store **ret, struct err *err)
{
    struct store *store = mem_new(struct store);

    store->dir_fd = store->lock_fd = -1;
    if (open_dir(store, dir, err) < 0 || lock(store, err) < 0)
        goto undo;
    if (store_reset(store, err) < 0)
        goto undo;
    store->algorithm = mem_printf("%s/algorithm", store->dir);
    store->requirements = mem_printf("%s/requirements", store->dir);
    store->datasets = mem_printf("%s/datasets", store->dir);
    store->sandbox = mem_printf("%s/sandbox", store->dir);
    *ret = store;
    return 0;

undo:
    close_fd(&store->lock_fd);
    close_fd(&store->dir_fd);
    free(store->dir);
    free(store);
    return -1;
}

void store_leave(struct store *store)
{
    struct err ignored;

    if (store->lock_fd < 0)
        return; /* the directory is another's */
    atomic_fetch_add(&store->resets, 1);
    if (remove_all(store, &ignored) == 0)
        unlinkat(store->dir_fd, ".lock", 0);
    close_fd(&store->lock_fd);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store_leave(store);
    close_fd(&store->dir_fd);
    free_str(&store->algorithm);
    free_str(&store->requirements);
    free_str(&store->datasets);
    free_str(&store->sandbox);
    free_str(&store->dir);
    free(store);
}

const char *store_algorithm(const struct store *store)
{
    return store->algorithm;
}

const char *store_requirements(const struct store *store)
{
    return store->requirements;
}

const char *store_datasets(const struct store *store)
{
    return store->datasets;
}

const char *store_sandbox(const struct store *store)
{
    return store->sandbox;
}

int store_open_result(const struct store *store, bool sealed, int *ret, struct err *err)
{
    return file_open_at(store->dir_fd, sealed ? SEALED_NAME : RESULT_NAME, ret, err);
}

/* --- arriving --- */

static uint64_t free_bytes(const struct store *store)
{
    struct statvfs room;

    if (fstatvfs(store->dir_fd, &room) < 0)
        return UINT64_MAX;
    return (uint64_t)room.f_bavail * room.f_frsize;
}

int incoming_begin(struct store *store, enum digest_alg alg, uint64_t size, struct incoming **ret,
                   struct err *err)
{
    OWNED_OF(incoming) *incoming = mem_new(struct incoming);

    incoming->store = store;
    incoming->fd = -1;
    if (size != UINT64_MAX && size > free_bytes(store))
        return err_set(err, ERR_NO_SPACE, "%" PRIu64 " bytes announced, there is room for %" PRIu64,
                       size, free_bytes(store));
    incoming->resets = atomic_load(&store->resets);
    snprintf(incoming->name, sizeof(incoming->name), "incoming/%u",
             atomic_fetch_add(&store->next, 1));
    incoming->fd = openat(store->dir_fd, incoming->name,
                          O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (incoming->fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "make a file for what arrives");
    incoming->writer = writer_new(incoming->fd);
    incoming->digest = digest_new(alg);
    *ret = GIVE(incoming);
    return 0;
}

static int check_place(const struct incoming *incoming, struct err *err)
{
    if (incoming->resets != atomic_load(&incoming->store->resets))
        return err_set(err, ERR_STATE, "the computation was ended meanwhile");
    return 0;
}

int incoming_write(struct incoming *incoming, struct span bytes, struct err *err)
{
    if (check_place(incoming, err) < 0)
        return -1;
    writer_begin(incoming->writer, bytes);
    digest_add(incoming->digest, bytes);
    incoming->bytes += bytes.len;
    return writer_join(incoming->writer, err);
}

void incoming_finish(struct incoming *incoming, uint8_t *out, uint64_t *ret_bytes)
{
    digest_finish(incoming->digest, out);
    *ret_bytes = incoming->bytes;
}

int incoming_unpack(struct incoming *incoming, struct err *err)
{
    struct zip_limits limits = {UNPACKED_FILES_MAX, free_bytes(incoming->store)};
    OWNED(close_fd) int dir_fd = -1;

    snprintf(incoming->unpacked, sizeof(incoming->unpacked), "%s.d", incoming->name);
    if (mkdirat(incoming->store->dir_fd, incoming->unpacked, 0755) < 0)
        return err_set_errno(err, ERR_SYSTEM, "make a directory for what is unpacked");
    dir_fd =
        openat(incoming->store->dir_fd, incoming->unpacked, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0 || lseek(incoming->fd, 0, SEEK_SET) < 0 || fchmod(dir_fd, 0755) < 0)
        return err_set_errno(err, ERR_SYSTEM, "unpack");
    return zip_unpack(incoming->fd, dir_fd, &limits, err);
}

int incoming_keep(struct incoming *incoming, enum store_place place, const char *name,
                  struct err *err)
{
    int dir_fd = incoming->store->dir_fd;
    bool directory = incoming->unpacked[0] != '\0';
    char *from = directory ? incoming->unpacked : incoming->name;
    OWNED(free_str)
    char *to = places[place].name != NULL ? mem_strdup(places[place].name)
                                          : mem_printf("datasets/%s", name);

    if (check_place(incoming, err) < 0)
        return -1;
    if (!directory && fchmod(incoming->fd, places[place].mode) < 0)
        return err_set_errno(err, ERR_SYSTEM, "make '%s' readable", to);
    if (renameat(dir_fd, from, dir_fd, to) < 0)
        return err_set_errno(err, ERR_SYSTEM, "move '%s' to its place", to);
    from[0] = '\0';
    return 0;
}

void incoming_free(struct incoming *incoming)
{
    struct err ignored;

    if (incoming == NULL)
        return;
    writer_free(incoming->writer);
    close_fd(&incoming->fd);
    if (check_place(incoming, &ignored) < 0)
        incoming->name[0] = incoming->unpacked[0] = '\0'; /* gone, and the name may be another's */
    if (incoming->name[0] != '\0')
        unlinkat(incoming->store->dir_fd, incoming->name, 0);
    if (incoming->unpacked[0] != '\0' &&
        file_remove_tree_at(incoming->store->dir_fd, incoming->unpacked, &ignored) < 0)
        incoming->unpacked[0] = '\0'; /* the next reset removes it */
    digest_free(incoming->digest);
    free(incoming);
}
