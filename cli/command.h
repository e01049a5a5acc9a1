/* What a command is: one row that the parser, --help, the man pages, the completions and
 * docs/cli.md are all made from. The rows stand beside their handlers in cmd_<noun>.c; tree.c puts
 * them in order.
 *
 * A command's options are a struct that starts with struct common_options; its flags are tables of
 * rows that say where in the struct a value goes. A flag with an environment variable is a setting:
 * it may also come from the environment, or from a line of the profile, in this order. */
#ifndef COCOS_CLI_COMMAND_H
#define COCOS_CLI_COMMAND_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#include <stddef.h>

enum flag_type {
    FLAG_BOOL,     /* bool */
    FLAG_TEXT,     /* const char *, borrowed; NULL when not given */
    FLAG_LIST,     /* struct flag_list; the flag may be repeated */
    FLAG_U64,      /* uint64_t, 0 when not given */
    FLAG_DURATION, /* uint64_t milliseconds, 0 when not given */
    FLAG_CHOICE,   /* const char *, one of choices */
    FLAG_LATER,    /* belongs to the contract, but nothing serves it yet */
};

struct flag {
    const char *name; /* "output-dir"; NULL ends a table */
    char letter;      /* 'o', or 0 */
    enum flag_type type;
    const char *value; /* what help calls the value; NULL: takes none */
    const char *env;   /* NULL: no setting */
    size_t offset;
    const char *help;           /* lower case, no full stop */
    const char *const *choices; /* NULL-terminated */
    uint64_t min, max;          /* of a number or a duration */
};

struct flag_list {
    const char **items; /* borrowed texts in an owned array */
    size_t count;
};

/* A table of flags, and where in the options struct its offsets begin. */
struct flag_set {
    const struct flag *flags;
    size_t base;
};
#define FLAG_SETS_MAX 6

struct common_options {
    bool json;
    bool verbose;
    bool help;
    bool man;
    const char *profile;
};

extern const struct flag common_flags[];

struct cli;

struct command {
    const char *path; /* "manifest create"; NULL ends a table */
    const char *args; /* "FILE [KEY]" */
    unsigned args_min;
    unsigned args_max;
    size_t options_size;
    struct flag_set flags[FLAG_SETS_MAX]; /* besides the common ones */
    int (*run)(const struct cli *cli, const void *options, struct err *err);
    const char *summary; /* one line, a sentence without its stop */
    const char *help;    /* paragraphs; NULL: the summary says it all */
    const char *example; /* lines of shell; may be NULL */
};

struct command_group {
    const char *title;
    const struct command *commands;
};

extern const struct command_group command_groups[]; /* title NULL ends */

/* The next command after one (NULL: the first), through all groups in order; NULL at the end. */
const struct command *command_next(const struct command *after);
const struct command *command_find(const char *path);

/* One parsed command line. */
struct profile;
struct cli {
    const struct command *command; /* NULL when only help was asked for */
    const char *topic;             /* the words before it, for help about "manifest" */
    struct common_options *options;
    const char **args;
    size_t arg_count;
    struct profile *profile;
    bool version; /* --version */
    bool docs;    /* --markdown, the source of docs/cli.md */
    char *words;  /* owner of topic */
};

/* Reads argv. Errors: USAGE, with what would be right; UNSUPPORTED for what comes later. On failure
 * command may be set, so that its usage can be shown. */
MUST_USE int cli_parse(int argc, char **argv, struct cli *ret, struct err *err);
void cli_done(struct cli *cli);

/* The argument at index, or NULL. */
const char *cli_arg(const struct cli *cli, size_t index);

/* Walks all flags of a command (NULL: only the common ones), its own first. *set and *at start as
 * 0; NULL at the end. */
const struct flag *command_flag(const struct command *command, size_t *set, size_t *at,
                                size_t *ret_base);

/* The flag of that name, or letter; NULL when the command has none. */
const struct flag *flag_find(const struct command *command, struct span name, size_t *ret_base);
const struct flag *flag_find_letter(const struct command *command, char letter, size_t *ret_base);

/* Reads a value and puts it at its place in the options. Errors: USAGE, UNSUPPORTED (FLAG_LATER).
 */
MUST_USE int flag_store(const struct flag *flag, const char *value, void *at, struct err *err);

#endif
