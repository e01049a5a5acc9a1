#include "cli/describe.h"

#include "lib/base/text.h"

#define COLUMNS       96
#define FLAG_COLUMN   32
#define COMMAND_WIDTH 30

const char described_essay[] =
    "cocos-cli is the client of CocosAI: it creates confidential VMs through a manager, and speaks "
    "with the agent inside of them as a party of a computation. A party is its key. Results go to "
    "standard output, messages and progress to standard error; with --json every result is JSON.";

const char described_caution[] =
    "Whatever sends or fetches lets the machine prove first what it is, on the very connection "
    "that "
    "is used then: --policy FILE (COCOS_POLICY) says what is good. Without a policy nothing is "
    "sent; "
    "--insecure-no-attestation is the only way round, and says so every time.";

const char described_tour[] =
    "# the operator, once: which manager\n"
    "cocos-cli login /var/lib/cocos/manager\n"
    "# each party: a key; the public half goes to whoever writes the manifest\n"
    "cocos-cli keys -k ed25519 --name alice\n"
    "# the owner: what is run on what, and who gets the result\n"
    "cocos-cli manifest create --owner owner-public.pem --algorithm fit.py \\\n"
    "    --provider coder-public.pem --dataset iris.csv:data-public.pem \\\n"
    "    --consumer reader-public.pem --start manual -o manifest.json\n"
    "VM=$(cocos-cli create-vm --manifest manifest.json --ttl 1h --wait)\n"
    "# the providers: only into the computation they agreed to\n"
    "export COCOS_MANIFEST=manifest.json COCOS_POLICY=policy.json\n"
    "cocos-cli algo fit.py coder-private.pem --vm \"$VM\"\n"
    "cocos-cli data iris.csv data-private.pem --vm \"$VM\"\n"
    "cocos-cli run owner-private.pem --vm \"$VM\"\n"
    "# the consumer\n"
    "cocos-cli result reader-private.pem --vm \"$VM\" -o out\n"
    "cocos-cli remove-vm \"$VM\"";

const struct described described_environment[] = {
    {"COCOS_MANAGER_URL", "address of the manager"},
    {"COCOS_MANAGER_TOKEN", "token that the manager knows"},
    {"COCOS_MANAGER_CA", "file with the CA certificate of the manager"},
    {"COCOS_AGENT_URL", "address of the agent"},
    {"COCOS_AGENT_PIN", "key that the agent must show, sha256//BASE64"},
    {"COCOS_KEY", "file with the private key of the party that asks"},
    {"COCOS_MANIFEST", "manifest that this party agreed to: file, or SHA-256 in hex"},
    {"COCOS_POLICY", "what evidence is acceptable: a policy, JSON or CoRIM"},
    {"COCOS_POLICY_KEY", "public key that must have signed the policy"},
    {"COCOS_CACHE", "where certificates of processors are kept (default ~/.cocos)"},
    {"COCOS_KDS_URL", "AMD's key distribution service, or a mirror of it"},
    {"COCOS_PCS_URL", "Intel's certification service, or a mirror of it"},
    {"COCOS_PCS_CRL_URL", "where the revocation list of Intel's root is"},
    {"COCOS_MIRROR_CA", "file with the CA certificate of a mirror"},
    {"COCOS_PATIENCE", "how long to wait when a service limits its rate"},
    {"COCOS_PROXY", "proxy through which such services are asked"},
    {"COCOS_PROFILE", "name of the profile (default: default)"},
    {"NO_COLOR", "no colours, also on a terminal"},
    {"TMPDIR", "where a directory is packed before it is uploaded"},
    {NULL, NULL},
};

const struct described described_exit_codes[] = {
    {"0", "done"},
    {"1", "failed"},
    {"2", "used wrongly, or a file cannot be opened, or not available yet"},
    {"3", "not reachable, or it took too long"},
    {"4", "refused (401, 403)"},
    {"5", "rejected or malformed: evidence, a log, a receipt or a measurement; or another key, "
          "certificate or manifest than expected"},
    {"6", "the computation failed"},
    {"7", "not possible in this state"},
    {"130", "interrupted"},
    {NULL, NULL},
};

const struct described described_files[] = {
    {"~/.config/cocos/NAME.conf",
     "a profile: lines of 'key = value', the keys being flags like manager-url; a flag wins over "
     "the environment, the environment over the profile"},
    {"~/.config/cocos/NAME.ca.pem", "the manager's CA certificate, as 'login' copied it"},
    {NULL, NULL},
};

/* --- pieces --- */

static void add_spaces(struct buf *out, size_t count)
{
    buf_printf(out, "%*s", (int)count, "");
}

void describe_wrap(struct buf *out, const char *text, size_t columns, size_t indent)
{
    size_t at = indent;

    while (*text != '\0') {
        size_t word = strcspn(text, " \n");
        bool paragraph = text[word] == '\n';

        if (at > indent && at + 1 + word > columns) {
            buf_add_u8(out, '\n');
            add_spaces(out, indent);
            at = indent;
        } else if (at > indent) {
            buf_add_u8(out, ' ');
            at++;
        }
        buf_add(out, text, word);
        at += word;
        text += word + (text[word] != '\0');
        if (paragraph && *text != '\0') {
            buf_add_u8(out, '\n');
            add_spaces(out, indent);
            at = indent;
        }
    }
    buf_add_u8(out, '\n');
}

void describe_flag(struct buf *out, const struct flag *flag)
{
    if (flag->letter != 0)
        buf_printf(out, "-%c, ", flag->letter);
    buf_printf(out, "--%s", flag->name);
    if (flag->value != NULL)
        buf_printf(out, " %s", flag->value);
}

void describe_meaning(struct buf *out, const struct flag *flag)
{
    buf_add_str(out, flag->help);
    if (flag->type != FLAG_CHOICE || !text_ends_with(flag->help, ":"))
        return;
    for (const char *const *choice = flag->choices; *choice != NULL; choice++)
        buf_printf(out, "%s %s",
                   choice == flag->choices ? ""
                   : choice[1] != NULL     ? ","
                                           : " or",
                   *choice);
}

static void add_flag_line(struct buf *out, const struct flag *flag)
{
    OWNED_BUF name = BUF_OF(256);
    OWNED_BUF text = BUF_OF(4 * KIB);

    describe_flag(&name, flag);
    describe_meaning(&text, flag);
    if (flag->env != NULL)
        buf_printf(&text, " (%s)", flag->env);

    add_spaces(out, flag->letter != 0 ? 2 : 6);
    buf_add_span(out, buf_span(&name));
    if (name.len + (flag->letter != 0 ? 2 : 6) >= FLAG_COLUMN) {
        buf_add_u8(out, '\n');
        add_spaces(out, FLAG_COLUMN);
    } else {
        add_spaces(out, FLAG_COLUMN - name.len - (flag->letter != 0 ? 2 : 6));
    }
    describe_wrap(out, buf_str(&text), COLUMNS, FLAG_COLUMN);
}

void describe_usage(struct buf *out, const struct command *command)
{
    buf_printf(out, "cocos-cli %s%s%s [FLAGS]", command->path, command->args[0] ? " " : "",
               command->args);
}

/* --- help --- */

static void help_command(struct buf *out, const struct command *command)
{
    const struct flag *flag;
    size_t set = 0, at = 0, base;

    describe_wrap(out, command->summary, COLUMNS, 0);
    buf_add_str(out, "\nUsage: ");
    describe_usage(out, command);
    buf_add_str(out, "\n\n");
    if (command->help != NULL) {
        describe_wrap(out, command->help, COLUMNS, 0);
        buf_add_u8(out, '\n');
    }
    if (command->example != NULL)
        buf_printf(out, "Example:\n  %s\n\n", command->example);
    buf_add_str(out, "Flags:\n");
    while ((flag = command_flag(command, &set, &at, &base)) != NULL)
        if (flag->type != FLAG_LATER)
            add_flag_line(out, flag);
}

static bool is_below(const struct command *command, const char *topic)
{
    size_t length = topic != NULL ? strlen(topic) : 0;

    return topic == NULL || (strncmp(command->path, topic, length) == 0 &&
                             (command->path[length] == ' ' || command->path[length] == '\0'));
}

static void help_group(struct buf *out, const struct command_group *group, const char *topic)
{
    bool titled = false;

    for (const struct command *command = group->commands; command->path != NULL; command++) {
        if (!is_below(command, topic))
            continue;
        if (!titled)
            buf_printf(out, "\n%s:\n", group->title);
        titled = true;
        buf_printf(out, "  %-*s", COMMAND_WIDTH, command->path);
        describe_wrap(out, command->summary, COLUMNS, COMMAND_WIDTH + 2);
    }
}

void describe_help(struct buf *out, const struct command *command, const char *topic)
{
    if (command != NULL) {
        help_command(out, command);
        return;
    }
    if (topic == NULL)
        describe_wrap(out, described_essay, COLUMNS, 0);
    buf_printf(out, "%sUsage: cocos-cli %s [ARGUMENTS] [FLAGS]\n", topic == NULL ? "\n" : "",
               topic == NULL ? "COMMAND" : topic);
    for (const struct command_group *group = command_groups; group->title != NULL; group++)
        help_group(out, group, topic);
    buf_add_str(out, "\n'cocos-cli COMMAND --help' says more about one of them.\n");
}
