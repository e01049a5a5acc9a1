/* argv, environment and profile into the options of one command. */
#include "cli/command.h"

#include "cli/nearest.h"
#include "cli/profile.h"
#include "lib/base/text.h"

#define PATH_WORDS_MAX 3

/* --- argv --- */

struct walk {
    int argc;
    char **argv;
    int at;
    struct cli *cli;
};

/* A flag as it was typed, and its row. */
struct typed {
    const struct flag *flag; /* NULL: the command has none of that name */
    size_t base;
    const char *shown;    /* "--output-dir" */
    const char *attached; /* what stands behind its "=", or NULL */
};

static int take_value(struct walk *walk, const struct typed *typed, struct err *err)
{
    const struct flag *flag = typed->flag;
    void *slot = (char *)walk->cli->options + typed->base + flag->offset;
    const char *value = typed->attached;

    if (flag->value == NULL && value != NULL)
        return err_set(err, ERR_USAGE, "%s takes no value", typed->shown);
    if (flag->value != NULL && value == NULL) {
        if (walk->at >= walk->argc)
            return err_set(err, ERR_USAGE, "%s needs a value: %s %s", typed->shown, typed->shown,
                           flag->value);
        value = walk->argv[walk->at++];
    }
    if (flag_store(flag, value, slot, err) < 0)
        return err_wrap(err, "%s", typed->shown);
    return 0;
}

static int unknown_flag(const struct walk *walk, const char *shown, struct err *err)
{
    const struct command *command = walk->cli->command;
    struct nearest nearest = nearest_of(shown);
    const struct flag *flag;
    size_t set = 0, at = 0, base;
    OWNED_BUF name = BUF_OF(256);

    while ((flag = command_flag(command, &set, &at, &base)) != NULL) {
        buf_reset(&name);
        buf_printf(&name, "--%s", flag->name);
        if (flag->type != FLAG_LATER)
            nearest_try(&nearest, buf_str(&name));
    }
    if (nearest.best[0] != '\0')
        return err_set(err, ERR_USAGE, "unknown flag '%.60s'; did you mean '%s'?", shown,
                       nearest.best);
    return err_set(err, ERR_USAGE, "unknown flag '%.60s'", shown);
}

/* Flags that only the program itself knows. */
static bool take_program_flag(struct walk *walk, const char *arg)
{
    struct cli *cli = walk->cli;

    if (strcmp(arg, "--version") == 0)
        cli->version = true;
    else if (strcmp(arg, "--markdown") == 0)
        cli->docs = true;
    else
        return false;
    return true;
}

static int take_long(struct walk *walk, const char *arg, struct err *err)
{
    const char *equals = strchr(arg, '=');
    OWNED(free_str) char *shown = mem_copy(arg, strcspn(arg, "="));
    struct typed typed = {.shown = shown, .attached = equals != NULL ? equals + 1 : NULL};

    typed.flag = flag_find(walk->cli->command, span_of_str(shown + strlen("--")), &typed.base);
    if (typed.flag == NULL && walk->cli->command == NULL && take_program_flag(walk, arg))
        return 0;
    if (typed.flag == NULL)
        return unknown_flag(walk, shown, err);
    return take_value(walk, &typed, err);
}

/* "-v", "-mb", "-o DIR", "-oDIR", "-o=DIR". */
static int take_letters(struct walk *walk, const char *arg, struct err *err)
{
    for (const char *letter = arg + 1; *letter != '\0'; letter++) {
        char shown[] = {'-', *letter, '\0'};
        struct typed typed = {.shown = shown};

        typed.flag = flag_find_letter(walk->cli->command, *letter, &typed.base);
        if (typed.flag == NULL)
            return unknown_flag(walk, shown, err);
        if (typed.flag->value != NULL && letter[1] != '\0')
            typed.attached = letter + (letter[1] == '=' ? 2 : 1);
        if (take_value(walk, &typed, err) < 0)
            return -1;
        if (typed.flag->value != NULL)
            return 0;
    }
    return 0;
}

static bool is_flag(const char *arg)
{
    return arg[0] == '-' && arg[1] != '\0';
}

static int take_flag(struct walk *walk, struct err *err)
{
    const char *arg = walk->argv[walk->at++];

    return arg[1] == '-' ? take_long(walk, arg, err) : take_letters(walk, arg, err);
}

/* --- which command --- */

/* True when words is a command or the beginning of some ("manifest"). */
static bool is_topic(const char *words)
{
    size_t length = strlen(words);
    const struct command *command = NULL;

    while ((command = command_next(command)) != NULL)
        if (text_starts_with(command->path, words) &&
            (command->path[length] == '\0' || command->path[length] == ' '))
            return true;
    return false;
}

static int unknown_command(const char *words, struct err *err)
{
    struct nearest nearest = nearest_of(words);
    const struct command *command = NULL;

    while ((command = command_next(command)) != NULL)
        nearest_try(&nearest, command->path);
    if (nearest.best[0] != '\0')
        return err_set(err, ERR_USAGE, "unknown command '%.60s'; did you mean '%s'?", words,
                       nearest.best);
    return err_set(err, ERR_USAGE, "unknown command '%.60s'; 'cocos-cli help' lists them", words);
}

/* Takes the words of argv that name a command, as many as do. */
static int take_command(struct walk *walk, struct err *err)
{
    struct cli *cli = walk->cli;

    for (int words = 0; words < PATH_WORDS_MAX && walk->at < walk->argc; words++) {
        const char *word = walk->argv[walk->at];
        OWNED(free_str) char *longer = NULL;

        if (is_flag(word))
            break;
        longer = cli->words == NULL ? mem_strdup(word) : mem_printf("%s %s", cli->words, word);
        if (!is_topic(longer)) {
            if (cli->words != NULL && command_find(cli->words) != NULL)
                break; /* an argument */
            return unknown_command(longer, err);
        }
        free(cli->words);
        cli->words = GIVE(longer);
        walk->at++;
    }

    cli->topic = cli->words;
    if (cli->words == NULL)
        return 0;
    cli->command = command_find(cli->words);
    return 0;
}

/* --- all of it --- */

static int check_args(const struct cli *cli, struct err *err)
{
    const struct command *command = cli->command;

    if (cli->arg_count < command->args_min)
        return err_set(err, ERR_USAGE, "'%s' needs %s", command->path, command->args);
    if (cli->arg_count > command->args_max && command->args_max == 0)
        return err_set(err, ERR_USAGE, "'%s' takes no arguments, got '%.60s'", command->path,
                       cli->args[0]);
    if (cli->arg_count > command->args_max)
        return err_set(err, ERR_USAGE, "'%s' takes %s, got '%.60s' too many", command->path,
                       command->args, cli->args[command->args_max]);
    return 0;
}

/* Others need no profile, and should not fail because one is broken. */
static bool has_settings(const struct command *command)
{
    const struct flag *flag;
    size_t set = 0, at = 0, base;

    while ((flag = command_flag(command, &set, &at, &base)) != NULL)
        if (flag->env != NULL)
            return true;
    return false;
}

/* Settings that the command line does not say come from the environment, then from the profile. */
static int take_settings(struct walk *walk, struct err *err)
{
    const struct flag *flag;
    size_t set = 0, at = 0, base;

    while ((flag = command_flag(walk->cli->command, &set, &at, &base)) != NULL) {
        void *slot = (char *)walk->cli->options + base + flag->offset;
        const char *from = flag->env;
        const char *value;

        if (flag->env == NULL || (flag->type != FLAG_LATER && *(const char **)slot != NULL))
            continue;
        value = getenv(flag->env);
        if (value == NULL || value[0] == '\0') {
            value = profile_get(walk->cli->profile, flag->name);
            from = "profile";
        }
        if (value != NULL && flag_store(flag, value, slot, err) < 0)
            return err_wrap(err, "%s (%s)", flag->name, from);
    }
    return 0;
}

static int take_rest(struct walk *walk, struct err *err)
{
    struct cli *cli = walk->cli;
    bool only_args = false;

    while (walk->at < walk->argc) {
        const char *arg = walk->argv[walk->at];

        if (!only_args && strcmp(arg, "--") == 0) {
            only_args = true;
            walk->at++;
        } else if (!only_args && is_flag(arg)) {
            if (take_flag(walk, err) < 0)
                return -1;
        } else {
            cli->args = mem_resize(cli->args, cli->arg_count + 1, sizeof(cli->args[0]));
            cli->args[cli->arg_count++] = arg;
            walk->at++;
        }
    }
    return 0;
}

int cli_parse(int argc, char **argv, struct cli *ret, struct err *err)
{
    struct walk walk = {.argc = argc, .argv = argv, .at = 1, .cli = ret};
    OWNED(free_str) char *before = NULL;

    ret->options = mem_new(struct common_options);
    while (walk.at < argc && is_flag(argv[walk.at]))
        if (take_flag(&walk, err) < 0)
            return -1;
    if (take_command(&walk, err) < 0)
        return -1;
    if (ret->command == NULL)
        return take_rest(&walk, err);

    before = (char *)ret->options;
    ret->options = mem_zeroed(1, ret->command->options_size);
    *ret->options = *(struct common_options *)before;
    if (take_rest(&walk, err) < 0)
        return -1;
    if (ret->options->help || ret->options->man)
        return 0;
    if (has_settings(ret->command) && profile_load(ret->options->profile, &ret->profile, err) < 0)
        return -1;
    return take_settings(&walk, err) < 0 || check_args(ret, err) < 0 ? -1 : 0;
}

void cli_done(struct cli *cli)
{
    const struct flag *flag;
    size_t set = 0, at = 0, base;

    while (cli->command != NULL && cli->options != NULL &&
           (flag = command_flag(cli->command, &set, &at, &base)) != NULL)
        if (flag->type == FLAG_LIST)
            free(((struct flag_list *)((char *)cli->options + base + flag->offset))->items);
    free(cli->options);
    free(cli->args);
    free(cli->words);
    profile_free(cli->profile);
    *cli = (struct cli){0};
}

const char *cli_arg(const struct cli *cli, size_t index)
{
    return index < cli->arg_count ? cli->args[index] : NULL;
}
