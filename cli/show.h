/* evidence show: what the bytes say, judged by nobody. */
#ifndef COCOS_CLI_SHOW_H
#define COCOS_CLI_SHOW_H

#include "cli/command.h"

struct show_options {
    struct common_options common;
    const char *format;
};
extern const struct flag show_flags[];

/* Prints the claims of the file that is the first argument. Errors: USAGE (it cannot be opened),
 * UNTRUSTED (malformed, or of no known format; what could be read was printed). */
MUST_USE int show_run(const struct cli *cli, const void *options, struct err *err);

#endif
