/* cocos-cli: reads the command line by the tables, runs one handler, and turns its error into a
 * sentence and an exit code. */
#include "cli/command.h"

#include "cli/describe.h"
#include "cli/interrupt.h"
#include "cli/print.h"

#include <signal.h>
#include <stdio.h>

/* What to do about an error, where one thing can be said for all of a kind. */
static const struct {
    enum err_kind kind;
    const char *text;
} hints[] = {
    {ERR_UNREACHABLE, "is it running, and is the address right? 'cocos-cli doctor' looks around"},
    {ERR_UNAUTHENTICATED,
     "the token or key is not known there; 'cocos-cli login' reads a new token"},
    {ERR_NO_SPACE, "free some space and try again; nothing half done was left"},
};

/* usage: the command whose usage line helps; NULL: none does. */
static void show_error(const struct command *usage_of, const struct err *err)
{
    OWNED_BUF usage = BUF_OF(4 * KIB);

    say_error("%s%s%s", err->text, err->pointer[0] ? ", at " : "", err->pointer);
    if (err->kind == ERR_USAGE && usage_of != NULL) {
        describe_usage(&usage, usage_of);
        say("usage: %s", buf_str(&usage));
    }
    for (size_t i = 0; i < COUNT_OF(hints); i++)
        if (hints[i].kind == err->kind)
            say("hint: %s", hints[i].text);
}

static int describe(const struct cli *cli, struct err *err)
{
    OWNED_BUF text = BUF_OF(DESCRIBE_MAX);

    if (cli->docs)
        describe_markdown(&text);
    else if (cli->options->man)
        describe_man(&text, cli->command);
    else
        describe_help(&text, cli->command, cli->topic);
    print_span(buf_span(&text));
    return print_finish(err);
}

/* A word that only has commands below it, or nothing at all. */
static int show_topic(const struct cli *cli)
{
    OWNED_BUF text = BUF_OF(DESCRIBE_MAX);

    describe_help(&text, NULL, cli->topic);
    fputs(buf_str(&text), stderr);
    return err_row(ERR_USAGE)->exit_code;
}

static int run(const struct cli *cli, struct err *err)
{
    if (cli->version) {
        print_line("cocos-cli %s", COCOS_VERSION);
        return print_finish(err);
    }
    if (cli->options->help || cli->options->man || cli->docs)
        return describe(cli, err);
    say_set_verbose(cli->options->verbose);
    if (cli->command->run(cli, cli->options, err) < 0)
        return -1;
    return print_finish(err);
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    struct err err = {0};
    int code = 0;

    interrupt_begin();
    if (cli_parse(argc, argv, &cli, &err) < 0) {
        show_error(cli.command, &err);
        code = err_row(err.kind)->exit_code;
    } else if (cli.command == NULL && !cli.version && !cli.docs && !cli.options->help &&
               !cli.options->man) {
        code = show_topic(&cli);
    } else if (run(&cli, &err) < 0) {
        if (interrupt_came(NULL))
            err.kind = ERR_INTERRUPTED;
        show_error(NULL, &err);
        code = err_row(err.kind)->exit_code;
    }
    cli_done(&cli);
    return code;
}
