#include "cli/input.h"

#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "lib/archive/zip.h"
#include "lib/base/file.h"
#include "lib/crypto/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX (256 * KIB)
#define HASH_BLOCK   (256 * KIB)
#define PACK_BLOCK   (256 * KIB)

static const struct zip_limits pack_limits = {.files_max = 10 * 1000 * 1000,
                                              .bytes_max = 1024 * GIB};

/* --- packing a directory --- */

struct packing {
    int fd;
    struct buf block; /* gathered, so that writes are large */
    uint64_t size;
};

static int flush_block(struct packing *packing, struct err *err)
{
    if (file_write_fd(packing->fd, buf_span(&packing->block), err) < 0)
        return err_wrap(err, "pack");
    packing->size += packing->block.len;
    buf_reset(&packing->block);
    return 0;
}

static int pack_bytes(void *to, struct span bytes, struct err *err)
{
    struct packing *packing = to;

    if (interrupt_check(err) < 0)
        return -1;
    while (bytes.len > 0) {
        struct span piece = span_part(bytes, 0, PACK_BLOCK - packing->block.len);

        buf_add_span(&packing->block, piece);
        bytes = span_part(bytes, piece.len, bytes.len);
        if (packing->block.len == PACK_BLOCK && flush_block(packing, err) < 0)
            return -1;
    }
    return 0;
}

/* A file without a name: it is gone when we are, however we end. */
int input_open_nameless(int *ret, struct err *err)
{
    const char *places[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (places[i] == NULL || places[i][0] == '\0')
            continue;
        *ret = open(places[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (*ret >= 0)
            return 0;
    }
    return err_set_errno(err, ERR_SYSTEM, "make a temporary file (TMPDIR says where)");
}

static int pack_directory(int dir_fd, struct input *input, struct err *err)
{
    struct packing packing = {.block = BUF_OF(PACK_BLOCK)};
    int result;

    if (input_open_nameless(&packing.fd, err) < 0)
        return -1;
    result = zip_pack(dir_fd, 0, &pack_limits, pack_bytes, &packing, err);
    if (result == 0)
        result = flush_block(&packing, err);
    buf_done(&packing.block);
    if (result < 0) {
        close(packing.fd);
        return -1;
    }
    input->fd = packing.fd;
    input->size = packing.size;
    input->packed = true;
    return 0;
}

/* --- opening --- */

static char *last_component(const char *path)
{
    size_t end = strlen(path);
    size_t start;

    while (end > 1 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/'; start--)
        continue;
    return mem_copy(path + start, end - start);
}

int input_open(const char *path, struct input *ret, struct err *err)
{
    OWNED(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct input input = INPUT_NONE;
    struct stat st;

    if (fd < 0)
        return err_set_errno(err, ERR_USAGE, "open '%s'", path);
    if (fstat(fd, &st) < 0)
        return err_set_errno(err, ERR_USAGE, "stat '%s'", path);
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return err_set(err, ERR_USAGE, "'%s' is neither a regular file nor a directory", path);

    if (S_ISDIR(st.st_mode)) {
        if (pack_directory(fd, &input, err) < 0)
            return err_wrap(err, "'%s'", path);
    } else {
        input.fd = fd;
        input.size = (uint64_t)st.st_size;
        fd = -1;
    }
    input.name = last_component(path);
    *ret = input;
    return 0;
}

void input_done(struct input *input)
{
    if (input->fd >= 0)
        close(input->fd);
    free(input->name);
    *input = INPUT_NONE;
}

int input_digest(const struct input *input, enum digest_alg alg, uint8_t *out, struct err *err)
{
    struct progress progress = progress_begin(input->name);
    OWNED_DIGEST *digest = digest_new(alg);
    OWNED(free_str) char *block = mem_zeroed(HASH_BLOCK, 1);
    uint64_t at = 0;
    ssize_t got;

    while ((got = pread(input->fd, block, HASH_BLOCK, (off_t)at)) != 0) {
        if (interrupt_check(err) < 0)
            return -1;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_SYSTEM, "read '%s'", input->name);
        digest_add(digest, span_of(block, (size_t)got));
        at += (uint64_t)got;
        progress_update(&progress, at, input->size);
    }
    progress_end(&progress);
    digest_finish(digest, out);
    return 0;
}

/* --- small files --- */

int input_read(const char *path, struct buf *out, struct err *err)
{
    if (file_read(path, out, err) == 0)
        return 0;
    if (err->kind == ERR_NOT_FOUND || err->kind == ERR_SYSTEM)
        err->kind = ERR_USAGE;
    return -1;
}

int input_read_json(const char *path, size_t max, struct json **ret, struct err *err)
{
    OWNED_BUF text = BUF_OF(max);

    if (input_read(path, &text, err) < 0)
        return -1;
    if (json_parse(buf_span(&text), ret, err) < 0)
        return err_wrap(err, "'%s'", path);
    return 0;
}

/* --- keys --- */

static void warn_about_mode(const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
        say_warning("others on this machine may read the private key '%s' (mode %03o); chmod 600",
                    path, (unsigned)(st.st_mode & 0777));
}

int input_read_private_key(const char *path, struct key **ret, struct err *err)
{
    OWNED_BUF pem = BUF_OF(KEY_FILE_MAX);

    pem.secret = true;
    if (input_read(path, &pem, err) < 0)
        return err_wrap(err, "key");
    if (key_load_private_pem(buf_span(&pem), ret, err) < 0)
        return err_wrap(err, "key '%s'", path);
    warn_about_mode(path);
    return 0;
}

int input_read_public_key(const char *path, struct key **ret, struct err *err)
{
    OWNED_BUF pem = BUF_OF(KEY_FILE_MAX);
    struct err ignored;

    pem.secret = true;
    if (input_read(path, &pem, err) < 0)
        return err_wrap(err, "key");
    if (key_load_public_pem(buf_span(&pem), ret, &ignored) == 0 ||
        key_load_private_pem(buf_span(&pem), ret, &ignored) == 0 ||
        key_load_certificate(buf_span(&pem), ret, &ignored) == 0)
        return 0;
    return err_set(err, ERR_INPUT,
                   "'%s' holds no public key, private key or certificate that can be used "
                   "(RSA of 2048 bits and more, P-256, P-384, Ed25519; PEM)",
                   path);
}
