/* What the program does besides serving: cocos-manager token add|list|remove. */
#ifndef COCOS_MANAGER_COMMANDS_H
#define COCOS_MANAGER_COMMANDS_H

#include "lib/base/err.h"

/* The words of a command, taken out of the arguments; the settings stay. */
struct command {
    const char *words[6];
    int count;
};

/* Takes the words before the first flag out of argv when the first one names a command. */
void command_take(int *argc, char **argv, struct command *ret);

/* Runs it; what it has to say goes to standard output. Errors: USAGE and those of tokens.h. */
MUST_USE int command_run(const struct command *command, const char *state_dir, struct err *err);

#endif
