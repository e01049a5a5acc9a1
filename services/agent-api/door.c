#include "services/agent-api/door.h"

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/crypto/key.h"
#include "lib/crypto/x509_make.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_MAX     (16 * KIB)
#define DAY_S       (24LL * 3600) /* clocks of clients may be behind */
#define LIFE_DAYS   (20 * 365)    /* as the agent's own */
#define UPLOADS_MAX 256           /* as many as the gateway has calls on one connection */
#define GROUP_MODE  0060          /* of the socket; of the files the half that reads */
#define FILE_GROUP  0040

static const char *const file_names[] = {"gateway.pem", "gateway.key", "cvms.key", "cvms.pem",
                                         "gateway.conf"};

/* The path of a file beside the socket. */
static char *beside(const char *socket, const char *name)
{
    const char *slash = strrchr(socket, '/');
    int length = slash == NULL ? 0 : (int)(slash - socket) + 1;

    return mem_printf("%.*s%s", length, socket, name);
}

static bool hands_group_on(const char *socket)
{
    OWNED(free_str) char *dir = beside(socket, ".");
    struct stat status;

    return stat(dir, &status) == 0 && (status.st_mode & S_ISGID) != 0;
}

static int sign(const struct door *door, const struct key *key, struct buf *out, struct err *err)
{
    static const char *const names[] = {"cocos-gateway", "localhost", NULL};
    static const char *const addresses[] = {"127.0.0.1", "::1", NULL};
    struct x509_subject subject = {
        .common_name = "cocos-agent",
        .not_before = door->now > DAY_S ? door->now - DAY_S : 0,
        .not_after = door->now + LIFE_DAYS * DAY_S,
        .ca = true,
    };
    OWNED_BUF authority = BUF_OF(PEM_MAX);
    OWNED_KEY *own = NULL;

    if (key_load_private_pem(buf_span(&door->identity->key), &own, err) < 0 ||
        x509_make(&subject, own, span_of(NULL, 0), own, &authority, err) < 0)
        return -1;
    subject.common_name = "cocos-gateway";
    subject.dns = names;
    subject.ip = addresses;
    subject.ca = false;
    subject.server = true;
    if (x509_make(&subject, key, buf_span(&authority), own, out, err) < 0)
        return -1;
    buf_add_span(out, buf_span(&authority));
    return buf_check(out, "the gateway's certificate", err);
}

static void write_setting(struct buf *out, const char *name, const char *value)
{
    if (value != NULL)
        buf_printf(out, "%s = %s\n", name, value);
}

static void write_settings(const struct door *door, struct buf *out)
{
    OWNED(free_str) char *ca = beside(door->path, "cvms.pem");
    OWNED(free_str) char *owner = beside(door->path, "cvms.key");

    if (door->cvms_url == NULL)
        return;
    write_setting(out, "cvms_url", door->cvms_url);
    write_setting(out, "cvms_via", door->cvms_via);
    write_setting(out, "cvms_ca", door->cvms_ca != NULL ? ca : NULL);
    write_setting(out, "cvms_owner_key", door->cvms_owner != NULL ? owner : NULL);
    if (door->vm_id != NULL && text_is_name(door->vm_id, NAME_MAX))
        write_setting(out, "cvms_job", door->vm_id);
}

static struct span text_or_none(const char *text)
{
    return span_of_str(text != NULL ? text : "");
}

int door_write_files(const struct door *door, struct err *err)
{
    OWNED_BUF certificate = BUF_OF(2 * PEM_MAX), pem = {.max = PEM_MAX, .secret = true};
    OWNED_BUF settings = BUF_OF(PEM_MAX);
    mode_t mode = 0600 | (hands_group_on(door->path) ? FILE_GROUP : 0);
    OWNED_KEY *key = NULL;

    if (key_generate(KEY_P256, 0, &key, err) < 0 || sign(door, key, &certificate, err) < 0 ||
        key_write_private_pem(key, &pem, err) < 0)
        return -1;
    write_settings(door, &settings);
    if (buf_check(&settings, "the gateway's settings", err) < 0)
        return -1;
    const struct span contents[COUNT_OF(file_names)] = {
        buf_span(&certificate),      buf_span(&pem),      text_or_none(door->cvms_owner),
        text_or_none(door->cvms_ca), buf_span(&settings),
    };
    for (size_t i = 0; i < COUNT_OF(file_names); i++) {
        OWNED(free_str) char *path = beside(door->path, file_names[i]);

        if (file_replace(path, contents[i], mode, err) < 0)
            return err_wrap(err, "'%s'", path);
    }
    return 0;
}

int door_open(const struct door *door, const struct httpd_service *service, struct httpd **ret,
              struct err *err)
{
    OWNED(free_str) char *listen = mem_printf("unix:%s", door->path);
    struct httpd_config config = {
        .listen = listen,
        .certificate = buf_span(&door->identity->certificate),
        .key = buf_span(&door->identity->key),
        .uploads_max = UPLOADS_MAX,
    };

    /* The socket comes last: where it is, the files are. */
    if (door_write_files(door, err) < 0 || httpd_start(&config, service, ret, err) < 0)
        return err_wrap(err, "the gateway's door");
    if (hands_group_on(door->path) && chmod(door->path, 0600 | GROUP_MODE) < 0)
        return err_set_errno(err, ERR_SYSTEM, "the gateway's door '%s': chmod", door->path);
    return 0;
}

void door_remove(const char *path)
{
    unlink(path);
    for (size_t i = 0; i < COUNT_OF(file_names); i++) {
        OWNED(free_str) char *file = beside(path, file_names[i]);

        unlink(file);
    }
}
