#include "services/agent-api/link/share.h"

#include "lib/api/cvms_url.h"
#include "lib/attest/reference/pcr_run.h"
#include "lib/base/file.h"
#include "lib/program/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CONFIG_MAX (64 * KIB)
#define NONCE_SIZE 32

static const struct json_field config_fields[] = {
    JSON_FIELD_U32(share_config, version, 1, 1, JSON_REQUIRED),
    JSON_FIELD_STR(share_config, vm_id, 1, 128, JSON_REQUIRED),
    JSON_FIELD_BASE64(share_config, boot_nonce, NONCE_SIZE, NONCE_SIZE, JSON_REQUIRED),
    JSON_FIELD_TEXT(share_config, owner_key, 1, 4096, JSON_NULLABLE),
    JSON_FIELD_STR(share_config, cvms_url, 1, API_CVMS_URL_MAX, JSON_NULLABLE),
    JSON_FIELD_STR(share_config, cvms_via, 1, API_CVMS_URL_MAX, JSON_NULLABLE),
    JSON_FIELD_TEXT(share_config, cvms_ca, 1, 16384, JSON_NULLABLE),
    JSON_FIELD_ENUM(share_config, log_level, log_level_names, JSON_NULLABLE),
    JSON_FIELD_BOOL(share_config, grpc, 0),
};
static const struct json_table config_table = JSON_TABLE("config", share_config, config_fields);

/* A file of in/; NOT_FOUND when either is not there. */
static int read_in(const char *dir, const char *name, struct buf *out, struct err *err)
{
    OWNED(free_str) char *path = mem_printf("%s/in", dir);
    OWNED(close_fd) int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (dir_fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, "open '%s'", path);
    return file_read_at(dir_fd, name, out, err);
}

struct share_config share_no_config(void)
{
    struct share_config config = {.log_level = -1};

    digest_of(DIGEST_SHA256, span_of_str("{}"), config.sha256);
    return config;
}

static int load_owner(struct share_config *config, struct err *err)
{
    if (config->owner_key == NULL)
        return 0;
    if (key_load_public_pem(span_of_str(config->owner_key), &config->owner, err) < 0)
        return err_wrap_pointer(err, "/owner_key");
    return 0;
}

/* They are handed on to a program that reads them as its settings. */
static int check_address(const char *text, const char *pointer, struct err *err)
{
    struct api_cvms_url url;

    if (text == NULL || api_cvms_url_read(text, &url, err) == 0)
        return 0;
    return err_wrap_pointer(err, pointer);
}

static int check_cvms(const struct share_config *config, struct err *err)
{
    if (check_address(config->cvms_url, "/cvms_url", err) < 0)
        return -1;
    return check_address(config->cvms_via, "/cvms_via", err);
}

int share_parse_config(struct span text, struct share_config *ret, struct err *err)
{
    OWNED_JSON *json = NULL;

    *ret = share_no_config();
    if (json_parse(text, &json, err) < 0 || json_decode(json, &config_table, ret, err) < 0) {
        *ret = share_no_config();
        return err_wrap(err, "the share");
    }
    if (load_owner(ret, err) < 0 || check_cvms(ret, err) < 0) {
        share_config_done(ret);
        return err_wrap(err, "the share's config");
    }
    if (pcr_run_config_digest(json, ret->sha256, err) < 0) {
        share_config_done(ret);
        return err_wrap(err, "the share's config");
    }
    ret->present = true;
    return 0;
}

int share_load_config(const char *dir, struct share_config *ret, struct err *err)
{
    OWNED_BUF text = BUF_OF(CONFIG_MAX);

    *ret = share_no_config();
    if (read_in(dir, "config.json", &text, err) < 0)
        return err->kind == ERR_NOT_FOUND ? 0 : err_wrap(err, "the share's config");
    return share_parse_config(buf_span(&text), ret, err);
}

void share_config_done(struct share_config *config)
{
    key_free(config->owner);
    json_release(&config_table, config);
    *config = share_no_config();
}

int share_read_manifest(const char *dir, struct buf *out, struct err *err)
{
    if (read_in(dir, "manifest.json", out, err) < 0 && err->kind != ERR_NOT_FOUND)
        return err_wrap(err, "the share's manifest");
    return 0;
}

int share_load_igvm(const char *dir, struct buf *out, bool *ret_found, struct err *err)
{
    *ret_found = read_in(dir, "launch.igvm", out, err) == 0;
    if (*ret_found || err->kind == ERR_NOT_FOUND)
        return 0;
    return err_wrap(err, "the share's IGVM file");
}
