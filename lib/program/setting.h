/* Settings: one table gives flags, environment variables, lines of a configuration file, bounds,
 * defaults,
 * --help and the man page.
 *
 *     static const struct setting settings[] = {
 *         SETTING_TEXT(config, listen, "COCOS_MANAGER_LISTEN", "127.0.0.1:7443", "address and port
 * to serve on"), SETTING_U64(config, max_vms, "COCOS_MANAGER_MAX_VMS", "10", 1, 1000, "how many VMs
 * at once"),
 *     };
 *
 * Precedence: flag, environment, file (--config FILE, lines of `key = value`, # comments), default.
 * A flag is the member's name with '-' for '_'; the file uses the same names. */
#ifndef COCOS_PROGRAM_SETTING_H
#define COCOS_PROGRAM_SETTING_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#include <stddef.h>

enum setting_type {
    SETTING_TYPE_TEXT, /* char *, owned; min and max bound its length */
    SETTING_TYPE_U64,  /* uint64_t */
    SETTING_TYPE_BOOL, /* bool: true/false, yes/no, on/off, 1/0; as a flag without value: true */
    SETTING_TYPE_DURATION, /* uint64_t milliseconds, "90s" */
    SETTING_TYPE_CHOICE,   /* int: index into choices */
};

struct setting {
    const char *name; /* "state_dir" */
    enum setting_type type;
    const char *env;
    const char *fallback; /* as it would be typed */
    uint64_t min, max;
    const char *const *choices; /* NULL-terminated */
    size_t offset;
    const char *help; /* one sentence, lower case, no full stop */
};

#define SETTING_TEXT(type_, member, env_, fallback_, help_)                                        \
    {                                                                                              \
#member, SETTING_TYPE_TEXT, env_, fallback_, 0, 4096, NULL,                                \
            offsetof(struct type_, member), help_                                                  \
    }
#define SETTING_U64(type_, member, env_, fallback_, min_, max_, help_)                             \
    {                                                                                              \
#member, SETTING_TYPE_U64, env_, fallback_, min_, max_, NULL,                              \
            offsetof(struct type_, member), help_                                                  \
    }
#define SETTING_BOOL(type_, member, env_, fallback_, help_)                                        \
    {                                                                                              \
#member, SETTING_TYPE_BOOL, env_, fallback_, 0, 1, NULL, offsetof(struct type_, member),   \
            help_                                                                                  \
    }
#define SETTING_DURATION(type_, member, env_, fallback_, min_, max_, help_)                        \
    {                                                                                              \
#member, SETTING_TYPE_DURATION, env_, fallback_, min_, max_, NULL,                         \
            offsetof(struct type_, member), help_                                                  \
    }
#define SETTING_CHOICE(type_, member, env_, fallback_, choices_, help_)                            \
    {                                                                                              \
#member, SETTING_TYPE_CHOICE, env_, fallback_, 0, 0, choices_,                             \
            offsetof(struct type_, member), help_                                                  \
    }

struct program_info {
    const char *name;    /* "cocos-manager" */
    const char *command; /* how it is started, where that is not its name; NULL */
    const char *summary; /* one line */
    const char *essay;   /* paragraphs for the man page */
    const struct setting *settings;
    size_t setting_count;
};

/* Fills config (zeroed by the caller) from all four sources. Returns 0, or 1 when --help, --version
 * or --man was asked for and answered on stdout, or -1 with ERR_USAGE naming the setting, where it
 * came from, what was expected and what was got. */
MUST_USE int setting_load(const struct program_info *info, int argc, char **argv, void *config,
                          struct err *err);

/* Frees the texts. */
void setting_release(const struct program_info *info, void *config);

#endif
