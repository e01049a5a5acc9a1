/* login, doctor, completion, help, version: what concerns this machine only. */
#include "cli/commands.h"

#include "cli/describe.h"
#include "cli/doctor.h"
#include "cli/input.h"
#include "cli/print.h"
#include "cli/profile.h"
#include "cli/session.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <libgen.h>
#include <unistd.h>

#define TOKEN_MAX     4096
#define CA_MAX        (1 * MIB)
#define PATH_TEXT_MAX 4096
#define DEFAULT_URL   "https://127.0.0.1:7443"
#define DEFAULT_STATE "/var/lib/cocos/manager"

const struct flag common_flags[] = {
    {"json", 0, FLAG_BOOL, NULL, NULL, offsetof(struct common_options, json),
     "print the result as JSON"},
    {"profile", 0, FLAG_TEXT, "NAME", NULL, offsetof(struct common_options, profile),
     "settings to use, from ~/.config/cocos/NAME.conf (COCOS_PROFILE; default: default)"},
    {"verbose", 'v', FLAG_BOOL, NULL, NULL, offsetof(struct common_options, verbose),
     "say which requests are made, and what is signed in them"},
    {"help", 'h', FLAG_BOOL, NULL, NULL, offsetof(struct common_options, help), "this text"},
    {"man", 0, FLAG_BOOL, NULL, NULL, offsetof(struct common_options, man),
     "the same as a man page, for 'man -l -'"},
    {NULL},
};

/* --- login --- */

struct login_options {
    struct common_options common;
    const char *url;
    const char *token_file;
    const char *ca;
};

static const struct flag login_flags[] = {
    {"url", 0, FLAG_TEXT, "URL", NULL, offsetof(struct login_options, url),
     "address of the manager (default " DEFAULT_URL ")"},
    {"token-file", 0, FLAG_TEXT, "FILE", NULL, offsetof(struct login_options, token_file),
     "file with the token (default: admin.token in the directory)"},
    {"ca", 0, FLAG_TEXT, "FILE", NULL, offsetof(struct login_options, ca),
     "file with the CA certificate (default: ca.pem in the directory)"},
    {NULL},
};

/* Where the manager keeps its state, by the manager's own rule. */
static char *state_directory(const struct cli *cli)
{
    const char *env = getenv("COCOS_MANAGER_STATE_DIR");
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    if (cli_arg(cli, 0) != NULL)
        return mem_strdup(cli_arg(cli, 0));
    if (env != NULL && env[0] != '\0')
        return mem_strdup(env);
    if (geteuid() != 0 && state != NULL && state[0] == '/')
        return mem_printf("%s/cocos/manager", state);
    if (geteuid() != 0 && home != NULL)
        return mem_printf("%s/.local/state/cocos/manager", home);
    return mem_strdup(DEFAULT_STATE);
}

/* The first line of the token's file. */
static int read_token(const char *path, char **ret, struct err *err)
{
    OWNED_BUF text = BUF_OF(TOKEN_MAX);
    struct span bytes;
    size_t length;

    text.secret = true;
    if (input_read(path, &text, err) < 0)
        return err_wrap(err, "token");
    length = strcspn(buf_str(&text), " \t\r\n");
    bytes = span_part(buf_span(&text), 0, length);
    if (length == 0 || !text_is_utf8(bytes))
        return err_set(err, ERR_INPUT, "'%s' holds no token", path);
    *ret = mem_copy(bytes.data, bytes.len);
    return 0;
}

/* Asks the manager whether it knows us. One that does not run yet is no reason to refuse. */
static int try_out(const struct manager_options *options, bool *ret_answered, struct err *err)
{
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_get_host]};
    OWNED_HTTPC *manager = NULL;
    OWNED_HTTPC_REPLY reply = {0};

    if (session_open_manager(options, &manager, err) < 0)
        return -1;
    *ret_answered = true;
    if (httpc_perform(manager, &call, &reply, err) == 0)
        return 0;
    if (err->kind != ERR_UNREACHABLE && err->kind != ERR_TIMEOUT)
        return -1;
    say_warning("%s; the profile is written all the same", err->text);
    *ret_answered = false;
    return 0;
}

/* What goes into the profile. */
struct login {
    const char *name;
    struct manager_options manager;
    char *ca_path;
    char *token_path;
    char *token;
    struct buf ca;
    struct buf path; /* of the profile */
};

static void login_done(struct login *login)
{
    if (login->token != NULL)
        mem_wipe(login->token, strlen(login->token));
    free(login->ca_path);
    free(login->token_path);
    free(login->token);
    buf_done(&login->ca);
    buf_done(&login->path);
}

static int read_login(const struct cli *cli, const struct login_options *options,
                      struct login *login, struct err *err)
{
    OWNED(free_str) char *directory = state_directory(cli);
    const char *from_env = getenv("COCOS_PROFILE");

    login->name = cli->options->profile                     ? cli->options->profile
                  : from_env != NULL && from_env[0] != '\0' ? from_env
                                                            : PROFILE_DEFAULT;
    login->ca_path = options->ca ? mem_strdup(options->ca) : mem_printf("%s/ca.pem", directory);
    login->token_path = options->token_file ? mem_strdup(options->token_file)
                                            : mem_printf("%s/admin.token", directory);
    if (profile_path(login->name, ".conf", &login->path, err) < 0 ||
        input_read(login->ca_path, &login->ca, err) < 0 ||
        read_token(login->token_path, &login->token, err) < 0)
        return -1;
    login->manager = (struct manager_options){
        .url = options->url ? options->url : DEFAULT_URL,
        .token = login->token,
        .ca = login->ca_path,
    };
    return 0;
}

static int write_profile(const struct login *login, struct err *err)
{
    const char *path = buf_str(&login->path);
    OWNED(free_str) char *directory = mem_strdup(path);
    OWNED_BUF ca_path = BUF_OF(PATH_TEXT_MAX);
    OWNED_BUF text = BUF_OF(64 * KIB);

    text.secret = true;
    if (profile_path(login->name, ".ca.pem", &ca_path, err) < 0)
        return -1;
    buf_printf(&text, "# written by 'cocos-cli login'\nmanager_url = %s\nmanager_ca = %s\n",
               login->manager.url, buf_str(&ca_path));
    buf_printf(&text, "manager_token = %s\n", login->token);
    if (file_make_dirs(dirname(directory), 0700, err) < 0 ||
        file_replace(buf_str(&ca_path), buf_span(&login->ca), 0644, err) < 0 ||
        file_replace(path, buf_span(&text), 0600, err) < 0)
        return -1;
    return 0;
}

static int run_login(const struct cli *cli, const void *options, struct err *err)
{
    __attribute__((cleanup(login_done))) struct login login = {.ca = BUF_OF(CA_MAX),
                                                               .path = BUF_OF(PATH_TEXT_MAX)};
    OWNED_JSON *result = json_new_object();
    bool answered = false;

    if (read_login(cli, options, &login, err) < 0 || try_out(&login.manager, &answered, err) < 0 ||
        write_profile(&login, err) < 0)
        return -1;

    json_set_str(result, "profile", login.name);
    json_set_str(result, "path", buf_str(&login.path));
    json_set_str(result, "manager_url", login.manager.url);
    json_set_bool(result, "answered", answered);
    if (cli->options->json)
        print_json(result);
    else
        print_line("%s", buf_str(&login.path));
    return 0;
}

/* --- completion, help, version --- */

static int run_completion(const struct cli *cli, const void *options, struct err *err)
{
    OWNED_BUF text = BUF_OF(DESCRIBE_MAX);

    (void)options;
    if (describe_completion(&text, cli_arg(cli, 0), err) < 0)
        return -1;
    print_span(buf_span(&text));
    return 0;
}

static int run_help(const struct cli *cli, const void *options, struct err *err)
{
    OWNED_BUF words = BUF_OF(256);
    OWNED_BUF text = BUF_OF(DESCRIBE_MAX);
    const struct command *command = NULL;
    bool known = cli->arg_count == 0;

    (void)options;
    for (size_t i = 0; i < cli->arg_count; i++)
        buf_printf(&words, "%s%s", i > 0 ? " " : "", cli->args[i]);
    while (!known && (command = command_next(command)) != NULL)
        known = text_starts_with(command->path, buf_str(&words));
    if (!known)
        return err_set(err, ERR_USAGE, "there is no command '%.60s'", buf_str(&words));
    describe_help(&text, command_find(buf_str(&words)), words.len > 0 ? buf_str(&words) : NULL);
    print_span(buf_span(&text));
    return 0;
}

static int run_version(const struct cli *cli, const void *options, struct err *err)
{
    OWNED_JSON *result = json_new_object();

    (void)options, (void)err;
    json_set_str(result, "name", "cocos-cli");
    json_set_str(result, "version", COCOS_VERSION);
    if (cli->options->json)
        print_json(result);
    else
        print_line("cocos-cli %s", COCOS_VERSION);
    return 0;
}

const struct command local_commands[] = {
    {
        .path = "login",
        .args = "[DIRECTORY]",
        .args_max = 1,
        .options_size = sizeof(struct login_options),
        .flags = {{login_flags, 0}},
        .run = run_login,
        .summary = "Writes a profile from a manager's state directory",
        .help =
            "Reads ca.pem and admin.token in DIRECTORY (default: COCOS_MANAGER_STATE_DIR, "
            "or " DEFAULT_STATE "), tries them, and writes the profile, so that the other commands "
            "know the manager. The token is kept in the profile (mode 0600).",
        .example = "cocos-cli login build/demo/state",
    },
    {
        .path = "doctor",
        .args = "",
        .options_size = sizeof(struct doctor_options),
        .flags = {{doctor_flags, 0}, {manager_flags, offsetof(struct doctor_options, manager)}},
        .run = doctor_run,
        .summary = "Looks whether this machine can run VMs, and says what to do where it cannot",
        .help = "Checks the processor, KVM, QEMU, firmware, the TPM emulator, libvirt, ports, "
                "images and, where one is known, the manager. Fails when something is missing that "
                "is needed.",
    },
    {
        .path = "completion",
        .args = "SHELL",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct common_options),
        .run = run_completion,
        .summary = "Prints a completion script for bash, zsh or fish",
        .example = "cocos-cli completion bash > /etc/bash_completion.d/cocos-cli",
    },
    {
        .path = "help",
        .args = "[COMMAND]",
        .args_max = 3,
        .options_size = sizeof(struct common_options),
        .run = run_help,
        .summary = "Shows the commands, or one of them",
    },
    {
        .path = "version",
        .args = "",
        .options_size = sizeof(struct common_options),
        .run = run_version,
        .summary = "Prints the version",
    },
    {NULL},
};
