/* The command tree as text, in every form in which it is read: help, man pages, completion scripts
 * and docs/cli.md. All of them come from the same rows. */
#ifndef COCOS_CLI_DESCRIBE_H
#define COCOS_CLI_DESCRIBE_H

#include "cli/command.h"

/* --help: of one command, of the commands below a word ("manifest"), or of all (topic NULL). */
void describe_help(struct buf *out, const struct command *command, const char *topic);
/* The line after a usage error. */
void describe_usage(struct buf *out, const struct command *command);

/* A man page: of one command, or cocos-cli(1) with all of them. */
void describe_man(struct buf *out, const struct command *command);

/* docs/cli.md */
void describe_markdown(struct buf *out);

/* A completion script. Errors: UNSUPPORTED (powershell). */
MUST_USE int describe_completion(struct buf *out, const char *shell, struct err *err);
extern const char *const completion_shells[];

/* --- shared by those who write --- */

#define DESCRIBE_MAX (1 * MIB)

/* "-o, --output-dir DIR" */
/* What a flag means. Where the words of a flag with choices end with a colon, these follow. */
void describe_meaning(struct buf *out, const struct flag *flag);

void describe_flag(struct buf *out, const struct flag *flag);

/* Wraps text at columns, each line after the first indented. */
void describe_wrap(struct buf *out, const char *text, size_t columns, size_t indent);

/* Environment and exit codes, as rows {name, meaning}; name NULL ends. */
struct described {
    const char *name;
    const char *meaning;
};
extern const struct described described_environment[];
extern const struct described described_exit_codes[];
extern const struct described described_files[];
extern const char described_essay[];
extern const char described_caution[];
extern const char described_tour[]; /* shell: a computation from keys to result */

#endif
