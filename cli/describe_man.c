/* Man pages in man(7) macros, and the same content as Markdown. */
#include "cli/describe.h"

#include "lib/base/text.h"

/* Text for roff: a backslash or a leading dot or quote would be a command. */
static void add_roff(struct buf *out, const char *text)
{
    bool line_start = true;

    for (; *text != '\0'; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            buf_add_str(out, "\\&");
        if (*text == '\\')
            buf_add_str(out, "\\e");
        else if (*text == '-')
            buf_add_str(out, "\\-");
        else
            buf_add_u8(out, (uint8_t)*text);
        line_start = *text == '\n';
    }
}

static void add_paragraph(struct buf *out, const char *macro, const char *text)
{
    buf_printf(out, "%s\n", macro);
    add_roff(out, text);
    buf_add_u8(out, '\n');
}

static void add_sentence(struct buf *out, const char *text)
{
    add_roff(out, text);
    buf_add_str(out, text_ends_with(text, ".") ? "\n" : ".\n");
}

static void add_header(struct buf *out, const struct command *command)
{
    OWNED(free_str)
    char *name =
        command != NULL ? mem_printf("cocos-cli-%s", command->path) : mem_strdup("cocos-cli");

    for (char *p = name; *p != '\0'; p++)
        if (*p == ' ')
            *p = '-';
    buf_add_str(out, ".TH ");
    for (const char *p = name; *p != '\0'; p++)
        buf_add_u8(out, (uint8_t)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p));
    buf_printf(out, " 1 \"\" \"CocosAI %s\" \"User Commands\"\n.SH NAME\n", COCOS_VERSION);
    add_roff(out, name);
    buf_add_str(out, " \\- ");
    add_roff(out, command != NULL ? command->summary : "client of CocosAI");
    buf_add_u8(out, '\n');
}

static void add_synopsis(struct buf *out, const struct command *command)
{
    buf_add_str(out, ".B cocos\\-cli ");
    add_roff(out, command->path);
    buf_printf(out, "\n.RI [ FLAGS ]%s\n", command->args[0] ? " " : "");
    if (command->args[0] != '\0') {
        buf_add_str(out, ".I ");
        add_roff(out, command->args);
        buf_add_u8(out, '\n');
    }
}

static void add_flag(struct buf *out, const struct flag *flag)
{
    OWNED_BUF meaning = BUF_OF(4 * KIB);

    buf_add_str(out, ".TP\n.B ");
    if (flag->letter != 0)
        buf_printf(out, "\\-%c\\fR,\\fB ", flag->letter);
    buf_add_str(out, "\\-\\-");
    add_roff(out, flag->name);
    if (flag->value != NULL)
        buf_printf(out, " \\fI%s", flag->value);
    buf_add_u8(out, '\n');
    describe_meaning(&meaning, flag);
    add_roff(out, buf_str(&meaning));
    if (flag->env != NULL)
        buf_printf(out, "\n.RB ( %s )", flag->env);
    buf_add_u8(out, '\n');
}

static void add_flags(struct buf *out, const struct command *command)
{
    const struct flag *flag;
    size_t set = 0, at = 0, base;

    while ((flag = command_flag(command, &set, &at, &base)) != NULL)
        if (flag->type != FLAG_LATER)
            add_flag(out, flag);
}

static void add_described(struct buf *out, const char *title, const struct described *rows)
{
    buf_printf(out, ".SH %s\n", title);
    for (; rows->name != NULL; rows++) {
        buf_add_str(out, ".TP\n.B ");
        add_roff(out, rows->name);
        buf_add_u8(out, '\n');
        add_roff(out, rows->meaning);
        buf_add_u8(out, '\n');
    }
}

static void add_example(struct buf *out, const char *example)
{
    if (example == NULL)
        return;
    buf_add_str(out, ".SH EXAMPLES\n.RS 4\n.nf\n");
    add_roff(out, example);
    buf_add_str(out, "\n.fi\n.RE\n");
}

static void man_command(struct buf *out, const struct command *command)
{
    buf_add_str(out, ".SH SYNOPSIS\n");
    add_synopsis(out, command);
    buf_add_str(out, ".SH DESCRIPTION\n");
    add_sentence(out, command->summary);
    if (command->help != NULL)
        add_paragraph(out, ".PP", command->help);
    buf_add_str(out, ".SH OPTIONS\n");
    add_flags(out, command);
    add_example(out, command->example);
}

static void man_all(struct buf *out)
{
    buf_add_str(out, ".SH SYNOPSIS\n.B cocos\\-cli\n.I COMMAND\n.RI [ ARGUMENTS ] \" \" [ FLAGS ]\n"
                     ".SH DESCRIPTION\n");
    add_roff(out, described_essay);
    buf_add_u8(out, '\n');
    add_paragraph(out, ".PP", described_caution);
    for (const struct command_group *group = command_groups; group->title != NULL; group++) {
        buf_add_str(out, ".SH ");
        for (const char *p = group->title; *p != '\0'; p++)
            buf_add_u8(out, (uint8_t)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p));
        buf_add_u8(out, '\n');
        for (const struct command *command = group->commands; command->path; command++) {
            buf_add_str(out, ".TP\n.BI \"");
            add_roff(out, command->path);
            buf_add_str(out, command->args[0] ? " \" \"" : "");
            add_roff(out, command->args);
            buf_add_str(out, "\"\n");
            add_sentence(out, command->summary);
        }
    }
    buf_add_str(out, ".SH OPTIONS\nThese go with every command.\n");
    add_flags(out, NULL);
    add_example(out, described_tour);
}

void describe_man(struct buf *out, const struct command *command)
{
    add_header(out, command);
    if (command != NULL)
        man_command(out, command);
    else
        man_all(out);
    add_described(out, "EXIT STATUS", described_exit_codes);
    add_described(out, "ENVIRONMENT", described_environment);
    add_described(out, "FILES", described_files);
    buf_add_str(out, ".SH SEE ALSO\n");
    if (command != NULL)
        buf_add_str(out, ".BR cocos\\-cli (1),\n");
    buf_add_str(out, ".BR cocos\\-manager (8),\n.BR cocos\\-agent (8)\n");
}

/* --- Markdown --- */

static void markdown_rows(struct buf *out, const char *title, const struct described *rows)
{
    buf_printf(out, "\n## %s\n\n| | |\n|---|---|\n", title);
    for (; rows->name != NULL; rows++)
        buf_printf(out, "| `%s` | %s |\n", rows->name, rows->meaning);
}

static void markdown_flags(struct buf *out, const struct command *command)
{
    const struct flag *flag;
    size_t set = 0, at = 0, base;
    bool any = false;

    while ((flag = command_flag(command, &set, &at, &base)) != NULL) {
        OWNED_BUF name = BUF_OF(256), meaning = BUF_OF(4 * KIB);

        if (flag->type == FLAG_LATER || set >= FLAG_SETS_MAX || flag->env != NULL)
            continue;
        if (!any)
            buf_add_str(out, "\n| flag | |\n|---|---|\n");
        any = true;
        describe_flag(&name, flag);
        describe_meaning(&meaning, flag);
        buf_printf(out, "| `%s` | %s |\n", buf_str(&name), buf_str(&meaning));
    }
}

static void markdown_command(struct buf *out, const struct command *command)
{
    buf_printf(out, "\n### `cocos-cli %s%s%s`\n\n%s.\n", command->path, command->args[0] ? " " : "",
               command->args, command->summary);
    if (command->help != NULL) {
        buf_add_u8(out, '\n');
        describe_wrap(out, command->help, 100, 0);
    }
    markdown_flags(out, command);
    if (command->example != NULL)
        buf_printf(out, "\n```sh\n%s\n```\n", command->example);
}

void describe_markdown(struct buf *out)
{
    buf_add_str(out, "<!-- Printed by `cocos-cli --markdown` from the tables of the program; "
                     "change them, not this. -->\n\n# cocos-cli\n\n");
    describe_wrap(out, described_essay, 100, 0);
    buf_add_str(out, "\nEvery command also knows the flags `--json`, `--profile NAME`, `-v`, "
                     "`--help` and `--man`,\nand those settings of the table below that concern "
                     "it, as flags like `--manager-url`.\n");
    buf_printf(out, "\n```sh\n%s\n```\n", described_tour);
    buf_add_u8(out, '\n');
    describe_wrap(out, described_caution, 100, 0);
    for (const struct command_group *group = command_groups; group->title != NULL; group++) {
        buf_printf(out, "\n## %s\n", group->title);
        for (const struct command *command = group->commands; command->path; command++)
            markdown_command(out, command);
    }
    markdown_rows(out, "Environment", described_environment);
    markdown_rows(out, "Files", described_files);
    markdown_rows(out, "Exit codes", described_exit_codes);
}
