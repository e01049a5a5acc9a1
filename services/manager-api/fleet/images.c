#include "services/manager-api/fleet/images.h"

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/crypto/digest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define HASH_BLOCK (256 * KIB)

static void close_dir(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

static void free_name(struct dirent **name)
{
    free(*name);
}

void image_release(struct image *image)
{
    image_record_release(&image->record);
    json_free(GIVE(image->document));
}

static int read_record(struct image *image, struct err *err)
{
    OWNED_BUF text = BUF_OF(IMAGE_RECORD_MAX);
    char path[VM_PATH_SIZE + sizeof(IMAGE_RECORD_FILE)];

    snprintf(path, sizeof(path), "%s/" IMAGE_RECORD_FILE, image->dir);
    if (file_read(path, &text, err) < 0 || json_parse(buf_span(&text), &image->document, err) < 0 ||
        image_record_decode(image->document, &image->record, err) < 0)
        return -1;
    return 0;
}

int image_load(const char *images_dir, const char *name, struct image *ret, struct err *err)
{
    OWNED_IMAGE image = {0};
    int len = snprintf(image.dir, sizeof(image.dir), "%s/%s", images_dir, name);

    if (!text_is_name(name, VM_NAME_SIZE - 1) || len < 0 || (size_t)len >= sizeof(image.dir))
        return err_set(err, ERR_NOT_FOUND, "image '%.80s': is no name", name);
    if (read_record(&image, err) < 0)
        return err_wrap(err, "image '%s'", name);
    if (strcmp(image.record.name, name) != 0)
        return err_set(err, ERR_INPUT, "image '%s': its record says that it is '%s'", name,
                       image.record.name);
    *ret = image;
    image = (struct image){0};
    return 0;
}

static int hash_fd(int fd, uint8_t out[static SHA256_SIZE], uint64_t *ret_bytes, struct err *err)
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);
    OWNED(free_str) char *block = mem_zeroed(1, HASH_BLOCK);
    uint64_t bytes = 0;
    ssize_t got = 0;

    while ((got = read(fd, block, HASH_BLOCK)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_SYSTEM, "read");
        digest_add(digest, span_of(block, (size_t)got));
        bytes += (uint64_t)got;
    }
    digest_finish(digest, out);
    *ret_bytes = bytes;
    return 0;
}

static int check_file(const struct image *image, const struct image_file *file, struct err *err)
{
    OWNED(close_fd) int fd = -1;
    uint8_t digest[SHA256_SIZE];
    char path[VM_PATH_SIZE + IMAGE_FILE_NAME_MAX + 2];
    char found[2 * SHA256_SIZE + 1], wanted[2 * SHA256_SIZE + 1];
    uint64_t bytes = 0;

    snprintf(path, sizeof(path), "%s/%s", image->dir, file->file);
    if (file_open_at(AT_FDCWD, path, &fd, err) < 0 || hash_fd(fd, digest, &bytes, err) < 0)
        return err_wrap(err, "'%s'", file->file);
    if (bytes == file->bytes &&
        span_equal(SPAN_OF_ARRAY(digest), span_of(file->sha256.data, SHA256_SIZE)))
        return 0;
    text_hex(digest, SHA256_SIZE, found);
    text_hex(file->sha256.data, SHA256_SIZE, wanted);
    return err_set(err, ERR_UNTRUSTED,
                   "'%s': is not the file of the release record: sha256 %s (%llu bytes) instead of "
                   "%s (%llu bytes)",
                   file->file, found, (unsigned long long)bytes, wanted,
                   (unsigned long long)file->bytes);
}

const struct image_protection *image_protection_of(const struct image *image,
                                                   enum vm_platform platform)
{
    const struct image_launch *launch = &image->record.launch;
    const struct image_protection *protection = platform == VM_PLATFORM_SNP   ? &launch->snp
                                                : platform == VM_PLATFORM_TDX ? &launch->tdx
                                                                              : NULL;

    return protection != NULL && image_has_protection(protection) ? protection : NULL;
}

int image_check(const struct image *image, enum vm_platform platform, bool secure_boot,
                struct err *err)
{
    const struct image_record *record = &image->record;
    const struct image_protection *protection = image_protection_of(image, platform);
    const struct image_file *const direct[] = {
        protection == NULL ? &record->firmware : &protection->firmware,
        protection == NULL ? NULL : &protection->igvm,
        &record->kernel,
        &record->initrd,
    };
    const struct image_file *const secure[COUNT_OF(direct)] = {
        &record->secure_boot.firmware, &record->secure_boot.variables, &record->secure_boot.disk};
    const struct image_file *const *files = secure_boot ? secure : direct;

    for (size_t i = 0; i < COUNT_OF(direct); i++)
        if (files[i] != NULL && files[i]->file != NULL && check_file(image, files[i], err) < 0)
            return err_wrap(err, "image '%s'", record->name);
    return 0;
}

static struct json *describe(const char *images_dir, const char *name)
{
    OWNED_IMAGE image = {0};
    struct json *entry = json_new_object();
    struct err err;
    bool usable = image_load(images_dir, name, &image, &err) == 0;

    json_set_str(entry, "name", name);
    json_set_bool(entry, "default", strcmp(name, IMAGE_DEFAULT) == 0);
    json_set_bool(entry, "usable", usable);
    json_set_str(entry, "problem", usable ? NULL : err.text);
    json_set(entry, "record", usable ? GIVE(image.document) : NULL);
    return entry;
}

static int is_image(const struct dirent *entry)
{
    return text_is_name(entry->d_name, VM_NAME_SIZE - 1);
}

/* A directory without a record is no image, just a directory. */
static bool has_record(int dir_fd, const char *name)
{
    char path[VM_NAME_SIZE + sizeof(IMAGE_RECORD_FILE) + 1];

    snprintf(path, sizeof(path), "%.*s/" IMAGE_RECORD_FILE, VM_NAME_SIZE - 1, name);
    return faccessat(dir_fd, path, F_OK, 0) == 0;
}

int images_list(const char *images_dir, struct json **ret, struct err *err)
{
    OWNED(close_dir) DIR *dir = opendir(images_dir);
    OWNED_JSON *images = json_new_array();
    struct dirent **names = NULL;
    int count = 0;

    if (dir == NULL)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM,
                             "image directory '%s'", images_dir);
    count = scandir(images_dir, &names, is_image, alphasort);
    for (int i = 0; i < count; i++) {
        OWNED(free_name) struct dirent *name = names[i];

        if (json_count(images) < IMAGES_MAX && has_record(dirfd(dir), name->d_name))
            json_add(images, describe(images_dir, name->d_name));
    }
    free(names);
    *ret = GIVE(images);
    return 0;
}
