#include "lib/program/setting.h"

#include "lib/base/file.h"
#include "lib/base/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#define CONFIG_FILE_MAX (64 * KIB)

static const char *const true_words[] = {"true", "yes", "on", "1", NULL};
static const char *const false_words[] = {"false", "no", "off", "0", NULL};

static int find_word(const char *const words[], const char *word)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

/* --- one value --- */

static int store_text(const struct setting *setting, const char *value, void *at, struct err *err)
{
    size_t length = strlen(value);

    if (length < setting->min || length > setting->max)
        return err_set(err, ERR_USAGE, "expected %" PRIu64 " to %" PRIu64 " characters, got %zu",
                       setting->min, setting->max, length);
    mem_set_str(at, value);
    return 0;
}

static int store_u64(const struct setting *setting, const char *value, void *at, struct err *err)
{
    uint64_t number;

    if (text_parse_u64(value, UINT64_MAX, &number, err) < 0 || number < setting->min ||
        number > setting->max)
        return err_set(err, ERR_USAGE,
                       "expected a whole number from %" PRIu64 " to %" PRIu64 ", got '%.40s'",
                       setting->min, setting->max, value);
    *(uint64_t *)at = number;
    return 0;
}

static int store_bool(const struct setting *setting, const char *value, void *at, struct err *err)
{
    bool yes = find_word(true_words, value) >= 0;

    (void)setting;
    if (!yes && find_word(false_words, value) < 0)
        return err_set(err, ERR_USAGE, "expected true or false, got '%.40s'", value);
    *(bool *)at = yes;
    return 0;
}

static int store_duration(const struct setting *setting, const char *value, void *at,
                          struct err *err)
{
    char low[TEXT_DURATION_SIZE], high[TEXT_DURATION_SIZE];
    uint64_t ms;

    if (text_parse_duration(value, &ms, err) < 0 || ms < setting->min || ms > setting->max) {
        text_format_duration(setting->min, low);
        text_format_duration(setting->max, high);
        return err_set(err, ERR_USAGE, "expected a duration from %s to %s, got '%.40s'", low, high,
                       value);
    }
    *(uint64_t *)at = ms;
    return 0;
}

static void write_choices(const struct setting *setting, struct buf *out)
{
    for (size_t i = 0; setting->choices[i] != NULL; i++)
        buf_printf(out, "%s%s", i > 0 ? "|" : "", setting->choices[i]);
}

static int store_choice(const struct setting *setting, const char *value, void *at, struct err *err)
{
    int index = find_word(setting->choices, value);
    OWNED_BUF choices = BUF_OF(1 * KIB);

    if (index < 0) {
        write_choices(setting, &choices);
        return err_set(err, ERR_USAGE, "expected %s, got '%.40s'", buf_str(&choices), value);
    }
    *(int *)at = index;
    return 0;
}

static int (*const storers[])(const struct setting *setting, const char *value, void *at,
                              struct err *err) = {
    [SETTING_TYPE_TEXT] = store_text,     [SETTING_TYPE_U64] = store_u64,
    [SETTING_TYPE_BOOL] = store_bool,     [SETTING_TYPE_DURATION] = store_duration,
    [SETTING_TYPE_CHOICE] = store_choice,
};

static int store(const struct setting *setting, const char *value, const char *from, void *config,
                 struct err *err)
{
    if (storers[setting->type](setting, value, (char *)config + setting->offset, err) < 0)
        return err_wrap(err, "%s", from);
    return 0;
}

/* --- names --- */

/* The flag of a setting: "--state-dir". */
static void flag_name(const struct setting *setting, char *out, size_t size)
{
    snprintf(out, size, "--%s", setting->name);
    for (char *p = out; *p != '\0'; p++)
        if (*p == '_')
            *p = '-';
}

static const struct setting *find_setting(const struct program_info *info, const char *name,
                                          size_t length)
{
    for (size_t i = 0; i < info->setting_count; i++) {
        const char *candidate = info->settings[i].name;
        bool same = strlen(candidate) == length;

        for (size_t k = 0; same && k < length; k++)
            same = candidate[k] == (name[k] == '-' ? '_' : name[k]);
        if (same)
            return &info->settings[i];
    }
    return NULL;
}

/* --- the four sources, weakest first --- */

static int load_defaults(const struct program_info *info, void *config, struct err *err)
{
    for (size_t i = 0; i < info->setting_count; i++)
        if (store(&info->settings[i], info->settings[i].fallback, info->settings[i].name, config,
                  err) < 0)
            return -1;
    return 0;
}

static char *trim(char *text)
{
    size_t length;

    while (isspace((unsigned char)*text))
        text++;
    length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    return text;
}

static int load_line(const struct program_info *info, char *line, const char *where, void *config,
                     struct err *err)
{
    char *text = trim(line), *equals = strchr(text, '=');
    const struct setting *setting;
    char *key;

    if (*text == '\0' || *text == '#')
        return 0;
    if (equals == NULL)
        return err_set(err, ERR_USAGE, "%s: expected 'key = value', got '%.60s'", where, text);
    *equals = '\0';
    key = trim(text);
    setting = find_setting(info, key, strlen(key));
    if (setting == NULL)
        return err_set(err, ERR_USAGE, "%s: there is no setting '%.60s'", where, key);
    return store(setting, trim(equals + 1), where, config, err);
}

static int load_file(const struct program_info *info, const char *path, void *config,
                     struct err *err)
{
    OWNED_BUF text = BUF_OF(CONFIG_FILE_MAX);
    char *rest, *line;
    int number = 0;

    if (file_read(path, &text, err) < 0) {
        err->kind = ERR_USAGE;
        return err_wrap(err, "--config");
    }
    if (memchr(buf_str(&text), '\0', text.len) != NULL)
        return err_set(err, ERR_USAGE, "--config '%s': has NUL bytes", path);
    buf_add_u8(&text, '\n');
    rest = (char *)text.data;
    while ((line = strsep(&rest, "\n")) != NULL) {
        OWNED(free_str) char *where = mem_printf("%s line %d", path, ++number);

        if (load_line(info, line, where, config, err) < 0)
            return -1;
    }
    return 0;
}

static int load_environment(const struct program_info *info, void *config, struct err *err)
{
    for (size_t i = 0; i < info->setting_count; i++) {
        const struct setting *setting = &info->settings[i];
        const char *value = setting->env ? getenv(setting->env) : NULL;

        if (value != NULL && store(setting, value, setting->env, config, err) < 0)
            return -1;
    }
    return 0;
}

/* One flag at argv[*at]; moves *at past it and its value. */
static int load_flag(const struct program_info *info, char **argv, int *at, void *config,
                     struct err *err)
{
    const char *arg = argv[*at], *equals = strchr(arg, '=');
    size_t length = equals ? (size_t)(equals - arg) : strlen(arg);
    const struct setting *setting =
        text_starts_with(arg, "--") ? find_setting(info, arg + 2, length - 2) : NULL;
    const char *value = equals ? equals + 1 : argv[*at + 1];
    char flag[80];

    if (setting == NULL)
        return err_set(err, ERR_USAGE, "unknown argument '%.60s'; --help lists them", arg);
    flag_name(setting, flag, sizeof(flag));
    if (!equals && setting->type == SETTING_TYPE_BOOL)
        value = "true";
    else if (!equals && value != NULL)
        ++*at;
    ++*at;
    if (value == NULL)
        return err_set(err, ERR_USAGE, "%s: a value is missing", flag);
    return store(setting, value, flag, config, err);
}

/* The --config file is read before the environment, wherever the flag stands. */
static int load_flags(const struct program_info *info, char **argv, bool config_only, void *config,
                      struct err *err)
{
    int at = 1;

    while (argv[at] != NULL) {
        if (strcmp(argv[at], "--config") == 0 || text_starts_with(argv[at], "--config=")) {
            const char *path = argv[at][8] == '=' ? argv[at] + 9 : argv[++at];

            if (path == NULL)
                return err_set(err, ERR_USAGE, "--config: a value is missing");
            at++;
            if (config_only && load_file(info, path, config, err) < 0)
                return -1;
        } else if (config_only) {
            at++;
        } else if (load_flag(info, argv, &at, config, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* --- help --- */

static const char *command_of(const struct program_info *info)
{
    return info->command != NULL ? info->command : info->name;
}

static void print_help(const struct program_info *info)
{
    printf("%s - %s\n\nusage: %s [--SETTING VALUE]...\n\n", info->name, info->summary,
           command_of(info));
    for (size_t i = 0; i < info->setting_count; i++) {
        const struct setting *setting = &info->settings[i];
        OWNED_BUF choices = BUF_OF(1 * KIB);
        char flag[80];

        flag_name(setting, flag, sizeof(flag));
        if (setting->choices != NULL)
            write_choices(setting, &choices);
        printf("  %-22s %s%s%s (default %s)\n  %-22s %s\n", flag, setting->help,
               choices.len > 0 ? ": " : "", buf_str(&choices),
               setting->fallback[0] ? setting->fallback : "none", "",
               setting->env ? setting->env : "");
    }
    printf("  %-22s read settings from a file of 'key = value' lines\n"
           "  %-22s print this text, the version, or the man page's source\n",
           "--config FILE", "--help --version --man");
}

static void print_man(const struct program_info *info)
{
    printf(".TH %s 8 \"\" \"CocosAI %s\"\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.B %s\n"
           "[\\-\\-SETTING VALUE]...\n.SH DESCRIPTION\n%s\n.SH SETTINGS\n"
           "A setting is a flag, an environment variable, or a line \"name = value\" of the file\n"
           "that \\-\\-config names; the first that is given counts.\n",
           info->name, COCOS_VERSION, info->name, info->summary, command_of(info), info->essay);
    for (size_t i = 0; i < info->setting_count; i++) {
        const struct setting *setting = &info->settings[i];
        char flag[80];

        flag_name(setting, flag, sizeof(flag));
        printf(".TP\n.BR %s \", \" %s\n%s (default: %s)\n", flag, setting->env ? setting->env : "-",
               setting->help, setting->fallback[0] ? setting->fallback : "none");
    }
}

/* Answers --help, --version and --man; true when it did. */
static bool answer_questions(const struct program_info *info, char **argv)
{
    for (int i = 1; argv[i] != NULL; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            print_help(info);
        else if (strcmp(argv[i], "--version") == 0)
            printf("%s %s\n", info->name, COCOS_VERSION);
        else if (strcmp(argv[i], "--man") == 0)
            print_man(info);
        else
            continue;
        return true;
    }
    return false;
}

int setting_load(const struct program_info *info, int argc, char **argv, void *config,
                 struct err *err)
{
    (void)argc;
    if (answer_questions(info, argv))
        return 1;
    if (load_defaults(info, config, err) < 0 || load_flags(info, argv, true, config, err) < 0 ||
        load_environment(info, config, err) < 0 || load_flags(info, argv, false, config, err) < 0)
        return -1;
    return 0;
}

void setting_release(const struct program_info *info, void *config)
{
    for (size_t i = 0; i < info->setting_count; i++)
        if (info->settings[i].type == SETTING_TYPE_TEXT)
            mem_set_str((char **)((char *)config + info->settings[i].offset), NULL);
}
