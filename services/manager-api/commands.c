#include "services/manager-api/commands.h"

#include "services/manager-api/tokens.h"

#include <stdio.h>

void command_take(int *argc, char **argv, struct command *ret)
{
    int kept = 1;

    *ret = (struct command){.count = 0};
    if (*argc < 2 || strcmp(argv[1], "token") != 0)
        return;
    for (int i = 1; i < *argc; i++) {
        bool word = argv[i][0] != '-' && i == ret->count + 1;

        if (word && ret->count < (int)COUNT_OF(ret->words))
            ret->words[ret->count++] = argv[i];
        else
            argv[kept++] = argv[i];
    }
    *argc = kept;
    argv[kept] = NULL;
}

static int add(const struct command *command, const char *state_dir, struct err *err)
{
    const char *name = command->words[2];
    const char *owner = command->count == 5 ? command->words[4] : name;
    OWNED_BUF token = {.max = 256, .secret = true};

    if (tokens_add(state_dir, name, command->words[3], owner, &token, err) < 0)
        return -1;
    printf("%s\n", buf_str(&token));
    return 0;
}

static int list(const struct command *command, const char *state_dir, struct err *err)
{
    OWNED_BUF text = BUF_OF(1 * MIB);

    (void)command;
    if (tokens_list(state_dir, &text, err) < 0)
        return -1;
    printf("%s", buf_str(&text));
    return 0;
}

static int drop(const struct command *command, const char *state_dir, struct err *err)
{
    return tokens_remove(state_dir, command->words[2], err);
}

static const struct {
    const char *verb;
    int least, most; /* words, with "token" and the verb */
    int (*run)(const struct command *command, const char *state_dir, struct err *err);
} verbs[] = {{"add", 4, 5, add}, {"list", 2, 2, list}, {"remove", 3, 3, drop}};

int command_run(const struct command *command, const char *state_dir, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (command->count >= verbs[i].least && command->count <= verbs[i].most &&
            strcmp(command->words[1], verbs[i].verb) == 0)
            return verbs[i].run(command, state_dir, err);
    return err_set(err, ERR_USAGE,
                   "expected: token add NAME viewer|operator|admin [OWNER], token list, or token "
                   "remove NAME");
}
