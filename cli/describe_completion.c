/* Completion scripts. Words and flags are printed into them, so that pressing TAB starts no
 * program. */
#include "cli/describe.h"

const char *const completion_shells[] = {"bash", "zsh", "fish", NULL};

/* --- bash --- */

static void add_choices(struct buf *out, const struct flag *flag)
{
    for (const char *const *choice = flag->choices; *choice != NULL; choice++)
        buf_printf(out, "%s%s", choice == flag->choices ? "" : " ", *choice);
}

/* The flags of a command as words. */
static void add_flag_words(struct buf *out, const struct command *command)
{
    const struct flag *flag;
    size_t set = 0, at = 0, base;
    bool first = true;

    while ((flag = command_flag(command, &set, &at, &base)) != NULL) {
        if (flag->type == FLAG_LATER)
            continue;
        buf_printf(out, "%s--%s", first ? "" : " ", flag->name);
        first = false;
    }
}

static void bash_command(struct buf *out, const struct command *command)
{
    const struct flag *flag;
    size_t set = 0, at = 0, base;

    buf_printf(out, "    '%s')\n        flags='", command->path);
    add_flag_words(out, command);
    buf_add_str(out, "'\n        case $previous in\n");
    while ((flag = command_flag(command, &set, &at, &base)) != NULL) {
        if (flag->type != FLAG_CHOICE)
            continue;
        buf_printf(out, "        --%s) values='", flag->name);
        add_choices(out, flag);
        buf_add_str(out, "' ;;\n");
    }
    buf_add_str(out, "        esac ;;\n");
}

static void add_paths(struct buf *out, const char *separator)
{
    const struct command *command = NULL;
    bool first = true;

    while ((command = command_next(command)) != NULL) {
        buf_printf(out, "%s%s", first ? "" : separator, command->path);
        first = false;
    }
}

static void write_bash(struct buf *out)
{
    const struct command *command = NULL;

    buf_add_str(out,
                "# bash completion of cocos-cli, printed by 'cocos-cli completion bash'\n"
                "_cocos_cli() {\n"
                "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
                "    local command= flags= values= word path next\n"
                "    local paths=('");
    add_paths(out, "' '");
    buf_add_str(out, "')\n"
                     "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                     "        next=${command:+$command }$word\n"
                     "        for path in \"${paths[@]}\"; do\n"
                     "            if [[ $path == \"$next\" || $path == \"$next \"* ]]; then\n"
                     "                command=$next\n"
                     "                continue 2\n"
                     "            fi\n"
                     "        done\n"
                     "    done\n"
                     "    COMPREPLY=()\n"
                     "    case $command in\n");
    while ((command = command_next(command)) != NULL)
        bash_command(out, command);
    buf_add_str(out, "    *)\n"
                     "        for path in \"${paths[@]}\"; do\n"
                     "            [[ $path == \"${command:+$command }\"* ]] || continue\n"
                     "            path=${path#\"${command:+$command }\"}\n"
                     "            values+=\" ${path%% *}\"\n"
                     "        done ;;\n"
                     "    esac\n"
                     "    if [[ -n $values ]]; then\n"
                     "        mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$current\")\n"
                     "    elif [[ $current == -* ]]; then\n"
                     "        mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$current\")\n"
                     "    else\n"
                     "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                     "    fi\n"
                     "}\n"
                     "complete -o filenames -F _cocos_cli cocos-cli\n");
}

/* --- zsh --- */

/* Text between single quotes of a zsh specification. */
static void add_zsh(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_add_str(out, "'\\''");
        else if (strchr("[]:\\", *text) != NULL)
            buf_printf(out, "\\%c", *text);
        else
            buf_add_u8(out, (uint8_t)*text);
    }
}

static void zsh_flag(struct buf *out, const struct flag *flag)
{
    buf_printf(out, " \\\n            '%s--%s[", flag->type == FLAG_LIST ? "*" : "", flag->name);
    add_zsh(out, flag->help);
    buf_add_u8(out, ']');
    if (flag->type == FLAG_CHOICE) {
        buf_printf(out, ":%s:(", flag->value);
        add_choices(out, flag);
        buf_add_u8(out, ')');
    } else if (flag->value != NULL) {
        buf_add_u8(out, ':');
        add_zsh(out, flag->value);
        buf_add_str(out, ":_files");
    }
    buf_add_u8(out, '\'');
}

static void zsh_command(struct buf *out, const struct command *command)
{
    const struct flag *flag;
    size_t set = 0, at = 0, base;

    buf_printf(out, "    '%s')\n        _arguments", command->path);
    while ((flag = command_flag(command, &set, &at, &base)) != NULL)
        if (flag->type != FLAG_LATER)
            zsh_flag(out, flag);
    buf_add_str(out, " \\\n            '*:file:_files' ;;\n");
}

static void write_zsh(struct buf *out)
{
    const struct command *command = NULL;

    buf_add_str(out, "#compdef cocos-cli\n"
                     "# zsh completion of cocos-cli, printed by 'cocos-cli completion zsh'\n"
                     "_cocos_cli() {\n"
                     "    local -a paths following\n"
                     "    local command= next word path\n"
                     "    integer used=0\n"
                     "    paths=('");
    add_paths(out, "' '");
    buf_add_str(out, "')\n"
                     "    for word in ${words[2,CURRENT-1]}; do\n"
                     "        next=${command:+$command }$word\n"
                     "        [[ -n ${paths[(r)$next]} || -n ${paths[(r)$next *]} ]] || break\n"
                     "        command=$next\n"
                     "        (( used++ ))\n"
                     "    done\n"
                     "    case $command in\n");
    while ((command = command_next(command)) != NULL)
        zsh_command(out, command);
    buf_add_str(out, "    *)\n"
                     "        for path in $paths; do\n"
                     "            [[ $path == ${command:+$command }* ]] || continue\n"
                     "            path=${path#${command:+$command }}\n"
                     "            following+=(${path%% *})\n"
                     "        done\n"
                     "        compadd -- ${(u)following} ;;\n"
                     "    esac\n"
                     "}\n"
                     "compdef _cocos_cli cocos-cli\n");
}

/* --- fish --- */

static void add_fish(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            buf_add_u8(out, '\\');
        buf_add_u8(out, (uint8_t)*text);
    }
}

static void fish_flags(struct buf *out, const struct command *command)
{
    const struct flag *flag;
    size_t set = 0, at = 0, base;

    while ((flag = command_flag(command, &set, &at, &base)) != NULL) {
        if (flag->type == FLAG_LATER)
            continue;
        buf_printf(out, "complete -c cocos-cli -n '__cocos_cli_is \"%s\"' -l %s", command->path,
                   flag->name);
        if (flag->letter != 0)
            buf_printf(out, " -s %c", flag->letter);
        if (flag->type == FLAG_CHOICE) {
            buf_add_str(out, " -x -a '");
            add_choices(out, flag);
            buf_add_u8(out, '\'');
        } else if (flag->value != NULL) {
            buf_add_str(out, " -r");
        }
        buf_add_str(out, " -d '");
        add_fish(out, flag->help);
        buf_add_str(out, "'\n");
    }
}

static void write_fish(struct buf *out)
{
    const struct command *command = NULL;

    buf_add_str(out, "# fish completion of cocos-cli, printed by 'cocos-cli completion fish'\n"
                     "function __cocos_cli_is\n"
                     "    set -l words (string match -v -- '-*' (commandline -opc))\n"
                     "    string match -q -- \"$argv[1] *\" \"$words[2..-1] \"\n"
                     "end\n"
                     "function __cocos_cli_at\n"
                     "    set -l words (string match -v -- '-*' (commandline -opc))\n"
                     "    test \"$words[2..-1]\" = \"$argv[1]\"\n"
                     "end\n");
    while ((command = command_next(command)) != NULL) {
        const char *space = strchr(command->path, ' ');

        if (space != NULL)
            buf_printf(out, "complete -c cocos-cli -n '__cocos_cli_at \"\"' -f -a %.*s\n",
                       (int)(space - command->path), command->path);
        buf_printf(out, "complete -c cocos-cli -n '__cocos_cli_at \"%.*s\"' -f -a %s -d '",
                   space != NULL ? (int)(space - command->path) : 0, command->path,
                   space != NULL ? space + 1 : command->path);
        add_fish(out, command->summary);
        buf_add_str(out, "'\n");
        fish_flags(out, command);
    }
}

/* --- all --- */

int describe_completion(struct buf *out, const char *shell, struct err *err)
{
    static void (*const writers[])(struct buf * out) = {write_bash, write_zsh, write_fish};

    for (size_t i = 0; completion_shells[i] != NULL; i++)
        if (strcmp(completion_shells[i], shell) == 0) {
            writers[i](out);
            return 0;
        }
    if (strcmp(shell, "powershell") == 0)
        return err_set(err, ERR_UNSUPPORTED, "completion for powershell is not available yet");
    return err_set(err, ERR_USAGE, "expected bash, zsh or fish, got '%.40s'", shell);
}
