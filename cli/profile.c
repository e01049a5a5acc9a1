#include "cli/profile.h"

#include "lib/base/file.h"
#include "lib/base/text.h"

#include <stdio.h>

#define PROFILE_MAX      (64 * KIB)
#define PROFILE_NAME_MAX 64
#define PATH_TEXT_MAX    4096

static const char *const keys[] = {
    "manager_url", "manager_token", "manager_ca", "agent_url", "agent_pin", "key",
    "policy",      "policy_key",    "manifest",   "cache",     "kds_url",   "pcs_url",
    "pcs_crl_url", "mirror_ca",     "proxy",      "patience",
};

struct profile {
    char *values[COUNT_OF(keys)];
};

/* The index of a key, '-' and '_' being the same; -1 when it is none. */
static int find_key(const char *key)
{
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        size_t k = 0;

        while (keys[i][k] != '\0' && (key[k] == keys[i][k] || (key[k] == '-' && keys[i][k] == '_')))
            k++;
        if (keys[i][k] == '\0' && key[k] == '\0')
            return (int)i;
    }
    return -1;
}

static char *trimmed(const char *from, size_t length)
{
    while (length > 0 && strchr(" \t\r", from[length - 1]) != NULL)
        length--;
    while (length > 0 && strchr(" \t", from[0]) != NULL) {
        from++;
        length--;
    }
    return mem_copy(from, length);
}

static int parse_line(struct profile *profile, const char *line, size_t length, struct err *err)
{
    OWNED(free_str) char *text = trimmed(line, length);
    char *equals = strchr(text, '=');
    OWNED(free_str) char *key = NULL;
    int index;

    if (text[0] == '\0' || text[0] == '#')
        return 0;
    if (equals == NULL)
        return err_set(err, ERR_USAGE, "expected 'key = value', got '%.40s'", text);
    key = trimmed(text, (size_t)(equals - text));
    index = find_key(key);
    if (index < 0)
        return err_set(err, ERR_USAGE, "unknown key '%.40s'", key);
    free(profile->values[index]);
    profile->values[index] = trimmed(equals + 1, strlen(equals + 1));
    return 0;
}

int profile_parse(struct span text, struct profile **ret, struct err *err)
{
    OWNED_OF(profile) *profile = mem_new(struct profile);
    unsigned number = 1;

    if (!text_is_utf8(text) || (text.len > 0 && memchr(text.data, '\0', text.len)))
        return err_set(err, ERR_USAGE, "not a text file");
    for (size_t at = 0; at < text.len; number++) {
        const uint8_t *start = text.data + at;
        const uint8_t *end = memchr(start, '\n', text.len - at);
        size_t length = end != NULL ? (size_t)(end - start) : text.len - at;

        if (parse_line(profile, (const char *)start, length, err) < 0)
            return err_wrap(err, "line %u", number);
        at += length + 1;
    }
    *ret = GIVE(profile);
    return 0;
}

int profile_path(const char *name, const char *ending, struct buf *out, struct err *err)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");

    if (!text_is_name(name, PROFILE_NAME_MAX))
        return err_set(err, ERR_USAGE, "'%.64s' cannot be the name of a profile", name);
    if (base != NULL && base[0] == '/')
        buf_printf(out, "%s/cocos/%s%s", base, name, ending);
    else if (home != NULL && home[0] == '/')
        buf_printf(out, "%s/.config/cocos/%s%s", home, name, ending);
    else
        return err_set(err, ERR_USAGE, "HOME is not set, so there is no place for profiles");
    return buf_check(out, "the path of the profile", err);
}

int profile_load(const char *name, struct profile **ret, struct err *err)
{
    const char *from_env = getenv("COCOS_PROFILE");
    OWNED_BUF path = BUF_OF(PATH_TEXT_MAX);
    OWNED_BUF text = BUF_OF(PROFILE_MAX);
    bool wanted;

    if (name == NULL && from_env != NULL && from_env[0] != '\0')
        name = from_env;
    wanted = name != NULL;
    if (profile_path(wanted ? name : PROFILE_DEFAULT, ".conf", &path, err) < 0)
        return wanted ? -1 : 0;
    if (file_read(buf_str(&path), &text, err) < 0) {
        if (err->kind == ERR_NOT_FOUND && !wanted)
            return 0;
        err->kind = ERR_USAGE;
        return err_wrap(err, "profile");
    }
    if (profile_parse(buf_span(&text), ret, err) < 0)
        return err_wrap(err, "profile '%s'", buf_str(&path));
    return 0;
}

const char *profile_get(const struct profile *profile, const char *key)
{
    int index = find_key(key);
    const char *value = profile != NULL && index >= 0 ? profile->values[index] : NULL;

    return value != NULL && value[0] != '\0' ? value : NULL;
}

void profile_free(struct profile *profile)
{
    if (profile == NULL)
        return;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (profile->values[i] != NULL)
            mem_wipe(profile->values[i], strlen(profile->values[i]));
        free(profile->values[i]);
    }
    free(profile);
}
