#include "services/manager-api/credentials.h"

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/crypto/secret.h"
#include "lib/crypto/x509_make.h"
#include "services/manager-api/tokens.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MODE 0600
#define YEAR        (365 * 24 * 3600LL)
#define NAMES_MAX   32
#define MARK        ".first-start" /* there while the files are being put in place */

static const char *const file_names[] = {"ca.pem", "server.pem", "server.key", TOKENS_ADMIN_FILE};

/* --- the certificate's names ----------------------------------------------------- */

struct names {
    const char *dns[NAMES_MAX + 1];
    const char *ip[NAMES_MAX + 1];
    size_t dns_count, ip_count;
    char text[4096]; /* what dns and ip point into */
    size_t used;
};

static bool is_address(const char *name)
{
    struct in6_addr address;

    return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

static bool contains(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static void add_name(struct names *names, const char *name, size_t len)
{
    char *copy = names->text + names->used;

    if (len == 0 || names->used + len + 1 > sizeof(names->text))
        return;
    memcpy(copy, name, len);
    copy[len] = '\0';
    if (is_address(copy)) {
        if (names->ip_count == NAMES_MAX || contains(names->ip, names->ip_count, copy))
            return;
        names->ip[names->ip_count++] = copy;
    } else {
        if (names->dns_count == NAMES_MAX || contains(names->dns, names->dns_count, copy))
            return;
        names->dns[names->dns_count++] = copy;
    }
    names->used += len + 1;
}

static void add_list(struct names *names, const char *list)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ",");

        add_name(names, list, len);
        list += len + (list[len] == ',');
    }
}

/* The host part of "127.0.0.1:7443" or "[::1]:7443"; an address that stands for all is no name. */
static void add_listen(struct names *names, const char *listen)
{
    const char *colon = strrchr(listen, ':');
    size_t len = colon ? (size_t)(colon - listen) : strlen(listen);

    if (len >= 2 && listen[0] == '[') {
        listen++;
        len -= 2;
    }
    if (span_equal(span_of(listen, len), span_of_str("0.0.0.0")) ||
        span_equal(span_of(listen, len), span_of_str("::")))
        return;
    add_name(names, listen, len);
}

static void collect_names(struct names *names, const char *listen, const char *more)
{
    char host[256] = "";

    add_list(names, "localhost,127.0.0.1,::1");
    if (gethostname(host, sizeof(host) - 1) == 0)
        add_name(names, host, strlen(host));
    add_listen(names, listen);
    add_list(names, more);
}

/* --- making ------------------------------------------------------------------------ */

struct material {
    struct buf ca, certificate, key, token;
};

static int make_material(const char *listen, const char *more, int64_t now, struct material *ret,
                         struct err *err)
{
    OWNED_KEY *ca_key = NULL;
    OWNED_KEY *server_key = NULL;
    struct names names = {.used = 0};
    const struct x509_subject ca = {.common_name = "CocosAI manager authority",
                                    .not_before = now - 3600,
                                    .not_after = now + 10 * YEAR,
                                    .ca = true};
    struct x509_subject server = {.common_name = "CocosAI manager",
                                  .not_before = now - 3600,
                                  .not_after = now + 10 * YEAR,
                                  .server = true};

    collect_names(&names, listen, more);
    server.dns = names.dns;
    server.ip = names.ip;
    if (key_generate(KEY_P256, 0, &ca_key, err) < 0 ||
        key_generate(KEY_P256, 0, &server_key, err) < 0 ||
        x509_make(&ca, ca_key, span_of("", 0), ca_key, &ret->ca, err) < 0 ||
        x509_make(&server, server_key, buf_span(&ret->ca), ca_key, &ret->certificate, err) < 0 ||
        key_write_private_pem(server_key, &ret->key, err) < 0)
        return err_wrap(err, "making the server's certificate");
    tokens_make(&ret->token);
    buf_add_str(&ret->token, "\n");
    return 0;
}

static int write_material(int dir_fd, const struct material *material, struct err *err)
{
    const struct buf *texts[COUNT_OF(file_names)] = {&material->ca, &material->certificate,
                                                     &material->key, &material->token};

    if (file_replace_at(dir_fd, MARK, span_of("", 0), SECRET_MODE, err) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(file_names); i++)
        if (file_replace_at(dir_fd, file_names[i], buf_span(texts[i]), SECRET_MODE, err) < 0)
            return -1;
    if (unlinkat(dir_fd, MARK, 0) < 0 || fsync(dir_fd) < 0)
        return err_set_errno(err, ERR_SYSTEM, "'%s'", MARK);
    return 0;
}

/* What a first start that was cut short left: nobody has been told of it. */
static void remove_material(int dir_fd)
{
    for (size_t i = 0; i < COUNT_OF(file_names); i++)
        unlinkat(dir_fd, file_names[i], 0);
    unlinkat(dir_fd, MARK, 0);
}

static void release_material(struct material *material)
{
    buf_done(&material->ca);
    buf_done(&material->certificate);
    buf_done(&material->key);
    buf_done(&material->token);
}

static int make(int dir_fd, const char *listen, const char *names, int64_t now, struct err *err)
{
    __attribute__((cleanup(release_material))) struct material material = {
        .ca = BUF_OF(CREDENTIALS_FILE_MAX),
        .certificate = BUF_OF(CREDENTIALS_FILE_MAX),
        .key = BUF_OF(CREDENTIALS_FILE_MAX),
        .token = BUF_OF(CREDENTIALS_FILE_MAX),
    };

    material.key.secret = true;
    material.token.secret = true;
    if (make_material(listen, names, now, &material, err) < 0)
        return -1;
    if (write_material(dir_fd, &material, err) < 0) {
        remove_material(dir_fd);
        return err_wrap(err, "the first start's files");
    }
    return 0;
}

/* --- loading --------------------------------------------------------------------------- */

static bool exists(int dir_fd, const char *name)
{
    return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* 1 when all files are there, 0 when none is. */
static int check_complete(int dir_fd, struct err *err)
{
    const char *missing = NULL, *present = NULL;

    if (exists(dir_fd, MARK))
        remove_material(dir_fd);
    for (size_t i = 0; i < COUNT_OF(file_names); i++) {
        if (exists(dir_fd, file_names[i]))
            present = file_names[i];
        else if (strcmp(file_names[i], TOKENS_ADMIN_FILE) != 0 || !exists(dir_fd, TOKENS_FILE))
            missing = file_names[i]; /* who has other tokens may have removed this one */
    }
    if (missing != NULL && present != NULL)
        return err_set(err, ERR_USAGE,
                       "'%s' is there and '%s' is not: put it back, or remove all of ca.pem, "
                       "server.pem, server.key and admin.token to have new ones made",
                       present, missing);
    return missing == NULL;
}

void credentials_release(struct credentials *credentials)
{
    buf_done(&credentials->certificate);
    buf_done(&credentials->key);
}

int credentials_load(const char *state_dir, const char *listen, const char *names, int64_t now,
                     struct credentials *ret, struct err *err)
{
    OWNED(close_fd) int dir_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    OWNED_CREDENTIALS loaded = {.certificate = BUF_OF(CREDENTIALS_FILE_MAX),
                                .key = BUF_OF(CREDENTIALS_FILE_MAX)};
    int complete = 0;

    if (dir_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "state directory '%s'", state_dir);
    complete = check_complete(dir_fd, err);
    if (complete < 0 || (complete == 0 && make(dir_fd, listen, names, now, err) < 0))
        return err_wrap(err, "state directory '%s'", state_dir);
    loaded.first = complete == 0;
    loaded.key.secret = true;
    if (file_read_at(dir_fd, "server.pem", &loaded.certificate, err) < 0 ||
        file_read_at(dir_fd, "server.key", &loaded.key, err) < 0)
        return err_wrap(err, "state directory '%s'", state_dir);
    *ret = loaded;
    loaded = (struct credentials){.first = false};
    return 0;
}

int credentials_manager_id(const char *state_dir, char *out, size_t size, struct err *err)
{
    OWNED(free_str) char *path = mem_printf("%s/manager.id", state_dir);
    OWNED_BUF text = BUF_OF(64);
    char id[UUID_TEXT_SIZE];

    if (file_read(path, &text, err) == 0) {
        snprintf(out, size, "%.36s", buf_str(&text));
        return strlen(out) == UUID_TEXT_SIZE - 1
                   ? 0
                   : err_set(err, ERR_SYSTEM, "'%s': holds no id", path);
    }
    if (err->kind != ERR_NOT_FOUND)
        return -1;
    random_uuid(id);
    snprintf(out, size, "%s", id);
    return file_replace(path, span_of_str(id), 0644, err);
}
