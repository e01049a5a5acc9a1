/* The command tree, in the order in which help shows it. */
#include "cli/commands.h"

const struct command_group command_groups[] = {
    {"Virtual machines", vm_commands},
    {"A computation", computation_commands},
    {"Manifests", manifest_commands},
    {"Keys and digests", key_commands},
    {"Evidence of a machine", attest_commands},
    {"Evidence from files", evidence_commands},
    {"Receipts", receipt_commands},
    {"Logs", replay_commands},
    {"What a kernel measured", ima_commands},
    {"Endorsements", bundle_commands},
    {"Reference values", measure_commands},
    {"Guest images", boot_commands},
    {"IGVM files", igvm_commands},
    {"ID blocks", id_block_commands},
    {"Policies", policy_commands},
    {"Policies from values", corim_commands},
    {"This machine", local_commands},
    {NULL, NULL},
};

const struct command *command_next(const struct command *after)
{
    bool found = after == NULL;

    for (const struct command_group *group = command_groups; group->title != NULL; group++)
        for (const struct command *command = group->commands; command->path != NULL; command++) {
            if (found)
                return command;
            found = command == after;
        }
    return NULL;
}

const struct command *command_find(const char *path)
{
    const struct command *command = NULL;

    while ((command = command_next(command)) != NULL)
        if (strcmp(command->path, path) == 0)
            return command;
    return NULL;
}
