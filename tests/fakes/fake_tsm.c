#include "tests/fakes/fake_tsm.h"

#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fake_tsm fake_tsm;

static void put(int root_fd, const char *name, const char *file, struct span content)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", name, file);
    fd = openat(root_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, content.data, content.len) != (ssize_t)content.len)
        abort();
    close(fd);
}

static void take(int root_fd, const char *name, const char *file, void *to, size_t size)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", name, file);
    fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (read(fd, to, size) < 0)
        abort();
    close(fd);
}

/* The count of writes is what it will be after ours, unless another's came in between. */
static void put_generation(int root_fd, const char *name)
{
    unsigned writes = fake_tsm.manifest.len > 0 ? 3 : 1;
    char text[16];

    if (fake_tsm.disturbed > 0) {
        fake_tsm.disturbed--;
        writes++;
    }
    snprintf(text, sizeof(text), "%u\n", writes);
    put(root_fd, name, "generation", (struct span){(const uint8_t *)text, strlen(text)});
}

static int make(int root_fd, const char *name)
{
    const struct span nothing = {(const uint8_t *)"", 0};

    if (fake_tsm.provider == NULL) {
        errno = ENXIO;
        return -1;
    }
    if (mkdirat(root_fd, name, 0700) < 0)
        return -1;
    put(root_fd, name, "provider",
        (struct span){(const uint8_t *)fake_tsm.provider, strlen(fake_tsm.provider)});
    put(root_fd, name, "inblob", nothing);
    put(root_fd, name, "outblob", fake_tsm.report);
    if (fake_tsm.certificates.len > 0)
        put(root_fd, name, "auxblob", fake_tsm.certificates);
    if (fake_tsm.manifest.len > 0) {
        put(root_fd, name, "service_provider", nothing);
        put(root_fd, name, "service_guid", nothing);
        put(root_fd, name, "manifestblob", fake_tsm.manifest);
    }
    put_generation(root_fd, name);
    fake_tsm.made++;
    fake_tsm.left++;
    return 0;
}

static int drop(int root_fd, const char *name)
{
    struct err err;

    memset(fake_tsm.service, 0, sizeof(fake_tsm.service));
    take(root_fd, name, "inblob", fake_tsm.asked, sizeof(fake_tsm.asked));
    take(root_fd, name, "service_guid", fake_tsm.service, sizeof(fake_tsm.service) - 1);
    fake_tsm.left--;
    return file_remove_tree_at(root_fd, name, &err);
}

const struct tsm_kernel fake_tsm_kernel = {fake_tsm.dir, make, drop};

void fake_tsm_begin(void)
{
    fake_tsm = (struct fake_tsm){.dir = "/tmp/cocos-tsm-XXXXXX"};
    if (mkdtemp(fake_tsm.dir) == NULL)
        abort();
}

void fake_tsm_end(void)
{
    struct err err;

    if (file_remove_tree(fake_tsm.dir, &err) < 0)
        abort();
}
